using System.Diagnostics;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <summary>
/// The pools of a keyed pool, of live keys and of retired ones that still have something lent; and what was counted by those that
/// are gone. What the keyed pool says of itself is read here.
/// </summary>
internal sealed class KeyedPoolMembers(string name, PoolBudget? budget, ResourcePoolOptions template) : IResourceSource
{
    private readonly Lock _lock = new();
    private readonly HashSet<PoolCore> _live = [];
    private readonly HashSet<PoolCore> _retired = [];
    private readonly long[] _pastEvictions = new long[DestroyReasons.Count];
    private KeyedPoolTotals _past;
    private long _retirements;

    internal void Add(PoolCore core)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _live.Add(core);
        }
    }

    internal void Retire(PoolCore core)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_live.Remove(core))
            {
                _retired.Add(core);
                _retirements++;
            }
        }
    }

    /// <summary>All pools that are not gone.</summary>
    internal PoolCore[] All()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            return [.. _live, .. _retired];
        }
    }

    /// <summary>Lets go of retired pools that are gone, and keeps what they have counted.</summary>
    internal void Sweep()
    {
        PoolCore[] retired;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            retired = [.. _retired];
        }

        foreach (var core in retired.Where(static core => core.IsGone))
        {
            var statistics = core.GetStatistics();
            var evictions = core.CountDestroyed();
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                if (!_retired.Remove(core))
                {
                    continue;
                }

                _past = _past.Plus(statistics);
                Accumulate(_pastEvictions, evictions);
            }

            core.LeaveBudget();
        }
    }

    internal IReadOnlyList<LeaseInfo> GetLeases() =>
        [.. All().SelectMany(static core => core.GetLeases()).OrderByDescending(static lease => lease.Age)];

    /// <summary>All pools as if they were one.</summary>
    internal PoolStatistics GetPoolStatistics(bool isClosed)
    {
        var all = Read(out var totals, out _, out _, out _);
        var worst = all.MaxBy(static one => one.Health);
        return new PoolStatistics
        {
            Name = name,
            Type = template.Type,
            Size = all.Sum(static one => one.Size),
            Idle = all.Sum(static one => one.Idle),
            InUse = all.Sum(static one => one.InUse),
            Creating = all.Sum(static one => one.Creating),
            Waiting = all.Sum(static one => one.Waiting),
            OldestWait = OldestWait(all),
            MinSize = Minimum(all),
            MaxSize = Maximum(all),
            IsPaused = false,
            IsClosed = isClosed,
            Acquired = totals.Acquired,
            Waits = totals.Waits,
            Timeouts = totals.Timeouts,
            Cancellations = totals.Cancellations,
            Rejections = totals.Rejections,
            Created = totals.Created,
            CreateFailures = totals.CreateFailures,
            ConsecutiveCreateFailures = all.Select(static one => one.ConsecutiveCreateFailures).DefaultIfEmpty().Max(),
            Destroyed = totals.Destroyed,
            Detached = totals.Detached,
            Abandoned = totals.Abandoned,
            Leaks = totals.Leaks,
            Shed = totals.Shed,
            IsOverloaded = all.Exists(static one => one.IsOverloaded),
            Recoveries = all.Sum(static one => one.Recoveries),
            Hedges = all.Sum(static one => one.Hedges),
            Suspects = all.Sum(static one => one.Suspects),
            Health = worst?.Health ?? ResourceHealth.Healthy,
            HealthReason = worst is { HealthReason: { } reason } ? $"'{worst.Name}': {reason}" : null,
            Generation = 0,
        };
    }

    internal KeyedPoolStatistics GetStatistics(int? maxKeys, bool isClosed)
    {
        var all = Read(out var totals, out var evictions, out var keys, out var retirements);
        return new KeyedPoolStatistics
        {
            Name = name,
            Keys = keys,
            MaxKeys = maxKeys,
            RetiredKeys = retirements,
            Size = all.Sum(static one => one.Size),
            MaxTotal = budget?.Max,
            Idle = all.Sum(static one => one.Idle),
            InUse = all.Sum(static one => one.InUse),
            Creating = all.Sum(static one => one.Creating),
            Waiting = all.Sum(static one => one.Waiting),
            OldestWait = OldestWait(all),
            StarvingKeys = budget?.Starving ?? 0,
            Acquired = totals.Acquired,
            Waits = totals.Waits,
            Timeouts = totals.Timeouts,
            Created = totals.Created,
            CreateFailures = totals.CreateFailures,
            Destroyed = totals.Destroyed,
            Evicted = evictions[(int)DestroyReason.Evicted],
            Detached = totals.Detached,
            IsClosed = isClosed,
        };
    }

    IReadOnlyList<ResourceCount> IResourceSource.CountResources() =>
        [.. All().GroupBy(static core => core.TypeLabel, static core => core.GetStatistics())
            .Select(rows => new ResourceCount(
                rows.Key, name, rows.Sum(static one => one.Size), rows.Sum(static one => one.InUse)))];

    PoolReading? IResourceSource.ReadPool()
    {
        var all = Read(out var totals, out var evictions, out _, out _);
        return new PoolReading
        {
            Pool = name,
            IsDatabase = template.EmitDatabaseMetrics,
            Idle = all.Sum(static one => one.Idle),
            InUse = all.Sum(static one => one.InUse),
            Creating = all.Sum(static one => one.Creating),
            Busy = all.Sum(static one => one.Busy),
            Min = Minimum(all),
            Max = Maximum(all),
            Waiting = all.Sum(static one => one.Waiting),
            OldestWait = OldestWait(all),
            Timeouts = totals.Timeouts,
            Leaks = totals.Leaks,
            Shed = totals.Shed,
            IsOverloaded = all.Exists(static one => one.IsOverloaded),
            Evictions = [.. evictions.Select(static (count, reason) =>
                KeyValuePair.Create(((DestroyReason)reason).ToLabel(), count))],
        };
    }

    private static TimeSpan OldestWait(List<PoolStatistics> all) =>
        all.Select(static one => one.OldestWait).DefaultIfEmpty().Max();

    private static int Minimum(List<PoolStatistics> all) => all.Where(static one => !one.IsClosed).Sum(static one => one.MinSize);

    private static void Accumulate(long[] sums, long[] counts)
    {
        for (var index = 0; index < sums.Length; index++)
        {
            sums[index] += counts[index];
        }
    }

    private int Maximum(List<PoolStatistics> all) =>
        budget?.Max ?? all.Where(static one => !one.IsClosed).Sum(static one => one.MaxSize);

    /// <summary>
    /// Which pools there are, and what those that are gone have counted, is read in one step: nothing counts twice or not at all.
    /// </summary>
    private List<PoolStatistics> Read(out KeyedPoolTotals totals, out long[] evictions, out int keys, out long retirements)
    {
        PoolCore[] cores;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            cores = [.. _live, .. _retired];
            totals = _past;
            evictions = [.. _pastEvictions];
            keys = _live.Count;
            retirements = _retirements;
        }

        var all = new List<PoolStatistics>(cores.Length);
        foreach (var core in cores)
        {
            var statistics = core.GetStatistics();
            all.Add(statistics);
            totals = totals.Plus(statistics);
            Accumulate(evictions, core.CountDestroyed());
        }

        return all;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_retired.Count <= _retirements && !_live.Overlaps(_retired), "A pool is live or retired.");
    }
}
