using System.Diagnostics;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>What the pool says of itself: counts from the words of its entries, leases, and the totals.</content>
internal sealed partial class PoolCore
{
    private const string DatabasePoolName = "db.client.connection.pool.name";

    private long _timeouts;
    private long _cancellations;
    private long _rejections;
    private long _created;
    private long _createFailures;
    private long _detached;
    private long _abandoned;
    private long _leaks;

    private bool IsDatabase => _options.EmitDatabaseMetrics;

    internal PoolStatistics GetStatistics()
    {
        var circuit = _recovery?.Circuit.Statistics;
        var whyOpen = WhyOpen(circuit);
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            var states = CountStates();
            var (health, reason) = Judge(whyOpen, _recovery?.CountTooMany_NeedsLock(), Usable_NeedsLock());
            return new PoolStatistics
            {
                Name = Name,
                Type = Type,
                Size = _live,
                Idle = Math.Min(states.Idle, _live),
                InUse = Math.Min(states.InUse, _live),
                Creating = _creating + _hung,
                Waiting = _gate.Waiters.Count,
                OldestWait = OldestWait_NeedsLock(),
                MinSize = _minSize,
                MaxSize = _maxSize,
                IsPaused = IsPaused,
                IsClosed = IsClosed,
                Acquired = states.Loans,
                Waits = _gate.Waits,
                Timeouts = Interlocked.Read(ref _timeouts),
                Cancellations = Interlocked.Read(ref _cancellations),
                Rejections = Interlocked.Read(ref _rejections),
                Shed = _shed,
                IsOverloaded = _shedder is { IsOverloaded: true },
                Created = Interlocked.Read(ref _created),
                CreateFailures = Interlocked.Read(ref _createFailures),
                ConsecutiveCreateFailures = _failuresInARow,
                Destroyed = _destroyedFor.Sum(),
                Detached = Interlocked.Read(ref _detached),
                Abandoned = Interlocked.Read(ref _abandoned),
                Leaks = Interlocked.Read(ref _leaks),
                Generation = _generation,
                Circuit = circuit,
                Recoveries = _recovery?.Recoveries ?? 0,
                Hedges = _hedges,
                Suspects = _hasSuspects ? _entries.Count(static entry => SuspicionOf(entry) != 0) : 0,
                Health = health,
                HealthReason = reason,
            };
        }
    }

    internal IReadOnlyList<LeaseInfo> GetLeases()
    {
        List<LeaseInfo> leases = [];
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            foreach (var entry in _entries)
            {
                Look_NeedsLock(entry);
                var word = Volatile.Read(ref entry.Word);
                if (SlotState.Of(word) is not (SlotState.InUse or SlotState.Doomed))
                {
                    continue;
                }

                var info = Describe(entry);

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
            Shed = statistics.Shed,
            IsOverloaded = statistics.IsOverloaded,
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

    private void RecordSpan(in Creation creation, Exception? failure)
    {
        if (ResourceActivities.IsEnabled)
        {
            var begun = TimeProvider.GetUtcNow() - TimeProvider.GetElapsedTime(creation.OrderedAt);
            ResourceActivities.RecordCreate(NameLabel, TypeLabel, NameOf(creation.Purpose), begun, failure);
        }
    }

    private static string NameOf(CreatePurpose purpose) => purpose switch
    {
        CreatePurpose.Demand => "demand",
        CreatePurpose.Minimum => "minimum",
        CreatePurpose.Probe => "probe",
        _ => "hedge",
    };

    /// <summary>Called on the caller's thread when a wait has ended.</summary>
    internal void ReportWait(PoolWaiter waiter, PoolWaiterExtras extras)
    {
        if (extras.StartedExactly == 0)
        {
            return;
        }

        var time = TimeProvider.GetElapsedTime(extras.StartedExactly);
        _instruments.RecordAcquire(waiter.Outcome, time);
        if (waiter.Outcome == AcquireOutcome.Ok)
        {
            _instruments.RecordWait(time);
        }
    }

    /// <summary>
    /// A loan without a wait is recorded as zero, and a clock is read only for those who ask how long it lasts.
    /// </summary>
    private void NoteLoan(PoolEntry entry, long token)
    {
        if (_capturesStacks || LeaseFlow.IsAnyLive)
        {
            NoteHolder(entry, token, TakeNote());
        }

        if (TracksLeaks)
        {
            NoteTrace(entry, Activity.Current is { } activity ? activity.TraceId : default);
        }

        NoteTime(entry, token);
        if (_instruments.CountsAcquires)
        {
            _instruments.RecordAcquire(AcquireOutcome.Ok, TimeSpan.Zero);
        }
    }

    /// <summary>
    /// Notes when a loan began, where somebody asks how long it lasts. Before or right after it has begun: what is noted counts
    /// for the loan with this token alone.
    /// </summary>
    private void NoteTime(PoolEntry entry, long token)
    {
        if (_instruments.IsUseTimed)
        {
            _timesUses = true;
            _watchesLoans = true;
        }
        else if (!TracksLeaks)
        {
            return;
        }

        entry.NoteSeen(token, _clock.Now());
    }

    private void NoteTrace(PoolEntry entry, ActivityTraceId trace)
    {
        // Nearly always there is none, before and now.
        if (TracksLeaks && entry.NeedDetails() is var details && (trace != default || details.Trace != default))
        {
            details.Trace = trace;
        }
    }

    private LeaseInfo Describe(PoolEntry entry)
    {
        var token = SlotState.With(Volatile.Read(ref entry.Word), SlotState.InUse);
        var age = TimeSpan.FromMilliseconds(entry.TryGetAge(token, _clock.Now(), out var milliseconds) ? milliseconds : 0);
        var trace = entry.Details?.Trace ?? default;
        var note = NoteOf(entry, token);
        return new LeaseInfo
        {
            Source = Name,
            CallSite = CallSite.From(entry.Member, entry.File, entry.Line),
            Age = age,
            Since = TimeProvider.GetUtcNow() - age,
            TraceId = trace == default ? null : trace.ToHexString(),
            IsSuspectedLeak = TracksLeaks && age >= _options.LeakThreshold,
            Flow = note.Flow?.ToString(),
            HolderFlow = note.Flow,
            CapturedStack = note.Stack,
            StackCapture = _options.StackCapture,
        };
    }

    private TimeSpan OldestWait_NeedsLock() =>
        _gate.Waiters.Oldest is { } oldest ? WaitedSoFar_NeedsLock(oldest) : TimeSpan.Zero;

    /// <summary>One pass over the words. Safe without the lock; exact when nothing moves.</summary>
    private StateCounts CountStates()
    {
        int idle = 0, inUse = 0, doomed = 0, destroying = 0, held = 0;
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
                case SlotState.Held:
                    held++;
                    break;
            }
        }

        return new StateCounts(idle, inUse + doomed, doomed + destroying, doomed, held, loans + inUse + doomed);
    }

    /// <param name="Idle">Ready.</param>
    /// <param name="InUse">Lent, doomed ones included.</param>
    /// <param name="Leaving">Doomed or being destroyed.</param>
    /// <param name="Doomed">Lent, and to be destroyed when it comes back.</param>
    /// <param name="Held">In the pool's hands, places of creations included.</param>
    /// <param name="Loans">Loans that have ended, and those that are out: a version rises when a loan ends.</param>
    private readonly record struct StateCounts(int Idle, int InUse, int Leaving, int Doomed, int Held, long Loans);
}
