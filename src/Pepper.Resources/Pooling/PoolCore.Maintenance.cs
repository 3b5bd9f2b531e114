using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>
/// The sweeper: one timer from the first use on. It notes since when each entry stands as it does, so that neither a claim nor a
/// return has to look at a clock: what it sees is never older than it says, and at most a tick younger.
/// </content>
internal sealed partial class PoolCore
{
    private static readonly TimeSpan LongestTick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestTick = TimeSpan.FromMilliseconds(10);

    private ITimer? _tickTimer;

    /// <summary>A quarter of the shortest time that is to be noticed; a second at most.</summary>
    private TimeSpan TickPeriod
    {
        get
        {
            var tick = LongestTick;
            Shorten(_options.IdleTimeout);
            Shorten(_options.MaxLifetime);
            Shorten(_options.LeakThreshold);
            Shorten(_options.ValidateAfterIdle == TimeSpan.Zero ? null : _options.ValidateAfterIdle);
            Shorten(_validatesIdle ? _options.KeepAliveInterval : null);
            Shorten(_validation is null ? null : AnyIdleTime);
            return tick > ShortestTick ? tick : ShortestTick;

            void Shorten(TimeSpan? time)
            {
                if (time is { } given && given / 4 < tick)
                {
                    tick = given / 4;
                }
            }
        }
    }

    private void StartMaintenance_NeedsLock()
    {
        if (_isStarted)
        {
            return;
        }

        _isStarted = true;
        var period = TickPeriod;
        var tick = new WeakTick(this);
        using (SuppressFlow())
        {
            _tickTimer = TimeProvider.CreateTimer(static state => ((WeakTick)state!).Run(), tick, period, period);
        }

        tick.Timer = _tickTimer;
    }

    private void OnTick()
    {
        List<(PoolEntry Entry, DestroyReason Reason)> evicted = [];
        List<(PoolEntry Entry, long Token, LeaseInfo Info)> leaks = [];
        List<PoolEntry> kept = [];
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            foreach (var entry in _entries)
            {
                Look_NeedsLock(entry);
                if (TracksLeaks && TryFindLeak_NeedsLock(entry, out var token, out var info))
                {
                    leaks.Add((entry, token, info));
                }
            }

            EvictIdle_NeedsLock(evicted);
            ForgetSuspects_NeedsLock();
            Sample_NeedsLock();
            Observe_NeedsLock();
            ClaimForKeepAlive_NeedsLock(TimeProvider.GetTimestamp(), kept);
            _timesUses = _instruments.IsUseTimed;
            _watchesLoans = TracksLeaks || _timesUses;
        }

        foreach (var (entry, reason) in evicted)
        {
            StartDestroy(entry, reason);
        }

        StartKeepAlive(kept);
        SweepExpired();
        ReportLeaks(leaks);
        EnsureSupply();
    }

    /// <summary>Notes since when the entry is idle, or lent, as it is now.</summary>
    private void Look_NeedsLock(PoolEntry entry)
    {
        var word = Volatile.Read(ref entry.Word);
        if (entry.IsKeptAlive)
        {
            // It is idle still, but for a moment.
            return;
        }

        if (SlotState.Of(word) == SlotState.Doomed)
        {
            word = SlotState.With(word, SlotState.InUse);
        }

        if (entry.TryGetAge(word, _clock.Now(), out _))
        {
            entry.KeepOld(word, _clock.Now());
        }
        else
        {
            entry.NoteSeen(word, _clock.NowAtLatest());
        }
    }

    private void EvictIdle_NeedsLock(List<(PoolEntry Entry, DestroyReason Reason)> evicted)
    {
        if (_options.IdleTimeout is not { } limit)
        {
            return;
        }

        // What is on its way out, or not yet there, keeps no minimum.
        var spare = _live - _creating - _hung - CountStates().Leaving - _minSize;
        foreach (var (entry, word, _) in FindIdle(limit).OrderByDescending(static idle => idle.Age))
        {
            // Only what still stands exactly as it was seen: a loan in between has raised the version.
            if (spare > 0 && entry.TryMove(word, SlotState.With(word, SlotState.Destroying)))
            {
                evicted.Add((entry, DestroyReason.IdleTimeout));
                spare--;
            }
        }
    }

    private List<(PoolEntry Entry, long Word, int Age)> FindIdle(TimeSpan limit)
    {
        List<(PoolEntry, long, int)> found = [];
        foreach (var entry in _entries)
        {
            var word = Volatile.Read(ref entry.Word);
            if (SlotState.Of(word) == SlotState.Idle
                && entry.TryGetAge(word, _clock.Now(), out var age) && TimeSpan.FromMilliseconds(age) >= limit)
            {
                found.Add((entry, word, age));
            }
        }

        return found;
    }

    private void SweepExpired()
    {
        if (_options.MaxLifetime is null && Volatile.Read(ref _renewal) == 0)
        {
            return;
        }

        foreach (var entry in Volatile.Read(ref _entries))
        {
            if (IsExpired(entry))
            {
                Sweep(entry, entry.NeedDetails().ExpiryReason);
            }
        }
    }

    private bool TryFindLeak_NeedsLock(PoolEntry entry, out long token, out LeaseInfo info)
    {
        var word = Volatile.Read(ref entry.Word);
        token = SlotState.With(word, SlotState.InUse);
        info = null!;
        if (SlotState.Of(word) is not (SlotState.InUse or SlotState.Doomed)
            || !entry.TryGetAge(token, _clock.Now(), out var age)
            || TimeSpan.FromMilliseconds(age) < _options.LeakThreshold
            || entry.NeedDetails().LeakToken == token)
        {
            return false;
        }

        info = Describe(entry);
        if (!entry.IsHeldBy(token))
        {
            return false;
        }

        entry.NeedDetails().LeakToken = token;
        return true;
    }

    private void ReportLeaks(List<(PoolEntry Entry, long Token, LeaseInfo Info)> leaks)
    {
        foreach (var (entry, token, info) in leaks)
        {
            Interlocked.Increment(ref _leaks);
            PoolLog.LeakSuspected(_logger, Name, _options.LeakThreshold!.Value, info.ToString());
            Events?.Raise(PoolEventKind.LeakSuspected, $"A lease is out for longer than LeakThreshold: {info}", lease: info);
            if (_options.ReclaimLeaked && TryEndLoan(entry, token, out _))
            {
                PoolLog.LeakReclaimed(_logger, Name, info.ToString());
                Events?.Raise(PoolEventKind.LeakReclaimed, $"A suspected leak was reclaimed: {info}", lease: info);
                Discard(entry, DestroyReason.Leaked);
            }
        }
    }

    /// <summary>What the timer knows of the pool, so that a pool which nobody holds any more can be collected.</summary>
    private sealed class WeakTick(PoolCore core)
    {
        private readonly WeakReference<PoolCore> _core = new(core);

        internal ITimer? Timer { get; set; }

        internal void Run()
        {
            if (_core.TryGetTarget(out var core))
            {
                core.OnTick();
            }
            else
            {
                Timer?.Dispose();
            }
        }
    }
}
