using System.Collections.Frozen;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources;

/// <summary>
/// Where everything that Pepper does becomes visible: one meter, named <c>Pepper.Resources</c>. State is read from the truth when a
/// listener asks, so a listener that is attached late reads the right numbers. Safe from any thread; nothing it does ever throws.
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
        _allowedLabels = (options?.AllowedLabels ?? new HashSet<string>()).ToFrozenSet(StringComparer.Ordinal);
        Sources = new ResourceSources();
        Instruments = new ResourceInstruments(Meter);
        _state = new StateInstruments(Meter, Sources);
    }

    /// <summary>The monitor of whoever names none.</summary>
    public static ResourceMonitor Shared { get; } = new();

    /// <summary>The meter whose instruments this monitor writes and reads: to tell it from another monitor's of the same name.</summary>
    public Meter Meter { get; }

    internal ResourceSources Sources { get; }

    internal ResourceInstruments Instruments { get; }

    /// <summary>
    /// Counts one operation in <c>pepperpy_resource_operations_total</c> and, when it succeeded and took time, records it in
    /// <c>pepperpy_resource_duration_seconds</c>; one that failed counts in <c>pepperpy_resource_errors_total</c> too.
    /// </summary>
    /// <param name="operation">What was done, in lower case: <c>register</c>.</param>
    /// <param name="type">What sort of resource it was done to, in lower case: <c>connection</c>.</param>
    /// <param name="success">Whether it succeeded.</param>
    /// <param name="duration">How long it took. Default: not known, not recorded.</param>
    /// <param name="labels">More labels; only those that <see cref="ResourceMonitorOptions.AllowedLabels"/> names are used.</param>
    public void RecordOperation(
        string operation,
        string type,
        bool success = true,
        TimeSpan duration = default,
        params ReadOnlySpan<KeyValuePair<string, string>> labels)
    {
        try
        {
            var tags = new TagList { { "operation", operation }, { "type", type } };
            foreach (var (key, value) in labels)
            {
                if (_allowedLabels.Contains(key))
                {
                    tags.Add(key, value);
                }
            }

            if (success && duration > TimeSpan.Zero)
            {
                Instruments.Duration.Record(duration.TotalSeconds, tags);
            }

            tags.Add("success", success ? "true" : "false");
            Instruments.Operations.Add(1, tags);
        }
        catch (Exception)
        {
            // A listener's failure is its own: it must not fail the operation that was watched.
        }
    }

    /// <summary>Ends the meter, unless a factory made it.</summary>
    public void Dispose()
    {
        if (_ownsMeter && !ReferenceEquals(this, Shared))
        {
            Meter.Dispose();
        }
    }

    internal void RecordError(string operation, string type, Exception cause)
    {
        if (Instruments.Errors.Enabled)
        {
            Count(Instruments.Errors, "type", type, "operation", operation, "error_type", cause.GetType().Name);
        }
    }

    internal void RecordCleanup(string type, string reason) => Count(Instruments.Cleanups, "type", type, "reason", reason);

    internal void RecordAcquisition(string type, string pool, string outcome, TimeSpan duration)
    {
        try
        {
            Instruments.Acquisition.Record(
                duration.TotalSeconds, new("type", type), new("pool", pool), new("outcome", outcome));
        }
        catch (Exception)
        {
            // As above.
        }
    }

    internal static void Record(Histogram<double> histogram, TimeSpan duration, string key, string value)
    {
        try
        {
            histogram.Record(duration.TotalSeconds, new KeyValuePair<string, object?>(key, value));
        }
        catch (Exception)
        {
            // As above.
        }
    }

    private static void Count(
        Counter<long> counter, string key, string value, string key2, string value2, string? key3 = null, string? value3 = null)
    {
        try
        {
            var tags = new TagList { { key, value }, { key2, value2 } };
            if (key3 is not null)
            {
                tags.Add(key3, value3);
            }

            counter.Add(1, tags);
        }
        catch (Exception)
        {
            // As above.
        }
    }
}
