using Pepper.Resources.Recovery;

namespace Pepper.Resources;

/// <content>The attempts: when the next one is, and what becomes of those who wait for it.</content>
internal sealed partial class Healing
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private ITimer? _timer;
    private int _failuresInARow;
    private bool _isPaid;
    private long _failedAt;

    // Before that there is no attempt, whatever the circuit says; and for when the timer is set.
    private long _notBefore;
    private long _dueAt;

    /// <summary>The first pause, doubled with each failure in a row after the first.</summary>
    private TimeSpan Pause => TimeSpan.FromTicks(
        Math.Min(FirstPause.Ticks << Math.Clamp(_failuresInARow - 1, 0, 20), LongestPause.Ticks));

    /// <summary>The next attempt, if it is to begin now; else a timer sees to it.</summary>
    private Attempt? TryBegin_NeedsLock(ref CircuitRound round)
    {
        if (_phase != HealingPhase.Resting)
        {
            return null;
        }

        var now = _clock.Now;
        if (now < _notBefore)
        {
            Arm_NeedsLock(_notBefore);
            return null;
        }

        if (!_recovery.Circuit.MayEnter(ref round, out var againAt))
        {
            Arm_NeedsLock(Math.Min(againAt, _clock.After(now, LongestPause)));
            return null;
        }

        // The first attempt is what callers are owed, and a probe has been waited for: all others are paid.
        var isPaid = _isPaid || _failuresInARow == 0 || !_recovery.Circuit.IsClosed || _recovery.Budget.TryWithdraw();
        if (!isPaid || !_recovery.Circuit.TryEnter(ref round, out var permit))
        {
            _notBefore = _clock.After(now, _failuresInARow == 0 ? FirstPause : Pause);
            Arm_NeedsLock(_notBefore);
            return null;
        }

        _isPaid = false;
        _phase = HealingPhase.Making;
        return _underWay = new Attempt(permit, now, _nextNumber, new CancellationTokenSource());
    }

    /// <summary>Somebody asks for what is not there: no pause or break is to be a long one.</summary>
    private void Hasten_NeedsLock()
    {
        if (_recovery.Options.MaxBreakInDemand is not { } most)
        {
            return;
        }

        _notBefore = Math.Min(_notBefore, _clock.After(_failedAt, most));
        var at = _recovery.Circuit.IsClosed ? _notBefore : _recovery.Circuit.Hasten(most);
        if (_phase == HealingPhase.Resting && at < _dueAt)
        {
            Arm_NeedsLock(at);
        }
    }

    private void Arm_NeedsLock(long at)
    {
        _dueAt = at;
        var delay = _clock.Between(_clock.Now, at);
        if (_timer is not null)
        {
            _timer.Change(delay, Timeout.InfiniteTimeSpan);
            return;
        }

        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
        {
            _timer = _timeProvider.CreateTimer(
                static state => ((Healing)state!).OnTimer(), this, delay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>A timer may be early by a little: then it is set again.</summary>
    private void OnTimer()
    {
        CircuitRound round = default;
        Attempt? attempt;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            attempt = TryBegin_NeedsLock(ref round);
        }

        _recovery.Circuit.Tell(round);
        Start(attempt);
    }

    private void Start(Attempt? attempt)
    {
        if (attempt is { } begun)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => _ = state.Healing.RunAsync(state.Attempt), (Healing: this, Attempt: begun), preferLocal: false);
        }
    }

    private async Task RunAsync(Attempt attempt)
    {
        var (limit, knob) = _manager.LimitOfMaking;
        if (attempt.Permit.IsTrial && (limit == Timeout.InfiniteTimeSpan || _recovery.ProbeTimeout < limit))
        {
            (limit, knob) = (_recovery.ProbeTimeout, "FactoryRecoveryOptions.Circuit.HalfOpenTimeout");
        }

        var made = await _maker.MakeAsync(limit, knob, attempt.Source.Token).ConfigureAwait(false);
        if (made.Resource is { } resource)
        {
            await SucceedAsync(attempt, resource).ConfigureAwait(false);
        }
        else
        {
            await FailAsync(attempt, made).ConfigureAwait(false);
        }
    }

    private async Task SucceedAsync(Attempt attempt, Resource resource)
    {
        var registration = _manager.NewRegistration(_entry, resource);
        CircuitRound round = default;
        List<HealingWaiter> waiters = [];
        int? tooMany = null;
        bool isTooLate;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            isTooLate = _phase == HealingPhase.Ended;
            if (!isTooLate)
            {
                _recovery.Succeed_NeedsLock(attempt.Permit, 1, ref round);
                _phase = HealingPhase.Serving;
                _underWay = null;
                _entry.Current = registration;
                tooMany = _remakes.Add_NeedsLock();
                waiters = TakeWaiters_NeedsLock(long.MaxValue);
            }
        }

        if (isTooLate)
        {
            await _manager.CleanUpAsync(resource).ConfigureAwait(false);
            _manager.Forget(_entry);
            return;
        }

        _recovery.Circuit.Tell(round);
        CloseCircuit();
        _manager.OnRemade(registration, _clock.Between(attempt.BegunAt, _clock.Now), tooMany is { } many ? TooMany(many) : null);
        waiters.ForEach(waiter => waiter.Tell(registration, null));
    }

    /// <summary>
    /// There is a resource, so nothing is out of order, even if the circuit has just given the probe up that made it.
    /// </summary>
    private void CloseCircuit()
    {
        if (_recovery.Circuit.IsClosed)
        {
            return;
        }

        try
        {
            _recovery.Circuit.Reset();
        }
        catch (ObjectDisposedException)
        {
            // The healing has just ended.
        }
    }

    private async Task FailAsync(Attempt attempt, Made made)
    {
        var failure = made.Failure!;
        if (!attempt.Source.IsCancellationRequested)
        {
            _manager.OnNotRemade(_entry, failure);
            Count(attempt, failure, _recovery.Classify(ResourceStage.Create, failure));
        }

        await made.Rest.ConfigureAwait(false);
        CircuitRound round = default;
        Attempt? next = null;
        bool isEnded;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            isEnded = _phase == HealingPhase.Ended;
            if (!isEnded)
            {
                _phase = HealingPhase.Resting;
                _underWay = null;
                next = TryBegin_NeedsLock(ref round);
            }
        }

        if (isEnded)
        {
            _manager.Forget(_entry);
            return;
        }

        _recovery.Circuit.Tell(round);
        Start(next);
    }

    /// <summary>
    /// Those who waited when the attempt began are told, unless another is to be made first; and everybody, when the circuit
    /// opens.
    /// </summary>
    private void Count(Attempt attempt, Exception failure, FailureKind kind)
    {
        CircuitRound round = default;
        List<HealingWaiter> failed = [];
        List<HealingWaiter> rejected = [];
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_phase == HealingPhase.Ended)
            {
                return;
            }

            _failuresInARow++;
            _failedAt = _clock.Now;
            _recovery.Fail_NeedsLock(attempt.Permit, failure, kind, attempt.BegunAt, ref round);
            var isClosed = _recovery.Circuit.IsClosed;
            _notBefore = isClosed || kind == FailureKind.Request ? _clock.After(_failedAt, Pause) : 0;
            _isPaid = isClosed && IsTriedAgain_NeedsLock(kind, attempt.Before);
            if (!_isPaid)
            {
                failed = TakeWaiters_NeedsLock(attempt.Before);
            }

            rejected = isClosed ? [] : TakeWaiters_NeedsLock(long.MaxValue);
            if (_waiters.Count + failed.Count + rejected.Count > 0)
            {
                Hasten_NeedsLock();
            }
        }

        _recovery.Circuit.Tell(round);
        failed.ForEach(waiter => waiter.Tell(null, FailureFor(failure)));
        rejected.ForEach(waiter => waiter.Tell(null, CircuitOpen()));
    }

    /// <summary>Whether another attempt is made, and paid for, before those are told who waited for this one.</summary>
    private bool IsTriedAgain_NeedsLock(FailureKind kind, long before) =>
        _failuresInARow < _recovery.Options.CreateAttempts && kind is FailureKind.Resource or FailureKind.Pool
        && _waiters.First is { } first && first.Value.Number < before && _recovery.Budget.TryWithdraw();

    // Each caller gets an exception of its own: one that is thrown in two places shows neither.
    private ResourceException FailureFor(Exception failure) => failure is ResourceTimeoutException timeout
        ? new ResourceTimeoutException(
            timeout.Message, timeout.Stage, timeout.Timeout, _entry.Id, timeout.ResourceType, timeout.InnerException)
        : new ResourceInitializationException(
            $"Resource '{_entry.Id}' was found broken and could not be made anew: {FailureText.Of(failure)}", _entry.Id,
            _entry.Current?.Resource.Metadata.Type, failure);

    /// <summary>
    /// One attempt: its permit, when it began, the number of the first caller who came later, and what ends it.
    /// </summary>
    private readonly record struct Attempt(CircuitPermit Permit, long BegunAt, long Before, CancellationTokenSource Source);
}
