using System.Diagnostics;
using Pepper.Resources.Cleanup;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>Deadlines of those who wait: one timer and one wheel for all of them.</content>
internal sealed partial class PoolCore
{
    private TimerWheel? _deadlines;
    private ITimer? _deadlineTimer;
    private long _wakeTick = long.MaxValue;
    private long _exhaustionLoggedAt;

    /// <summary>Ends the wait of a caller that cannot wait at all, unless it has been served.</summary>
    internal void ExpireNow(PoolWaiter waiter)
    {
        bool isCreating;
        lock (_lock)
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

    private void SetDeadline_NeedsLock(PoolWaiter waiter)
    {
        if (waiter.Timeout == Timeout.InfiniteTimeSpan || waiter.Timeout == TimeSpan.Zero)
        {
            return;
        }

        var now = _clock.Now();
        _deadlines ??= new TimerWheel(_clock.TickAt(now));
        _deadlines.Add(waiter, _clock.TickAfter(now, waiter.Timeout));
        ArmDeadlineTimer_NeedsLock(now);
    }

    private void ArmDeadlineTimer_NeedsLock(long now)
    {
        var next = _deadlines!.NextWakeTick;
        if (next >= _wakeTick)
        {
            return;
        }

        _wakeTick = next;
        var delay = _clock.DelayUntil(next, now);
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
        List<(PoolWaiter Waiter, bool IsCreating)>? expired = null;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_deadlines is null)
            {
                return;
            }

            var now = _clock.Now();
            _wakeTick = long.MaxValue;
            var node = _deadlines.Advance(_clock.TickAt(now));
            while (node is not null)
            {
                var waiter = (PoolWaiter)node;
                node = node.Next;
                (expired ??= []).Add((waiter, IsCoveredByCreation_NeedsLock()));
                _waiters.Remove(waiter);
                waiter.Outcome = AcquireOutcome.Timeout;
            }

            SetGate_NeedsLock();
            ArmDeadlineTimer_NeedsLock(now);
        }

        if (expired is not null)
        {
            var statistics = GetStatistics();
            foreach (var (waiter, isCreating) in expired)
            {
                Expire(waiter, isCreating, statistics);
            }

            SettleIfClosing();
        }
    }

    /// <summary>Whether each of those who wait has a creation of its own under way: then it is that which took too long.</summary>
    private bool IsCoveredByCreation_NeedsLock() => !IsPaused && _waiters.Count <= _creating + _hung;

    private void Expire(PoolWaiter waiter, bool isCreating, PoolStatistics statistics)
    {
        Interlocked.Increment(ref _timeouts);
        if (isCreating)
        {
            waiter.Fail(new ResourceTimeoutException(
                $"Pool '{Name}': no resource within {TimeoutKnob(waiter.Timeout)}: one was being created for the caller all the while. "
                + "Its creation goes on and will serve the next.",
                ResourceStage.Create, waiter.Timeout, Name, Type, _lastCreateFailure));
            return;
        }

        var reason = statistics.IsPaused ? ExhaustionReason.Paused
            : statistics.InUse >= statistics.MaxSize ? ExhaustionReason.AllInUse : ExhaustionReason.NotReady;
        var exception = ExhaustedException(waiter, reason, statistics);
        LogExhaustion(exception);
        waiter.Fail(exception);
    }

    private PoolExhaustedException ExhaustedException(PoolWaiter waiter, ExhaustionReason reason, PoolStatistics statistics)
    {
        var holders = LongestHolders(5);
        var why = reason switch
        {
            ExhaustionReason.AllInUse => $"all {statistics.InUse} of MaxSize ({statistics.MaxSize}) are in use",
            ExhaustionReason.Paused => "the pool is paused",
            ExhaustionReason.QueueFull => $"MaxWaiters ({_options.MaxWaiters}) callers wait already",
            _ when _lastCreateFailure is { } failure => $"none was ready; the last creation failed: {failure.Message}",
            _ => "none was ready",
        };
        var limit = reason == ExhaustionReason.QueueFull ? "refused at once" : $"no resource within {TimeoutKnob(waiter.Timeout)}";
        var held = holders.Count == 0 ? string.Empty : $" Longest holders: {string.Join("; ", holders)}.";
        var message =
            $"Pool '{Name}': {limit}: {why}. Size {statistics.Size} of {statistics.MaxSize}, idle {statistics.Idle}, "
            + $"in use {statistics.InUse}, creating {statistics.Creating}, waiting {statistics.Waiting}.{held}"
            + (reason == ExhaustionReason.AllInUse ? " Hold leases for less time, or raise MaxSize." : string.Empty);
        return new PoolExhaustedException(message, reason, waiter.Timeout, statistics, holders, _lastCreateFailure);
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
