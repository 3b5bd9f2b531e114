using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Pepper.Resources.Tests.Monitoring;

/// <summary>Listens to one monitor's meter, and to no other of the same name.</summary>
internal sealed class MetricRecorder : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Series, double Value)> _written = new();
    private List<(string Series, double Value)> _observed = [];

    public MetricRecorder(ResourceMonitor monitor)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, monitor.Meter))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>How often a series was written: <c>name{a=1,b=2}</c>, the labels in order of their names.</summary>
    public int Count(string series) => _written.Count(one => one.Series == series);

    /// <summary>The sum of what was written to a series.</summary>
    public double Sum(string series) => _written.Where(one => one.Series == series).Sum(one => one.Value);

    /// <summary>Every series of an instrument that was written, in order.</summary>
    public IReadOnlyList<string> Series(string name) =>
        [.. _written.Select(one => one.Series)
            .Where(series => series.StartsWith(name + "{", StringComparison.Ordinal)).Distinct().Order()];

    /// <summary>What the observable instruments of that name say now.</summary>
    public IReadOnlyDictionary<string, double> Observe(string name)
    {
        _observed = [];
        _listener.RecordObservableInstruments();
        return _observed.Where(one => one.Series.StartsWith(name + "{", StringComparison.Ordinal))
            .ToDictionary(one => one.Series, one => one.Value, StringComparer.Ordinal);
    }

    public void Dispose() => _listener.Dispose();

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = string.Join(',',
            tags.ToArray().OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => $"{tag.Key}={tag.Value}"));
        var measured = ($"{instrument.Name}{{{labels}}}", value);
        if (instrument.IsObservable)
        {
            _observed.Add(measured);
        }
        else
        {
            _written.Enqueue(measured);
        }
    }
}
