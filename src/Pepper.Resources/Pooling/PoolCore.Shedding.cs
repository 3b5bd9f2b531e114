using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>Load shedding: who is rejected, and when, while <see cref="LoadShedder"/> finds the pool overloaded.</content>
internal sealed partial class PoolCore
{
    private readonly LoadShedder? _shedder;
    private ITimer? _shedTimer;
    private bool _isShedTimerSet;
    private long _shed;

    /// <summary>Who has waited longest.</summary>
    private PoolWaiter? Oldest_NeedsLock => _gate.Waiters.Oldest;

    /// <summary>Resources that are being made or validated, and will look for a taker.</summary>
    private int OnTheirWay_NeedsLock => _creating + Volatile.Read(ref _validating) + _keepingAlive;

    /// <summary>
    /// Whether the pool does all it can: it is open, no resource is idle and no place free. Only then are its callers too many.
    /// </summary>
    private bool IsFull_NeedsLock => (_gate.Word & ~WaitingMask) == 0 && _live >= _maxSize && CountStates().Idle == 0;

    /// <summary>Who is to be served next, after those were rejected who have waited too long.</summary>
    private PoolWaiter? NextToServe_NeedsLock()
    {
        if (_shedder is not null && _gate.Waiters.Count > 0)
        {
            Shed_NeedsLock(_shedder, _clock.Now(), atHand: 1);
        }

        return _gate.Waiters.First;
    }

    private void NoteServed_NeedsLock(PoolWaiter waiter)
    {
        if (_shedder is not null)
        {
            var now = _clock.Now();
            _shedder.Served(now, DelayOf_NeedsLock(waiter, now));
        }
    }

    /// <summary>The queue begins, or the pool serves again after a pause.</summary>
    private void BeginShedding_NeedsLock()
    {
        if (_shedder is not null)
        {
            var now = _clock.Now();
            _shedder.Begin(now);
            if (!_isShedTimerSet && _gate.Waiters.Count > 0)
            {
                SetShedTimer_NeedsLock(_shedder.EndsAt, now);
            }
        }
    }

    private long DelayOf_NeedsLock(PoolWaiter waiter, long now) =>
        _shedder!.Delay(now, now - (long)WaitedSoFar_NeedsLock(waiter).TotalMilliseconds);

    private void Shed_NeedsLock(LoadShedder shedder, long now, int atHand)
    {
        if (now >= shedder.EndsAt)
        {
            Judge_NeedsLock(shedder, now);
        }

        if (!shedder.IsOverloaded)
        {
            return;
        }

        // Whatever is at hand, or on its way, is to find a taker; and so is what comes back next.
        var kept = Math.Max(1, atHand + OnTheirWay_NeedsLock);
        if (_gate.Waiters.Count <= kept || DelayOf_NeedsLock(Oldest_NeedsLock!, now) <= shedder.Limit || !IsFull_NeedsLock)
        {
            return;
        }

        while (_gate.Waiters.Count > kept
            && Oldest_NeedsLock is { } oldest && DelayOf_NeedsLock(oldest, now) is var delay && delay > shedder.Limit)
        {
            TakeOut_NeedsLock(oldest, AcquireOutcome.Shed);
            shedder.Reject(oldest, delay);
            _shed++;
        }
    }

    private void Judge_NeedsLock(LoadShedder shedder, long now)
    {
        var isFull = IsFull_NeedsLock;
        if (!shedder.HasServed)
        {
            // Nobody was served: too much load only if all is lent. Otherwise the first resources may still be on their way.
            isFull = isFull && CountStates().InUse > 0 && OnTheirWay_NeedsLock == 0;
        }

        var wasOverloaded = shedder.IsOverloaded;
        shedder.Judge(now, DelayOf_NeedsLock(Oldest_NeedsLock!, now), isFull);
        if (shedder.IsOverloaded && !wasOverloaded)
        {
            SetShedTimer_NeedsLock(NextShedAt_NeedsLock(shedder, now), now);
        }
    }

    /// <summary>
    /// When the timer is to look again: when the next caller has waited for too long, but not much more often than that takes;
    /// else when the interval is over, for a pool to which nothing comes back.
    /// </summary>
    private long NextShedAt_NeedsLock(LoadShedder shedder, long now)
    {
        if (!shedder.IsOverloaded)
        {
            return shedder.EndsAt;
        }

        var oldest = Oldest_NeedsLock!;
        var tooLongAt = now + shedder.Limit + 1 - DelayOf_NeedsLock(oldest, now);
        return Math.Max(tooLongAt, now + 1 + (shedder.Limit / 8));
    }

    private void SetShedTimer_NeedsLock(long due, long now)
    {
        _isShedTimerSet = true;
        var delay = PoolClock.Delay(due, now);
        if (_shedTimer is null)
        {
            using (SuppressFlow())
            {
                _shedTimer = TimeProvider.CreateTimer(
                    static state => ((PoolCore)state!).OnShedTimer(), this, delay, Timeout.InfiniteTimeSpan);
            }
        }
        else
        {
            _shedTimer.Change(delay, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnShedTimer()
    {
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            _isShedTimerSet = false;
            if (_gate.Waiters.Count > 0 && !IsDisposed)
            {
                var now = _clock.Now();
                Shed_NeedsLock(_shedder!, now, atHand: 0);
                SetShedTimer_NeedsLock(NextShedAt_NeedsLock(_shedder!, now), now);
            }
        }

        TellShed();
    }

    /// <summary>Tells those who were rejected under the lock, and everybody that the overload began or ended.</summary>
    private void TellShed()
    {
        if (_shedder is not { HasNews: true } shedder)
        {
            return;
        }

        (PoolWaiter Waiter, long Delay)[] rejected;
        bool? isOverloaded;
        long shortest, total;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            rejected = shedder.TakeNews(out isOverloaded);
            (shortest, total) = (shedder.Shortest, _shed);
            TellOverload_NeedsLock(shedder, isOverloaded);
        }

        if (isOverloaded == true)
        {
            PoolLog.OverloadBegun(_logger, Name, shortest, shedder.Options.Target, shedder.Options.Interval);
        }
        else if (isOverloaded == false)
        {
            PoolLog.OverloadEnded(_logger, Name, total);
        }

        if (rejected.Length > 0)
        {
            Reject(rejected, shedder.Options, shortest);
        }
    }

    private void TellOverload_NeedsLock(LoadShedder shedder, bool? isOverloaded)
    {
        if (isOverloaded == true)
        {
            Events?.Raise(
                PoolEventKind.OverloadBegun,
                $"The pool is overloaded: the shortest wait within {shedder.Options.Interval} was {shedder.Shortest} ms.");
        }
        else if (isOverloaded == false)
        {
            Events?.Raise(PoolEventKind.OverloadEnded, $"The pool is no longer overloaded; {_shed} caller(s) were shed in all.");
        }
    }

    private void Reject((PoolWaiter Waiter, long Delay)[] rejected, SheddingOptions options, long shortest)
    {
        var statistics = GetStatistics();
        LeaseInfo[] holders = [.. GetLeases().Take(5)];
        foreach (var (waiter, delay) in rejected)
        {
            var message =
                $"Pool '{Name}': rejected after {delay} ms, as the pool is overloaded: within Shedding.Interval "
                + $"({options.Interval}) the shortest wait was {shortest} ms, longer than Shedding.Target ({options.Target}), "
                + $"and who has waited for more than twice that is rejected. {StateText(statistics, holders)} "
                + "Hold leases for less time, raise MaxSize or Shedding.Target, or ask less often.";
            var exception = new PoolExhaustedException(
                message, ExhaustionReason.Shed, TimeoutOf(waiter), statistics, holders, _lastCreateFailure);
            Events?.Raise(PoolEventKind.Shed, message, exception);
            waiter.Fail(exception);
        }

        SettleIfClosing();
    }
}
