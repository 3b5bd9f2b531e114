using System.Diagnostics;

namespace Pepper.Resources.Dashboard;

/// <summary>All series of one exported name. Finding a series that exists takes no lock and allocates nothing.</summary>
internal sealed class MetricFamily(string name, string help, MetricKind kind, bool whole, double[]? bounds, int seriesLimit)
{
    private const string OverflowLabels = "otel_metric_overflow=\"true\"";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, MetricSeries> _series = new(StringComparer.Ordinal);
    private TagTable _known = new();
    private MetricSeries? _untagged;
    private MetricSeries? _overflow;

    internal string Name => name;

    internal string Help => help;

    internal MetricKind Kind => kind;

    /// <summary>Whether the values are whole numbers. A histogram's never are.</summary>
    internal bool IsWhole => whole;

    internal IReadOnlyList<double> Bounds => bounds ?? [];

    internal bool IsObserved => kind is MetricKind.ObservedGauge or MetricKind.ObservedSum;

    internal void Record(long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!whole)
        {
            Record((double)value, tags);
            return;
        }

        if (kind == MetricKind.Sum && value < 0)
        {
            return;
        }

        var series = Find(tags);
        if (kind is MetricKind.Sum or MetricKind.Balance)
        {
            series.Add(value);
        }
        else
        {
            series.Set(value);
        }
    }

    internal void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        // A sum that took in NaN or infinity would never be a number again.
        if (kind is MetricKind.Sum or MetricKind.Balance or MetricKind.Histogram
            && (!double.IsFinite(value) || (kind == MetricKind.Sum && value < 0)))
        {
            return;
        }

        var series = Find(tags);
        switch (kind)
        {
            case MetricKind.Histogram:
                series.Observe(value);
                break;
            case MetricKind.Sum or MetricKind.Balance:
                series.Add(value);
                break;
            default:
                series.Set(value);
                break;
        }
    }

    /// <summary>Forgets what was observed: a pool that has gone is not to be exported for ever.</summary>
    internal void Forget()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _series.Clear();
            _known = new TagTable();
            _untagged = null;
            _overflow = null;
        }
    }

    /// <summary>
    /// The series, in the order of their labels. A counter that has counted nothing yet is zero, without labels: a name that is
    /// not there cannot be told from one that is misspelt.
    /// </summary>
    internal MetricSeries[] ReadSeries()
    {
        MetricSeries[] series;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            series = _overflow is null ? [.. _series.Values] : [.. _series.Values, _overflow];
        }

        if (series.Length == 0 && kind == MetricKind.Sum)
        {
            return [new MetricSeries(string.Empty, bounds)];
        }

        Array.Sort(series, static (left, right) => string.CompareOrdinal(left.Labels, right.Labels));
        return series;
    }

    private MetricSeries Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return Volatile.Read(ref _untagged) ?? Add(tags, null);
        }

        return TagTable.TryHash(tags, out var hash)
            ? Volatile.Read(ref _known).Find(hash, tags) ?? Add(tags, hash)
            : Add(tags, null);
    }

    private MetricSeries Add(ReadOnlySpan<KeyValuePair<string, object?>> tags, int? hash)
    {
        // Outside the lock: it turns foreign objects into text.
        var labels = PrometheusNames.ToLabels(tags, kind == MetricKind.Histogram);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (!_series.TryGetValue(labels, out var series))
            {
                if (_series.Count >= seriesLimit)
                {
                    return _overflow ??= new MetricSeries(OverflowLabels, bounds);
                }

                _series.Add(labels, series = new MetricSeries(labels, bounds));
            }

            if (tags.IsEmpty)
            {
                Volatile.Write(ref _untagged, series);
            }
            else if (hash is { } known && _known.Count < 4L * seriesLimit)
            {
                // The same labels in another order are another entry of the same series, hence a limit of their own.
                _known.Add_NeedsLock(known, tags, series);
            }

            return series;
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_series.Count <= seriesLimit, "There are more series than the limit allows.");
    }
}
