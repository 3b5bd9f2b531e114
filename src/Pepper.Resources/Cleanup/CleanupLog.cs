using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Cleanup;

/// <summary>What the scheduler says in the log. Event ids 1400 to 1449 are its own and stay as they are.</summary>
internal static partial class CleanupLog
{
    [LoggerMessage(1400, LogLevel.Warning, "Resource cleanup failed: {Id}: {Error}")]
    internal static partial void CleanupFailed(this ILogger logger, Exception exception, string id, string error);

    [LoggerMessage(1401, LogLevel.Warning,
        "Resource cleanup is late: {Id} has run for {CleanupTimeout} (CleanupTimeout); its token is cancelled")]
    internal static partial void CleanupLate(this ILogger logger, string id, TimeSpan cleanupTimeout);

    [LoggerMessage(1402, LogLevel.Error,
        "Resource cleanup abandoned: {Id} went on for {CancellationGrace} (CancellationGrace) after its token was cancelled")]
    internal static partial void CleanupAbandoned(this ILogger logger, string id, TimeSpan cancellationGrace);

    [LoggerMessage(1403, LogLevel.Information, "Resource cleanup ended after it had been abandoned: {Id}")]
    internal static partial void AbandonedCleanupEnded(this ILogger logger, Exception? exception, string id);

    [LoggerMessage(1404, LogLevel.Warning, "Resource cleanup cancellation failed: {Id}: {Error}")]
    internal static partial void CancellationFailed(this ILogger logger, Exception exception, string id, string error);

    [LoggerMessage(1405, LogLevel.Information,
        "Cleanup scheduler disposed: {Count} cleanups that had not begun were dropped (RunPendingOnDispose is false)")]
    internal static partial void PendingDropped(this ILogger logger, int count);
}
