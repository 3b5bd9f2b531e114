using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Monitoring;

/// <summary>What is logged of providers. Event ids 1700 to 1799; an id never changes its meaning.</summary>
internal static partial class ProviderLog
{
    [LoggerMessage(1700, LogLevel.Error, "Failed to register provider {Name} ({Type}): {Error}")]
    internal static partial void RegisterFailed(ILogger logger, string name, string type, string error, Exception exception);

    [LoggerMessage(1701, LogLevel.Error, "Failed to unregister provider {Name}: {Error}")]
    internal static partial void UnregisterFailed(ILogger logger, string name, string error, Exception exception);

    [LoggerMessage(1702, LogLevel.Error, "Failed to reload provider {Name}: {Error}")]
    internal static partial void ReloadFailed(ILogger logger, string name, string error, Exception exception);

    [LoggerMessage(1703, LogLevel.Warning,
        "Failed to record provider operation {Operation} ({Type}, success {Success}, {Duration}, name {Name}): {Error}")]
    internal static partial void RecordFailed(
        ILogger logger, string operation, string type, bool success, TimeSpan duration, string? name, string error,
        Exception exception);

    [LoggerMessage(1704, LogLevel.Error, "Failed to clean up provider {Name}: {Error}")]
    internal static partial void CleanupFailed(ILogger logger, string name, string error, Exception exception);

    [LoggerMessage(1705, LogLevel.Information, "Provider {Name} ({Type}) registered: {State}")]
    internal static partial void Registered(ILogger logger, string name, string type, string state);

    [LoggerMessage(1706, LogLevel.Information, "Provider {Name} unregistered")]
    internal static partial void Unregistered(ILogger logger, string name);

    [LoggerMessage(1707, LogLevel.Information, "Provider {Name} reloaded: {State}")]
    internal static partial void Reloaded(ILogger logger, string name, string state);

    [LoggerMessage(1708, LogLevel.Warning,
        "Provider {Name} is still held after DrainTimeout {Timeout}; its last holder's return cleans up: {Holders}")]
    internal static partial void StillHeld(ILogger logger, string name, TimeSpan timeout, string holders);

    [LoggerMessage(1709, LogLevel.Warning, "Provider {Name} was invalidated by a holder: {Error}")]
    internal static partial void Invalidated(ILogger logger, string name, string error, Exception? exception);

    [LoggerMessage(1710, LogLevel.Warning,
        "Provider {Name}: {Stage} went on after its token was cancelled and was abandoned; its limit is {Timeout} ({Knob})")]
    internal static partial void Abandoned(ILogger logger, string name, string stage, TimeSpan timeout, string knob);
}
