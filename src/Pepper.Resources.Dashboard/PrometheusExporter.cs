using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pepper.Resources.Dashboard;

/// <summary>
/// Listens to one meter and writes what it heard as Prometheus text. Counters and histograms count from when it was attached;
/// what is observable is read when it is scraped. Safe from any thread.
/// </summary>
internal sealed class PrometheusExporter : IDisposable
{
    /// <summary>The content type of the text.</summary>
    internal const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>How many series an instrument has unless said otherwise; what comes after is one series more.</summary>
    internal const int DefaultSeriesLimit = 2000;

    // What OpenTelemetry takes for histograms that advise nothing.
    private static readonly double[] DefaultBounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly MeterListener _listener = new();
    private readonly Meter _meter;
    private readonly int _seriesLimit;
    private readonly MetricFamily _errors;

    /// <summary>Begins to listen.</summary>
    /// <param name="meter">The meter itself: another of the same name is not meant.</param>
    /// <param name="seriesLimit">How many series an instrument may have; at least 1.</param>
    internal PrometheusExporter(Meter meter, int seriesLimit = DefaultSeriesLimit)
    {
        ArgumentNullException.ThrowIfNull(meter);
        ArgumentOutOfRangeException.ThrowIfLessThan(seriesLimit, 1);
        _meter = meter;
        _seriesLimit = seriesLimit;
        _errors = new MetricFamily(
            "pepperpy_scrape_errors_total", "Instruments that could not be read when they were scraped.",
            MetricKind.Sum, whole: true, bounds: null, seriesLimit);
        _errors.Record(0L, []);
        _families.Add(_errors.Name, _errors);
        _listener.InstrumentPublished = OnPublished;
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => Of(state).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => Of(state).Record((long)value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => Of(state).Record((long)value, tags));
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => Of(state).Record((long)value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => Of(state).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => Of(state).Record((double)value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => Of(state).Record((double)value, tags));
        _listener.Start();
    }

    /// <summary>Reads what is observable and writes everything. Scrapes happen one after the other.</summary>
    /// <param name="cancellationToken">Ends the wait for another scrape.</param>
    internal async Task<string> ScrapeAsync(CancellationToken cancellationToken = default)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return Scrape();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Stops listening.</summary>
    public void Dispose() => _listener.Dispose();

    private static MetricFamily Of(object? state) => (MetricFamily)state!;

    private static MetricKind? KindOf(Instrument instrument)
    {
        var type = instrument.GetType();
        var kind = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        return kind switch
        {
            _ when kind == typeof(Counter<>) => MetricKind.Sum,
            _ when kind == typeof(UpDownCounter<>) => MetricKind.Balance,
            _ when kind == typeof(Gauge<>) => MetricKind.Last,
            _ when kind == typeof(Histogram<>) => MetricKind.Histogram,
            _ when kind == typeof(ObservableCounter<>) => MetricKind.ObservedSum,
            _ when kind == typeof(ObservableGauge<>) || kind == typeof(ObservableUpDownCounter<>) => MetricKind.ObservedGauge,
            _ => null,
        };
    }

    private static bool IsWhole(Instrument instrument) => instrument
        is Instrument<long> or Instrument<int> or Instrument<short> or Instrument<byte>
        or ObservableInstrument<long> or ObservableInstrument<int> or ObservableInstrument<short> or ObservableInstrument<byte>;

    private static double[] BoundsOf(Instrument instrument)
    {
        IEnumerable<double>? advised = instrument switch
        {
            Histogram<double> histogram => histogram.Advice?.HistogramBucketBoundaries,
            Histogram<float> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(static bound => (double)bound),
            Histogram<decimal> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(static bound => (double)bound),
            Histogram<long> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(static bound => (double)bound),
            Histogram<int> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(static bound => (double)bound),
            Histogram<short> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(static bound => (double)bound),
            Histogram<byte> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(static bound => (double)bound),
            _ => null,
        };
        return advised is null ? DefaultBounds : [.. advised.Where(double.IsFinite)];
    }

    private void OnPublished(Instrument instrument, MeterListener listener)
    {
        if (ReferenceEquals(instrument.Meter, _meter) && FamilyOf(instrument) is { } family)
        {
            listener.EnableMeasurementEvents(instrument, family);
        }
    }

    /// <summary>
    /// The family of an instrument; <c>null</c> when its name is taken by one of another sort, as a name has one type.
    /// </summary>
    private MetricFamily? FamilyOf(Instrument instrument)
    {
        if (KindOf(instrument) is not { } kind)
        {
            return null;
        }

        var isHistogram = kind == MetricKind.Histogram;
        var isWhole = !isHistogram && IsWhole(instrument);
        var name = PrometheusNames.ToName(instrument.Name, instrument.Unit, kind is MetricKind.Sum or MetricKind.ObservedSum);
        var bounds = isHistogram ? BoundsOf(instrument) : null;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_families.TryGetValue(name, out var known))
            {
                var fits = known.Kind == kind && known.IsWhole == isWhole && (bounds ?? []).SequenceEqual(known.Bounds);
                return fits ? known : null;
            }

            var help = string.IsNullOrWhiteSpace(instrument.Description) ? instrument.Name : instrument.Description;
            var family = new MetricFamily(name, help, kind, isWhole, bounds, _seriesLimit);
            _families.Add(name, family);
            return family;
        }
    }

    private string Scrape()
    {
        foreach (var family in ReadFamilies())
        {
            if (family.IsObserved)
            {
                family.Forget();
            }
        }

        try
        {
            _listener.RecordObservableInstruments();
        }
        catch (AggregateException failures)
        {
            // The others have been read all the same.
            _errors.Record((long)failures.InnerExceptions.Count, []);
        }

        var text = new PrometheusText();
        foreach (var family in ReadFamilies())
        {
            text.Write(family);
        }

        return text.ToString();
    }

    private MetricFamily[] ReadFamilies()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            return [.. _families.Values];
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock() => Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
}
