namespace Pepper.Resources.Monitoring;

/// <summary>A circuit whose state the monitor can read.</summary>
internal interface ICircuitSource
{
    /// <summary>Its name and state. Called on a listener's thread; must not block.</summary>
    CircuitReading ReadCircuit();
}

/// <summary>A circuit's state at one moment; a higher number is worse.</summary>
internal readonly record struct CircuitReading(string Name, int State);

/// <summary>Every circuit whose state the monitor can read.</summary>
internal sealed class CircuitSources : WeakSources<ICircuitSource>
{
    /// <summary>One reading for each name, the worst of its circuits, as a time series can have but one value.</summary>
    internal IEnumerable<CircuitReading> Read() =>
        Live().Select(static source => source.ReadCircuit()).GroupBy(static one => one.Name, StringComparer.Ordinal)
            .Select(static same => new CircuitReading(same.Key, same.Max(static one => one.State)));
}
