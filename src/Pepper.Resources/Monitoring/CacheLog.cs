using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Monitoring;

/// <summary>What is logged of caches. Event ids 1600 to 1699; an id never changes its meaning. Keys are not logged.</summary>
internal static partial class CacheLog
{
    [LoggerMessage(1600, LogLevel.Debug, "Cache {Cache}: resource loaded in {Milliseconds} ms")]
    internal static partial void Loaded(ILogger logger, string cache, double milliseconds);

    [LoggerMessage(1601, LogLevel.Warning, "Cache {Cache}: a load failed: {Error}")]
    internal static partial void LoadFailed(ILogger logger, string cache, string error, Exception exception);

    [LoggerMessage(1602, LogLevel.Debug, "Cache {Cache}: resource destroyed, reason {Reason}")]
    internal static partial void Destroyed(ILogger logger, string cache, string reason);

    [LoggerMessage(1603, LogLevel.Warning, "Cache {Cache}: destroying a resource failed: {Error}")]
    internal static partial void DestroyFailed(ILogger logger, string cache, string error, Exception exception);

    [LoggerMessage(1604, LogLevel.Warning, "Cache {Cache}: {Stage} did not end within {Timeout} and was abandoned ({Knob})")]
    internal static partial void Abandoned(ILogger logger, string cache, string stage, TimeSpan timeout, string knob);

    [LoggerMessage(1605, LogLevel.Warning, "Cache {Cache}: {Delegate} failed: {Error}")]
    internal static partial void DelegateFailed(
        ILogger logger, string cache, string @delegate, string error, Exception? exception);

    [LoggerMessage(1606, LogLevel.Warning, "Cache {Cache}: a resource was invalidated by its holder: {Error}")]
    internal static partial void Invalidated(ILogger logger, string cache, string error, Exception? exception);

    [LoggerMessage(1607, LogLevel.Warning,
        "Cache {Cache}: not kept, a resource weighs {Weight} and the whole cache may weigh {MaxWeight} (MaxWeight)")]
    internal static partial void TooHeavy(ILogger logger, string cache, long weight, long? maxWeight);

    [LoggerMessage(1608, LogLevel.Warning,
        "Cache {Cache}: disposed, but after {Timeout} (DisposeTimeout) {Loading} loads and {Destroying} destructions go on and "
        + "{Detached} resources are leased, which their last return destroys")]
    internal static partial void StillHeld(
        ILogger logger, string cache, TimeSpan timeout, int loading, int destroying, int detached);
}
