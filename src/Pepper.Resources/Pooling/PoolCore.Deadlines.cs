using System.Diagnostics;
using Pepper.Resources.Cleanup;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>Deadlines of those who wait: one timer and one wheel for all of them.</content>
internal sealed partial class PoolCore
{
    private TimerWheel? _deadlines;
    private ITimer? _deadlineTimer;
    private long _wakeAt = long.MaxValue;
    private long _exhaustionLoggedAt;

    /// <summary>Ends the wait of a caller that cannot wait at all, unless it has been served.</summary>
    internal void ExpireNow(PoolWaiter waiter)
    {
        bool isCreating;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            isCreating = IsCoveredByCreation_NeedsLock();
            if (!TakeOut_NeedsLock(waiter, AcquireOutcome.Timeout))
            {
                return;
            }
        }

        Expire(waiter, isCreating, GetStatistics());
        SettleIfClosing();
    }

    /// <summary>
    /// Callers with the pool's own timeout expire in the order of the queue, so that the queue itself is their list of
    /// deadlines; others have an entry in the wheel.
    /// </summary>
    private void SetDeadline_NeedsLock(PoolWaiter waiter, TimeSpan timeout, long now)
    {
        var isOwn = timeout != _options.AcquireTimeout;
        if (isOwn)
        {
            waiter.Extras!.StartedAt = now;
        }

        if (timeout == Timeout.InfiniteTimeSpan || timeout == TimeSpan.Zero)
        {
            waiter.DueAt = now;
            return;
        }

        waiter.DueAt = _clock.Due(now, timeout);
        if (isOwn)
        {
            _deadlines ??= new TimerWheel(now);
            _deadlines.Add(waiter.Extras!, waiter.DueAt);
        }

        if (waiter.DueAt < _wakeAt)
        {
            ArmDeadlineTimer_NeedsLock(waiter.DueAt, now);
        }
    }

    /// <summary>How long it has waited; for those with the pool's own timeout that follows from their deadline.</summary>
    private TimeSpan WaitedSoFar_NeedsLock(PoolWaiter waiter)
    {
        if (waiter.Extras is { OwnTimeout: not null } extras)
        {
            return _clock.Since(extras.StartedAt);
        }

        var isNeverDue = _options.AcquireTimeout == Timeout.InfiniteTimeSpan || _options.AcquireTimeout == TimeSpan.Zero;
        return isNeverDue ? _clock.Since(waiter.DueAt) : _clock.Since(_clock.Start(waiter.DueAt, _options.AcquireTimeout));
    }

    private TimeSpan TimeoutOf(PoolWaiter waiter) => waiter.Extras?.OwnTimeout ?? _options.AcquireTimeout;

    private void RemoveDeadline_NeedsLock(PoolWaiter waiter)
    {
        if (waiter.Extras is { IsLinked: true } extras)
        {
            _deadlines!.Remove(extras);
        }
    }

    private void ArmDeadlineTimer_NeedsLock(long due, long now)
    {
        _wakeAt = due;
        var delay = PoolClock.Delay(due, now);
        if (_deadlineTimer is null)
        {
            using (SuppressFlow())
            {
                _deadlineTimer = TimeProvider.CreateTimer(
                    static state => ((PoolCore)state!).OnDeadline(), this, delay, Timeout.InfiniteTimeSpan);
            }
        }
        else
        {
            _deadlineTimer.Change(delay, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnDeadline()
    {
        List<(PoolWaiter Waiter, bool IsCreating)> expired = [];
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            var now = _clock.Now();
            _wakeAt = long.MaxValue;
            ExpireInWheel_NeedsLock(now, expired);
            ExpireInQueue_NeedsLock(now, expired);
            CountWaiters_NeedsLock();
        }

        if (expired.Count > 0)
        {
            var statistics = GetStatistics();
            foreach (var (waiter, isCreating) in expired)
            {
                Expire(waiter, isCreating, statistics);
            }

            SettleIfClosing();
        }
    }

    private void ExpireInWheel_NeedsLock(long now, List<(PoolWaiter Waiter, bool IsCreating)> expired)
    {
        if (_deadlines is null)
        {
            return;
        }

        var node = _deadlines.Advance(now);
        while (node is not null)
        {
            var waiter = ((PoolWaiterExtras)node).Waiter;
            node = node.Next;
            Expire_NeedsLock(waiter, expired);
        }

        if (_deadlines.NextWakeTick < _wakeAt)
        {
            ArmDeadlineTimer_NeedsLock(_deadlines.NextWakeTick, now);
        }
    }

    private void ExpireInQueue_NeedsLock(long now, List<(PoolWaiter Waiter, bool IsCreating)> expired)
    {
        if (_options.AcquireTimeout == Timeout.InfiniteTimeSpan || _options.AcquireTimeout == TimeSpan.Zero)
        {
            return;
        }

        ExpireInLane_NeedsLock(_gate.Waiters.FirstOf(AcquirePriority.High), now, expired);
        ExpireInLane_NeedsLock(_gate.Waiters.FirstOf(AcquirePriority.Normal), now, expired);
        ExpireInLane_NeedsLock(_gate.Waiters.FirstOf(AcquirePriority.Low), now, expired);
    }

    /// <summary>
    /// Callers of one priority stand in the order of their deadlines, but for those with a timeout of their own.
    /// </summary>
    private void ExpireInLane_NeedsLock(PoolWaiter? waiter, long now, List<(PoolWaiter Waiter, bool IsCreating)> expired)
    {
        while (waiter is not null)
        {
            var next = waiter.QueueNext;
            if (waiter.Extras?.OwnTimeout is null)
            {
                if (waiter.DueAt > now)
                {
                    if (waiter.DueAt < _wakeAt)
                    {
                        ArmDeadlineTimer_NeedsLock(waiter.DueAt, now);
                    }

                    return;
                }

                Expire_NeedsLock(waiter, expired);
            }

            waiter = next;
        }
    }

    private void Expire_NeedsLock(PoolWaiter waiter, List<(PoolWaiter Waiter, bool IsCreating)> expired)
    {
        expired.Add((waiter, IsCoveredByCreation_NeedsLock()));
        _gate.Waiters.Remove(waiter);
        UncountFlow_NeedsLock(waiter);
        waiter.Outcome = AcquireOutcome.Timeout;
    }

    /// <summary>
    /// Whether each of those who wait has a creation of its own under way: then it is that which took too long.
    /// </summary>
    private bool IsCoveredByCreation_NeedsLock() => !IsPaused && _gate.Waiters.Count <= _creating + _hung;

    private void Expire(PoolWaiter waiter, bool isCreating, PoolStatistics statistics)
    {
        Interlocked.Increment(ref _timeouts);
        var timeout = TimeoutOf(waiter);
        if (isCreating)
        {
            var overdue = new ResourceTimeoutException(
                $"Pool '{Name}': no resource within {TimeoutKnob(timeout)}: "
                + "one was being created for the caller all the while. Its creation goes on and will serve the next.",
                ResourceStage.Create, timeout, Name, Type, _lastCreateFailure);
            Events?.Raise(PoolEventKind.Exhausted, overdue.Message, overdue);
            waiter.Fail(overdue);
            return;
        }

        var reason = statistics.IsPaused ? ExhaustionReason.Paused
            : statistics.InUse >= statistics.MaxSize ? ExhaustionReason.AllInUse
            : IsTotalReached(statistics) ? ExhaustionReason.TotalReached : ExhaustionReason.NotReady;
        var exception = ExhaustedException(timeout, reason, statistics, waiter.Extras?.Note.Flow);
        LogExhaustion(exception);
        Events?.Raise(PoolEventKind.Exhausted, exception.Message, exception);
        waiter.Fail(exception);
    }

    private PoolExhaustedException ExhaustedException(
        TimeSpan timeout, ExhaustionReason reason, PoolStatistics statistics, LeaseFlow? flow)
    {
        var isTotal = reason == ExhaustionReason.TotalReached;
        var leases = GetLeases();
        IReadOnlyList<LeaseInfo> holders = isTotal ? _share!.Budget.LongestHolders(5) : [.. leases.Take(5)];
        IReadOnlyList<LeaseInfo> own = [.. leases.Where(lease => IsOwn(lease, flow))];
        var why = reason switch
        {
            ExhaustionReason.AllInUse => $"all {statistics.InUse} of MaxSize ({statistics.MaxSize}) are in use",
            ExhaustionReason.Paused => "the pool is paused",
            ExhaustionReason.TotalReached => $"the total over all keys has reached MaxTotal ({_share!.Budget.Max})",
            ExhaustionReason.QueueFull => $"MaxWaiters ({_options.MaxWaiters}) callers wait already",
            ExhaustionReason.Deadlock => WhyDeadlocked(),
            _ when _lastCreateFailure is { } failure => $"none was ready; the last creation failed: {FailureText.Of(failure)}",
            _ => "none was ready",
        };
        var isAtOnce = reason is ExhaustionReason.QueueFull or ExhaustionReason.Deadlock;
        var limit = isAtOnce ? "refused at once" : $"no resource within {TimeoutKnob(timeout)}";
        var message =
            $"Pool '{Name}': {limit}: {why}. {StateText(statistics, holders)}"
            + (reason == ExhaustionReason.AllInUse ? " Hold leases for less time, or raise MaxSize." : string.Empty)
            + (isTotal ? " Hold leases for less time, or raise MaxTotal." : string.Empty)
            + NestedAcquire(own, flow);
        return new PoolExhaustedException(message, reason, timeout, statistics, holders, _lastCreateFailure)
        {
            HeldByOwnFlow = own.Count,
        };
    }

    private static string StateText(PoolStatistics statistics, IReadOnlyList<LeaseInfo> holders)
    {
        var held = holders.Count == 0 ? string.Empty : $" Longest holders: {string.Join("; ", holders)}.";
        return $"Size {statistics.Size} of {statistics.MaxSize}, idle {statistics.Idle}, in use {statistics.InUse}, "
            + $"creating {statistics.Creating}, waiting {statistics.Waiting}.{held}";
    }

    private string TimeoutKnob(TimeSpan timeout) =>
        timeout == _options.AcquireTimeout ? $"AcquireTimeout ({timeout})" : $"the timeout of the call ({timeout})";

    private static AsyncFlowControl? SuppressFlow() =>
        ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();

    private void LogExhaustion(PoolExhaustedException exception)
    {
        // A pool that is exhausted is so for many callers at once; one line a second says as much as a thousand.
        var now = TimeProvider.GetTimestamp();
        var last = Interlocked.Read(ref _exhaustionLoggedAt);
        if ((last == 0 || TimeProvider.GetElapsedTime(last, now) >= TimeSpan.FromSeconds(1))
            && Interlocked.CompareExchange(ref _exhaustionLoggedAt, now, last) == last)
        {
            PoolLog.Exhausted(_logger, Name, exception.Message);
        }
    }
}
