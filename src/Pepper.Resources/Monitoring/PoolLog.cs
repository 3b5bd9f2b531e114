using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Monitoring;

/// <summary>What is logged of pools. Event ids 1100 to 1199; an id never changes its meaning.</summary>
internal static partial class PoolLog
{
    [LoggerMessage(1100, LogLevel.Debug, "Pool {Pool}: resource created in {Milliseconds} ms, {Size} of {Max} live")]
    internal static partial void Created(ILogger logger, string pool, double milliseconds, int size, int max);

    [LoggerMessage(1101, LogLevel.Warning, "Pool {Pool}: creating a resource failed: {Error}")]
    internal static partial void CreateFailed(ILogger logger, string pool, string error, Exception exception);

    [LoggerMessage(1102, LogLevel.Debug, "Pool {Pool}: resource destroyed, reason {Reason}")]
    internal static partial void Destroyed(ILogger logger, string pool, string reason);

    [LoggerMessage(1103, LogLevel.Warning, "Pool {Pool}: destroying a resource failed: {Error}")]
    internal static partial void DestroyFailed(ILogger logger, string pool, string error, Exception exception);

    [LoggerMessage(1104, LogLevel.Warning, "Pool {Pool}: {Stage} did not end within {Timeout} and was abandoned ({Knob})")]
    internal static partial void StageAbandoned(ILogger logger, string pool, string stage, TimeSpan timeout, string knob);

    [LoggerMessage(1105, LogLevel.Debug, "Pool {Pool}: resource found unfit by {Stage}: {Error}")]
    internal static partial void FoundUnfit(ILogger logger, string pool, string stage, string error, Exception? exception);

    [LoggerMessage(1106, LogLevel.Warning, "Pool {Pool}: {Message}")]
    internal static partial void Exhausted(ILogger logger, string pool, string message);

    [LoggerMessage(1107, LogLevel.Warning,
        "Pool {Pool}: possible leak, a lease is out longer than LeakThreshold {Threshold}: {Holder}")]
    internal static partial void LeakSuspected(ILogger logger, string pool, TimeSpan threshold, string holder);

    [LoggerMessage(1108, LogLevel.Information, "Pool {Pool}: a suspected leak was returned after {Age}: {Holder}")]
    internal static partial void SuspectReturned(ILogger logger, string pool, TimeSpan age, string holder);

    [LoggerMessage(1109, LogLevel.Information, "Pool {Pool}: {Change}")]
    internal static partial void Changed(ILogger logger, string pool, string change);

    [LoggerMessage(1110, LogLevel.Warning, "Pool {Pool}: a resource was invalidated by its holder: {Error}")]
    internal static partial void Invalidated(ILogger logger, string pool, string error, Exception? exception);

    [LoggerMessage(1111, LogLevel.Warning, "Pool {Pool}: a suspected leak was reclaimed and its resource destroyed: {Holder}")]
    internal static partial void LeakReclaimed(ILogger logger, string pool, string holder);

    [LoggerMessage(1130, LogLevel.Warning, "Pool {Pool}: a caller was refused that would have waited for ever: {Message}")]
    internal static partial void Deadlocked(ILogger logger, string pool, string message);

    [LoggerMessage(1120, LogLevel.Error, "Pool {Pool}: a handler of the event {Kind} failed: {Error}")]
    internal static partial void EventHandlerFailed(ILogger logger, string pool, string kind, string error, Exception exception);

    [LoggerMessage(1121, LogLevel.Warning,
        "Pool {Pool}: a subscriber was too slow and missed {Count} events; {Capacity} are kept for it at most")]
    internal static partial void EventsMissed(ILogger logger, string pool, long count, int capacity);

    [LoggerMessage(1122, LogLevel.Warning,
        "Pool {Pool}: overloaded, the shortest wait was {Milliseconds} ms (Shedding.Target {Target}, Interval {Interval}); sheds "
        + "load")]
    internal static partial void OverloadBegun(
        ILogger logger, string pool, long milliseconds, TimeSpan target, TimeSpan interval);

    [LoggerMessage(1123, LogLevel.Information, "Pool {Pool}: no longer overloaded, {Count} callers were shed in all")]
    internal static partial void OverloadEnded(ILogger logger, string pool, long count);

    [LoggerMessage(1140, LogLevel.Warning,
        "Pool {Pool}: {Count} resource(s) are validated before they are lent again, as another failed")]
    internal static partial void Suspected(ILogger logger, string pool, int count);

    [LoggerMessage(1141, LogLevel.Warning, "Pool {Pool}: generation {Generation} begins after a failure fatal to all: {Error}")]
    internal static partial void GenerationAfterFailure(ILogger logger, string pool, int generation, string error);

    [LoggerMessage(1142, LogLevel.Error, "Pool {Pool}: unhealthy: {Reason}")]
    internal static partial void Unhealthy(ILogger logger, string pool, string reason);

    [LoggerMessage(1143, LogLevel.Warning, "Pool {Pool}: the validation policy failed, so the resource is validated: {Error}")]
    internal static partial void PolicyFailed(ILogger logger, string pool, string error, Exception exception);
}
