using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Monitoring;

/// <summary>What is logged of single resources. Event ids 1000 to 1099; an id never changes its meaning.</summary>
internal static partial class ResourceLog
{
    [LoggerMessage(1000, LogLevel.Error, "Resource registration failed: {Id} ({Type}): {Error}")]
    internal static partial void RegistrationFailed(ILogger logger, string id, string type, string error, Exception exception);

    [LoggerMessage(1001, LogLevel.Error, "Resource cleanup failed: {Id}: {Error}")]
    internal static partial void CleanupFailed(ILogger logger, string id, string error, Exception exception);

    [LoggerMessage(1002, LogLevel.Debug, "Resource registered: {Id} ({Type})")]
    internal static partial void Registered(ILogger logger, string id, string type);

    [LoggerMessage(1003, LogLevel.Debug, "Resource cleaned up: {Id} ({Type}), reason {Reason}")]
    internal static partial void CleanedUp(ILogger logger, string id, string type, string reason);

    [LoggerMessage(1004, LogLevel.Warning,
        "Resource {Id} ({Type}) was invalidated by a holder and will be cleaned up after the last")]
    internal static partial void Invalidated(ILogger logger, string id, string type, Exception? exception);

    [LoggerMessage(1005, LogLevel.Warning,
        "Resource {Id} ({Type}) is still held after {Seconds} s; its last holder's return cleans up: {Holders}")]
    internal static partial void StillHeld(ILogger logger, string id, string type, double seconds, string holders);

    [LoggerMessage(1006, LogLevel.Warning,
        "Resource {Id} ({Type}) is still being registered {Seconds} s after its manager's disposal; cleaned up when that ends")]
    internal static partial void StillBeginning(ILogger logger, string id, string type, double seconds);

    [LoggerMessage(1007, LogLevel.Warning, "Resource {Id} ({Type}) could not be made anew: {Error}")]
    internal static partial void NotRemade(ILogger logger, string id, string type, string error, Exception exception);

    [LoggerMessage(1008, LogLevel.Information, "Resource {Id} ({Type}) was made anew")]
    internal static partial void Remade(ILogger logger, string id, string type);

    [LoggerMessage(1009, LogLevel.Error, "Resource {Id} ({Type}) is unhealthy: {Reason}")]
    internal static partial void Unhealthy(ILogger logger, string id, string type, string reason);

    [LoggerMessage(1010, LogLevel.Warning,
        "Making resource {Id} did not end within {Timeout} ({Knob}), nor {Grace} (CleanupTimeout) later, and was abandoned")]
    internal static partial void MakingAbandoned(ILogger logger, string id, TimeSpan timeout, string knob, TimeSpan grace);
}
