using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Listens to the meter of one monitor.</summary>
internal sealed class MetricListener : IDisposable
{
    private readonly MeterListener _listener = new();

    internal MetricListener(ResourceMonitor monitor, Func<string, bool>? isWanted = null)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, monitor.Meter) && (isWanted?.Invoke(instrument.Name) ?? true))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    internal ConcurrentQueue<(string Name, double Value, string Tags)> Seen { get; } = new();

    internal Action<string>? OnMeasurement { get; set; }

    public void Dispose() => _listener.Dispose();

    /// <summary>Reads the state: the values of the observable instrument with this name, by their tags.</summary>
    internal Dictionary<string, double> Read(string name)
    {
        Seen.Clear();
        _listener.RecordObservableInstruments();
        return Seen.Where(one => one.Name == name).ToDictionary(one => one.Tags, one => one.Value, StringComparer.Ordinal);
    }

    internal int Count(string name, string tags = "") =>
        Seen.Count(one => one.Name == name && one.Tags.Contains(tags, StringComparison.Ordinal));

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var texts = new List<string>();
        foreach (var (key, tag) in tags)
        {
            texts.Add($"{key}={tag}");
        }

        Seen.Enqueue((instrument.Name, value, string.Join(',', texts)));
        OnMeasurement?.Invoke(instrument.Name);
    }
}
