using System.Diagnostics.Metrics;
using System.Globalization;

namespace Pepper.Resources.Monitoring;

/// <summary>The instruments of recovery. None of them ever fails, or costs anything, when nobody listens.</summary>
internal sealed class RecoveryInstruments
{
    private const int NumberedLabels = 100;
    private static readonly string[] Numbers =
        [.. Enumerable.Range(0, NumberedLabels).Select(static number => number.ToString(CultureInfo.InvariantCulture))];

    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _fallbacks;
    private readonly Counter<long> _transitions;

    internal RecoveryInstruments(Meter meter, CircuitSources circuits, RetryBudgetSources budgets)
    {
        _attempts = meter.CreateCounter<long>(
            "pepperpy_retry_attempts_total", null, "Attempts that failed, by their number.");
        _duration = meter.CreateHistogram(
            "pepperpy_retry_duration_seconds", "s", "Time that the successful attempt took.", null, Buckets.Wait);
        _fallbacks = meter.CreateCounter<long>("pepperpy_fallback_operations_total", null, "Fallbacks that were tried.");
        _transitions = meter.CreateCounter<long>(
            "pepperpy_circuit_transitions_total", null, "Changes of a circuit's state, by the new one.");
        meter.CreateObservableGauge("pepperpy_circuit_state",
            () => circuits.Read().Select(static one => new Measurement<long>(one.State, Tag("name", one.Name))), null,
            "State of the circuit, the worst of those of one name: 0 closed, 1 half-open, 2 open, 3 isolated.");
        meter.CreateObservableGauge("pepperpy_retry_budget_tokens",
            () => budgets.Read().Select(static one => new Measurement<double>(one.Available, Tag("name", one.Name))), null,
            "Retries that the budget would pay for now.");
        meter.CreateObservableCounter("pepperpy_retry_budget_granted_total",
            () => budgets.Read().Select(static one => new Measurement<long>(one.Granted, Tag("name", one.Name))), null,
            "Retries that the budget paid for.");
        meter.CreateObservableCounter("pepperpy_retry_budget_refused_total",
            () => budgets.Read().Select(static one => new Measurement<long>(one.Refused, Tag("name", one.Name))), null,
            "Retries that the budget refused.");
    }

    /// <summary>Whether it is worth taking the time of attempts.</summary>
    internal bool TimesAttempts => _duration.Enabled;

    internal void RecordFailedAttempt(int attempt) =>
        Add(_attempts, Tag("success", "false"), Tag("attempt", LabelOf(attempt)));

    internal void RecordSuccess(int attempt, TimeSpan duration)
    {
        try
        {
            _duration.Record(duration.TotalSeconds, Tag("success", "true"), Tag("attempt", LabelOf(attempt)));
        }
        catch (Exception)
        {
            // A listener's failure is its own: it must not fail the operation that was watched.
        }
    }

    internal void RecordFallback(int index, bool success) =>
        Add(_fallbacks, Tag("index", LabelOf(index)), Tag("success", success ? "true" : "false"));

    internal void RecordTransition(string circuit, string to) => Add(_transitions, Tag("name", circuit), Tag("to", to));

    // Each value is a time series of its own, so what is beyond every sensible number shares one.
    private static string LabelOf(int number) => number < NumberedLabels ? Numbers[number] : "100+";

    private static KeyValuePair<string, object?> Tag(string key, string value) => new(key, value);

    private static void Add(Counter<long> counter, KeyValuePair<string, object?> first, KeyValuePair<string, object?> second)
    {
        try
        {
            counter.Add(1, first, second);
        }
        catch (Exception)
        {
            // As above.
        }
    }
}
