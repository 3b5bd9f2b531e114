using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Monitoring;

/// <summary>What is logged of recovery. Event ids 1500 to 1599; an id never changes its meaning.</summary>
internal static partial class RecoveryLog
{
    [LoggerMessage(1500, LogLevel.Warning,
        "Retry {Name}: attempt {Attempt} of {MaxAttempts} failed, retrying in {Delay}: {Error}")]
    internal static partial void Retrying(
        ILogger logger, string name, int attempt, int maxAttempts, TimeSpan delay, string error, Exception exception);

    [LoggerMessage(1501, LogLevel.Warning,
        "Retry {Name}: attempt {Attempt} failed and the budget {Budget} refused another: {Error}")]
    internal static partial void BudgetRefused(
        ILogger logger, string name, int attempt, string budget, string error, Exception exception);

    [LoggerMessage(1510, LogLevel.Warning, "Circuit {Name}: opened for {Break}, {Reason}: {Error}")]
    internal static partial void Opened(
        ILogger logger, string name, TimeSpan @break, string reason, string error, Exception? exception);

    [LoggerMessage(1511, LogLevel.Information, "Circuit {Name}: {From} to {To}")]
    internal static partial void Changed(ILogger logger, string name, string from, string to);

    [LoggerMessage(1512, LogLevel.Error, "Circuit {Name}: an observer failed: {Error}")]
    internal static partial void ObserverFailed(ILogger logger, string name, string error, Exception exception);

    [LoggerMessage(1513, LogLevel.Warning,
        "Circuit {Name}: an observer was too slow and missed {Count} transitions; {Capacity} are kept for it at most")]
    internal static partial void TransitionsMissed(ILogger logger, string name, long count, int capacity);

    [LoggerMessage(1514, LogLevel.Debug, "Circuit {Name}: retired, {Reason}")]
    internal static partial void KeyRetired(ILogger logger, string name, string reason);

    [LoggerMessage(1520, LogLevel.Warning, "Primary execution failed, trying fallbacks: {Error}")]
    internal static partial void PrimaryFailed(ILogger logger, string error, Exception exception);

    [LoggerMessage(1521, LogLevel.Warning, "Fallback {Index} failed: {Error}")]
    internal static partial void FallbackFailed(ILogger logger, int index, string error, Exception exception);

    [LoggerMessage(1530, LogLevel.Warning,
        "{Name}: work went on after its token was cancelled and was abandoned; its limit is {Timeout} ({Knob})")]
    internal static partial void Abandoned(ILogger logger, string name, TimeSpan timeout, string knob);

    [LoggerMessage(1531, LogLevel.Debug, "{Name}: abandoned work ended: {Outcome}")]
    internal static partial void AbandonedEnded(ILogger logger, string name, string outcome, Exception? exception);

    [LoggerMessage(1515, LogLevel.Error, "Circuit {Name}: the classifier of failures failed: {Error}")]
    internal static partial void ClassifierFailed(ILogger logger, string name, string error, Exception exception);
}
