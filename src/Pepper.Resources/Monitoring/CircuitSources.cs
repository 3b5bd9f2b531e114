using System.Diagnostics;

namespace Pepper.Resources.Monitoring;

/// <summary>A circuit whose state the monitor can read.</summary>
internal interface ICircuitSource
{
    /// <summary>Its name and state. Called on a listener's thread; must not block.</summary>
    CircuitReading ReadCircuit();
}

/// <summary>A circuit's state at one moment; a higher number is worse.</summary>
internal readonly record struct CircuitReading(string Name, int State);

/// <summary>Every circuit whose state the monitor can read. They are held weakly: being watched keeps nothing alive.</summary>
internal sealed class CircuitSources
{
    private readonly Lock _lock = new();
    private readonly HashSet<WeakReference<ICircuitSource>> _sources = [];
    private int _sweepAt = 16;

    /// <summary>Adds one; the result takes it away again, in a time that does not depend on how many there are.</summary>
    internal WeakReference<ICircuitSource> Add(ICircuitSource source)
    {
        var reference = new WeakReference<ICircuitSource>(source);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _sources.Add(reference);
            if (_sources.Count >= _sweepAt)
            {
                _sources.RemoveWhere(static one => !one.TryGetTarget(out _));
                _sweepAt = Math.Max(16, 2 * _sources.Count);
            }
        }

        return reference;
    }

    internal void Remove(WeakReference<ICircuitSource> reference)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _sources.Remove(reference);
        }
    }

    /// <summary>One reading for each name, the worst of its circuits, as a time series can have but one value.</summary>
    internal IEnumerable<CircuitReading> Read() =>
        Live().Select(static source => source.ReadCircuit()).GroupBy(static one => one.Name, StringComparer.Ordinal)
            .Select(static same => new CircuitReading(same.Key, same.Max(static one => one.State)));

    private List<ICircuitSource> Live()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            var live = new List<ICircuitSource>(_sources.Count);
            foreach (var reference in _sources)
            {
                if (reference.TryGetTarget(out var source))
                {
                    live.Add(source);
                }
            }

            return live;
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_sweepAt >= 16, "What has gone is looked for now and then.");
    }
}
