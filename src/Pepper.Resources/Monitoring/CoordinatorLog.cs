using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Monitoring;

/// <summary>What is logged of the coordinator. Event ids 1200 to 1299; an id never changes its meaning.</summary>
internal static partial class CoordinatorLog
{
    [LoggerMessage(1200, LogLevel.Information, "Started {Part}")]
    internal static partial void Started(ILogger logger, string part);

    [LoggerMessage(1201, LogLevel.Error, "Starting failed, what was started is stopped again: {Error}")]
    internal static partial void StartFailed(ILogger logger, string error, Exception exception);

    [LoggerMessage(1202, LogLevel.Information, "Stopped {Part}")]
    internal static partial void Stopped(ILogger logger, string part);

    [LoggerMessage(1203, LogLevel.Error, "Stopping {Part} failed: {Error}")]
    internal static partial void StopFailed(ILogger logger, string part, string error, Exception exception);
}
