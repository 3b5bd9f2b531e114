using System.Diagnostics;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>What the pool says of itself: counts from the words of its entries, leases, and the totals.</content>
internal sealed partial class PoolCore
{
    private const string DatabasePoolName = "db.client.connection.pool.name";

    private long _waits;
    private long _timeouts;
    private long _cancellations;
    private long _rejections;
    private long _created;
    private long _createFailures;
    private long _detached;
    private long _abandoned;
    private long _leaks;

    private bool IsDatabase => _options.EmitDatabaseMetrics;

    /// <summary>Whether somebody asks how long callers wait: only then is the precise clock read for it.</summary>
    private bool IsWaitTimed
    {
        get
        {
            var instruments = _monitor.Instruments;
            return instruments.Acquisition.Enabled || instruments.WaitTime.Enabled
                || (IsDatabase && instruments.DbWaitTime.Enabled);
        }
    }

    internal PoolStatistics GetStatistics()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            var states = CountStates();
            return new PoolStatistics
            {
                Name = Name,
                Type = Type,
                Size = _live,
                Idle = Math.Min(states.Idle, _live),
                InUse = Math.Min(states.InUse, _live),
                Creating = _creating + _hung,
                Waiting = _waiters.Count,
                OldestWait = OldestWait_NeedsLock(),
                MinSize = _minSize,
                MaxSize = _maxSize,
                IsPaused = IsPaused,
                IsClosed = IsClosed,
                Acquired = states.Loans,
                Waits = _waits,
                Timeouts = Interlocked.Read(ref _timeouts),
                Cancellations = Interlocked.Read(ref _cancellations),
                Rejections = Interlocked.Read(ref _rejections),
                Created = Interlocked.Read(ref _created),
                CreateFailures = Interlocked.Read(ref _createFailures),
                ConsecutiveCreateFailures = _failuresInARow,
                Destroyed = _destroyedFor.Sum(),
                Detached = Interlocked.Read(ref _detached),
                Abandoned = Interlocked.Read(ref _abandoned),
                Leaks = Interlocked.Read(ref _leaks),
                Generation = _generation,
            };
        }
    }

    internal IReadOnlyList<LeaseInfo> GetLeases()
    {
        List<LeaseInfo> leases = [];
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            var now = TimeProvider.GetTimestamp();
            foreach (var entry in _entries)
            {
                Look_NeedsLock(entry, now);
                var word = Volatile.Read(ref entry.Word);
                if (SlotState.Of(word) is not (SlotState.InUse or SlotState.Doomed))
                {
                    continue;
                }

                var info = Describe(entry, now);

                // What was read may be of two loans, unless the loan is still the same afterwards.
                if (entry.IsHeldBy(SlotState.With(word, SlotState.InUse)))
                {
                    leases.Add(info);
                }
            }
        }

        leases.Sort(static (left, right) => right.Age.CompareTo(left.Age));
        return leases;
    }

    IReadOnlyList<ResourceCount> IResourceSource.CountResources()
    {
        var statistics = GetStatistics();
        return [new ResourceCount(TypeLabel, NameLabel, statistics.Size, statistics.InUse)];
    }

    PoolReading? IResourceSource.ReadPool()
    {
        var statistics = GetStatistics();
        return new PoolReading
        {
            Pool = NameLabel,
            IsDatabase = IsDatabase,
            Idle = statistics.Idle,
            InUse = statistics.InUse,
            Creating = statistics.Creating,
            Busy = statistics.Busy,
            Min = statistics.MinSize,
            Max = statistics.MaxSize,
            Waiting = statistics.Waiting,
            OldestWait = statistics.OldestWait,
            Timeouts = statistics.Timeouts,
            Leaks = statistics.Leaks,
            Evictions = [.. _destroyedFor.Select(static (count, reason) =>
                KeyValuePair.Create(((DestroyReason)reason).ToLabel(), count))],
        };
    }

    /// <summary>
    /// Notes the trace that the caller is in, if anybody listens. Called by the caller, before it can take its result.
    /// </summary>
    internal void NoteTrace(PoolWaiter waiter)
    {
        if (ResourceActivities.IsEnabled)
        {
            (waiter.Extras ??= new PoolWaiterExtras(waiter)).NoteTrace(this);
        }
    }

    /// <summary>Called on the caller's thread when a wait has ended.</summary>
    internal void ReportWait(PoolWaiter waiter, PoolWaiterExtras extras)
    {
        if (extras.StartedExactly == 0)
        {
            return;
        }

        var instruments = _monitor.Instruments;
        var time = TimeProvider.GetElapsedTime(extras.StartedExactly);
        _monitor.RecordAcquisition(TypeLabel, NameLabel, PoolLabels.Of(waiter.Outcome), time);
        if (waiter.Outcome == AcquireOutcome.Ok)
        {
            ResourceMonitor.Record(instruments.WaitTime, time, "pool", NameLabel);
            if (IsDatabase)
            {
                ResourceMonitor.Record(instruments.DbWaitTime, time, DatabasePoolName, NameLabel);
            }
        }
    }

    /// <summary>
    /// A loan without a wait is recorded as zero, and a clock is read only for those who ask how long it lasts.
    /// </summary>
    private void NoteLoan(PoolEntry entry)
    {
        if (TracksLeaks)
        {
            entry.Trace = Activity.Current?.TraceId ?? default;
        }

        entry.LentAt = TracksLeaks || IsUseTimed ? _clock.Now() : 0;
        if (_monitor.Instruments.Acquisition.Enabled)
        {
            _monitor.RecordAcquisition(TypeLabel, NameLabel, PoolLabels.Of(AcquireOutcome.Ok), TimeSpan.Zero);
        }
    }

    private LeaseInfo Describe(PoolEntry entry, long now)
    {
        var lentAt = entry.LentAt;
        var age = lentAt != 0 ? _clock.Since(lentAt) : TimeProvider.GetElapsedTime(entry.SeenAt, now);
        age = age > TimeSpan.Zero ? age : TimeSpan.Zero;
        return new LeaseInfo
        {
            Source = Name,
            CallSite = CallSite.From(entry.Member, entry.File, entry.Line),
            Age = age,
            Since = TimeProvider.GetUtcNow() - age,
            TraceId = entry.Trace == default ? null : entry.Trace.ToHexString(),
            IsSuspectedLeak = TracksLeaks && age >= _options.LeakThreshold,
        };
    }

    private IReadOnlyList<LeaseInfo> LongestHolders(int most) => [.. GetLeases().Take(most)];

    private TimeSpan OldestWait_NeedsLock() =>
        _waiters.First is { } first ? WaitedSoFar_NeedsLock(first) : TimeSpan.Zero;

    /// <summary>One pass over the words. Safe without the lock; exact when nothing moves.</summary>
    private StateCounts CountStates()
    {
        int idle = 0, inUse = 0, doomed = 0, destroying = 0;
        long loans = 0;
        foreach (var entry in Volatile.Read(ref _entries))
        {
            var word = Volatile.Read(ref entry.Word);
            loans += SlotState.VersionOf(word);
            switch (SlotState.Of(word))
            {
                case SlotState.Idle:
                    idle++;
                    break;
                case SlotState.InUse:
                    inUse++;
                    break;
                case SlotState.Doomed:
                    doomed++;
                    break;
                case SlotState.Destroying:
                    destroying++;
                    break;
            }
        }

        return new StateCounts(idle, inUse + doomed, doomed + destroying, loans + inUse + doomed);
    }

    /// <param name="Idle">Ready.</param>
    /// <param name="InUse">Lent, doomed ones included.</param>
    /// <param name="Leaving">Doomed or being destroyed.</param>
    /// <param name="Loans">Loans that have ended, and those that are out: a version rises when a loan ends.</param>
    private readonly record struct StateCounts(int Idle, int InUse, int Leaving, long Loans);
}
