using System.Collections.Frozen;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources;

/// <summary>
/// Where everything that Pepper does becomes visible: one meter, named <c>Pepper.Resources</c>. State is read from the truth
/// when a listener asks, so a listener that is attached late reads the right numbers. Safe from any thread; nothing it does
/// ever throws.
/// </summary>
public sealed class ResourceMonitor : IDisposable
{
    /// <summary>The name of the meter, and of the source of activities.</summary>
    public const string MeterName = "Pepper.Resources";

    private readonly FrozenSet<string> _allowedLabels;
    private readonly bool _ownsMeter;
    private readonly StateInstruments _state;

    /// <summary>Makes a monitor.</summary>
    /// <param name="options">Where its meter comes from, and which labels it lets pass.</param>
    public ResourceMonitor(ResourceMonitorOptions? options = null)
    {
        _ownsMeter = options?.MeterFactory is null;
        Meter = options?.MeterFactory?.Create(MeterName) ?? new Meter(MeterName);
        _allowedLabels = (options?.AllowedLabels ?? new HashSet<string>())
            .Except(["operation", "type", "success"]).ToFrozenSet(StringComparer.Ordinal);
        Sources = new ResourceSources();
        Circuits = new CircuitSources();
        Instruments = new ResourceInstruments(Meter);
        Budgets = new RetryBudgetSources();
        Recovery = new RecoveryInstruments(Meter, Circuits, Budgets);
        Caches = new CacheInstruments(Meter, Sources);
        Providers = new ProviderInstruments(Meter);
        _state = new StateInstruments(Meter, Sources);
    }

    /// <summary>The monitor of whoever names none.</summary>
    public static ResourceMonitor Shared { get; } = new();

    /// <summary>
    /// The meter whose instruments this monitor writes and reads: to tell it from another monitor's of the same name.
    /// </summary>
    public Meter Meter { get; }

    internal ResourceSources Sources { get; }

    internal CircuitSources Circuits { get; }

    internal RetryBudgetSources Budgets { get; }

    internal ResourceInstruments Instruments { get; }

    internal RecoveryInstruments Recovery { get; }

    internal CacheInstruments Caches { get; }
    internal ProviderInstruments Providers { get; }

    /// <summary>
    /// Counts one operation in <c>pepperpy_resource_operations_total</c> and, when it succeeded and took time, records it in
    /// <c>pepperpy_resource_duration_seconds</c>.
    /// </summary>
    /// <param name="operation">What was done, in lower case: <c>register</c>.</param>
    /// <param name="type">What sort of resource it was done to, in lower case: <c>connection</c>.</param>
    /// <param name="success">Whether it succeeded.</param>
    /// <param name="duration">How long it took. Default: not known, not recorded.</param>
    /// <param name="labels">
    /// More labels; only those that <see cref="ResourceMonitorOptions.AllowedLabels"/> names are used.
    /// </param>
    public void RecordOperation(
        string operation,
        string type,
        bool success = true,
        TimeSpan duration = default,
        params ReadOnlySpan<KeyValuePair<string, string>> labels)
    {
        var tags = new TagList { { "operation", operation }, { "type", type } };
        foreach (var (key, value) in labels)
        {
            if (key is not null && _allowedLabels.Contains(key))
            {
                tags.Add(key, value);
            }
        }

        if (success && duration > TimeSpan.Zero)
        {
            Record(Instruments.Duration, duration.TotalSeconds, tags);
        }

        tags.Add("success", success ? "true" : "false");
        Add(Instruments.Operations, tags);
    }

    /// <summary>Ends the meter, unless a factory made it.</summary>
    public void Dispose()
    {
        if (_ownsMeter && !ReferenceEquals(this, Shared))
        {
            Meter.Dispose();
        }
    }

    /// <summary>The label, if it is one that this monitor lets pass.</summary>
    internal bool Allows(string? label) => label is not null && _allowedLabels.Contains(label);

    /// <summary>An operation that failed, and why.</summary>
    internal void RecordFailure(string operation, string type, Exception cause)
    {
        RecordOperation(operation, type, success: false);
        RecordError(operation, type, cause);
    }

    internal void RecordError(string operation, string type, Exception cause)
    {
        if (Instruments.Errors.Enabled)
        {
            Add(Instruments.Errors,
                new TagList { { "type", type }, { "operation", operation }, { "error_type", cause.GetType().Name } });
        }
    }

    internal void RecordCleanup(string type, string reason) =>
        Add(Instruments.Cleanups, new TagList { { "type", type }, { "reason", reason } });

    internal static void Record(Histogram<double> histogram, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        try
        {
            histogram.Record(value, tags);
        }
        catch (Exception)
        {
            // A listener's failure is its own: it must not fail the operation that was watched.
        }
    }

    internal static void Record(Histogram<double> histogram, TimeSpan duration, string key, string value) =>
        Record(histogram, duration.TotalSeconds, new TagList { { key, value } });

    private static void Record(Histogram<double> histogram, double value, in TagList tags)
    {
        try
        {
            histogram.Record(value, tags);
        }
        catch (Exception)
        {
            // As above.
        }
    }

    private static void Add(Counter<long> counter, in TagList tags)
    {
        try
        {
            counter.Add(1, tags);
        }
        catch (Exception)
        {
            // As above.
        }
    }
}
