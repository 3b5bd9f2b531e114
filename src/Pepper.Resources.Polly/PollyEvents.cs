using Polly;
using Polly.Telemetry;

namespace Pepper.Resources.Polly;

/// <summary>Events under the names that Polly's own strategies give them, so that dashboards need not know the difference.</summary>
internal static class PollyEvents
{
    internal static readonly ResilienceEvent CircuitOpened = new(ResilienceEventSeverity.Error, "OnCircuitOpened");
    internal static readonly ResilienceEvent CircuitClosed = new(ResilienceEventSeverity.Information, "OnCircuitClosed");
    internal static readonly ResilienceEvent CircuitHalfOpened = new(ResilienceEventSeverity.Warning, "OnCircuitHalfOpened");
    internal static readonly ResilienceEvent Retry = new(ResilienceEventSeverity.Warning, "OnRetry");
    internal static readonly ResilienceEvent RetryStopped = new(ResilienceEventSeverity.Warning, "OnRetryStopped");
    internal static readonly ResilienceEvent Timeout = new(ResilienceEventSeverity.Error, "OnTimeout");
    internal static readonly ResilienceEvent Fallback = new(ResilienceEventSeverity.Warning, "OnFallback");

    private const string Attempt = "ExecutionAttempt";

    internal static void ReportAttempt<T>(
        this ResilienceStrategyTelemetry telemetry,
        ResilienceContext context,
        Outcome<T> outcome,
        ExecutionAttemptArguments attempt,
        bool isLast)
    {
        var severity = !attempt.Handled ? ResilienceEventSeverity.Information
            : isLast ? ResilienceEventSeverity.Error : ResilienceEventSeverity.Warning;
        telemetry.Report(new ResilienceEvent(severity, Attempt), context, outcome, attempt);
    }
}
