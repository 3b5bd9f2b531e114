namespace Pepper.Resources.Cleanup;

/// <content>The timer: what falls due, and when to wake next.</content>
public sealed partial class CleanupScheduler
{
    // How much is done before the lock is given to somebody else.
    private const int MostPerLock = 1024;

    private void OnTimer()
    {
        Collect();
        Arm();
    }

    // Everything that is due goes to the workers, or reaches its limit.
    private void Collect()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _armedFor = long.MaxValue;
        }

        bool more = true;
        while (more)
        {
            List<(CleanupRun Run, bool IsAbandoned)>? late = null;
            long now = _clock.Now();
            Follow follow;
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                TimerWheelNode? node = _wheel.Advance(_clock.TickAt(now), MostPerLock);
                while (node is not null)
                {
                    TimerWheelNode? next = node.Next;
                    if (node is CleanupEntry entry)
                    {
                        MakeDue_NeedsLock(entry);
                    }
                    else
                    {
                        var run = (CleanupRun)node;
                        (late ??= []).Add((run, ReachLimit_NeedsLock(run, now)));
                    }

                    node = next;
                }

                more = _wheel.NextWakeTick <= _clock.TickAt(now);
                follow = GetFollow_NeedsLock();
            }

            late?.ForEach(reached => TellLimit(reached.Run, reached.IsAbandoned));
            Do(follow with { NeedsArming = false });
        }
    }

    // First the token is cancelled; a run that comes here again has ignored it and loses its place.
    private bool ReachLimit_NeedsLock(CleanupRun run, long now)
    {
        if (!run.IsLate)
        {
            run.IsLate = true;
            _wheel.Add(run, _clock.TickAfter(now, _options.CancellationGrace));
            return false;
        }

        run.State = CleanupRunState.Abandoned;
        _running--;
        _abandoned++;
        ReleasePlace_NeedsLock(run);
        return true;
    }

    // Set too early is no reason to set it again: it wakes, finds nothing and sets itself. Nor is an empty wheel while cleanups
    // run, as each of them brings its time limit and takes it away again.
    private bool NeedsArming_NeedsLock()
    {
        long wake = _wheel.NextWakeTick;
        return !_isArming && (wake < _armedFor || (wake == long.MaxValue && _armedFor != wake && _running + _workers == 0));
    }

    // The timer belongs to somebody else's time provider, so it is set outside of the lock; one thread at a time does, and looks
    // again afterwards, so that the last word is always the latest.
    private void Arm()
    {
        while (true)
        {
            long wake;
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                if (!NeedsArming_NeedsLock())
                {
                    return;
                }

                _isArming = true;
                wake = _wheel.NextWakeTick;
                _armedFor = wake;
            }

            bool isPast;
            try
            {
                isPast = SetTimer(wake);
            }
            finally
            {
                lock (_lock)
                {
                    AssertInvariants_NeedsLock();
                    _isArming = false;
                }
            }

            if (isPast)
            {
                Collect();
            }
        }
    }

    /// <summary>Sets the timer; true, and it is not set, when the tick has passed.</summary>
    private bool SetTimer(long wake)
    {
        if (wake == long.MaxValue)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return false;
        }

        // When time went on between the reading and the setting (this thread may have been put aside), the timer is set too late.
        while (true)
        {
            long now = _clock.Now();
            TimeSpan delay = _clock.DelayUntil(wake, now);
            if (delay == TimeSpan.Zero)
            {
                return true;
            }

            _timer.Change(delay, Timeout.InfiniteTimeSpan);
            if (_clock.TickAt(_clock.Now()) == _clock.TickAt(now))
            {
                return false;
            }
        }
    }
}
