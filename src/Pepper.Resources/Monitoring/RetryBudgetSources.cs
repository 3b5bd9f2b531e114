using System.Diagnostics;

namespace Pepper.Resources.Monitoring;

/// <summary>A retry budget whose state the monitor can read.</summary>
internal interface IRetryBudgetSource
{
    /// <summary>What it has and did. Called on a listener's thread; must not block.</summary>
    RetryBudgetReading ReadBudget();
}

/// <summary>A budget at one moment.</summary>
internal readonly record struct RetryBudgetReading(string Name, double Available, long Granted, long Refused);

/// <summary>
/// Every retry budget that the monitor can read. They are held weakly: being watched keeps nothing alive.
/// </summary>
internal sealed class RetryBudgetSources
{
    private readonly Lock _lock = new();
    private readonly List<WeakReference<IRetryBudgetSource>> _sources = [];
    private int _sweepAt = 16;

    internal void Add(IRetryBudgetSource source)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _sources.Add(new WeakReference<IRetryBudgetSource>(source));
            if (_sources.Count >= _sweepAt)
            {
                _sources.RemoveAll(static one => !one.TryGetTarget(out _));
                _sweepAt = Math.Max(16, 2 * _sources.Count);
            }
        }
    }

    internal void Remove(IRetryBudgetSource source)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _sources.RemoveAll(one => !one.TryGetTarget(out var target) || ReferenceEquals(target, source));
        }
    }

    /// <summary>One reading for each name, the sum of its budgets, as a time series can have but one value.</summary>
    internal IEnumerable<RetryBudgetReading> Read() =>
        Live().Select(static source => source.ReadBudget()).GroupBy(static one => one.Name, StringComparer.Ordinal)
            .Select(static same => new RetryBudgetReading(
                same.Key, same.Sum(static one => one.Available), same.Sum(static one => one.Granted),
                same.Sum(static one => one.Refused)));

    private List<IRetryBudgetSource> Live()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            var live = new List<IRetryBudgetSource>(_sources.Count);
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
