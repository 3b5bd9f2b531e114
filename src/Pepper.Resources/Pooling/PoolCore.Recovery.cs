using Pepper.Resources.Monitoring;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Pooling;

/// <content>
/// Recovery: the circuit that creations go through, its probes, and whom it rejects. All decisions fall under the pool's lock, in
/// one step with the queue, so that nobody waits for what is not tried. Lock order: the pool's, then the circuit's.
/// </content>
internal sealed partial class PoolCore
{
    private static readonly TimeSpan SamplePeriod = TimeSpan.FromSeconds(1);

    private readonly FactoryRecovery? _recovery;

    // Creations that have taken so long that a second one may join them.
    private int _slow;
    private long _hedges;

    // Whether callers were told that nothing is created, since the last creation was ordered: a probe is for the next of them.
    private bool _isMissed;

    // When trials end for which there is no place, as other pools have them all.
    private long? _trialsEndAt;

    // How many loans had ended well at two moments in the past, of which the later is this old.
    private long _goodBefore;
    private long _goodThen;
    private long _sampledAt;

    // New ones that did not pass their first validation: they are destroyed, but after no loan.
    private long _neverLent;

    /// <summary>Rejects creations until <see cref="CloseCircuit"/>; what is idle is lent all the same.</summary>
    internal void IsolateCircuit(string? reason)
    {
        ThrowIfDisposed();
        var recovery = NeedRecovery();
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            BeginSampling_NeedsLock();
        }

        recovery.Circuit.Isolate(reason);
    }

    internal void CloseCircuit()
    {
        ThrowIfDisposed();
        var recovery = NeedRecovery();
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            recovery.BeginSlowly_NeedsLock();
        }

        recovery.Circuit.Reset();
    }

    private FactoryRecovery? NewRecovery(PoolFamily? family)
    {
        if (_options.Recovery is not { } options)
        {
            return null;
        }

        var recovery = new FactoryRecovery(
            options, Name, family is null ? null : NameLabel, TimeProvider, _monitor, _logger);
        recovery.Circuit.Told = OnTransition;
        return recovery;
    }

    private FactoryRecovery NeedRecovery() => _recovery ?? throw new InvalidOperationException(
        $"Pool '{Name}' has no circuit, as its Recovery is null.");

    /// <summary>Called for each transition, outside all locks, whoever brought it about.</summary>
    private void OnTransition(CircuitTransition transition)
    {
        if (Events is { } events)
        {
            var (kind, text) = transition.To switch
            {
                CircuitState.Open => (PoolEventKind.CircuitOpened,
                    $"Creations rest for {transition.Break}"
                    + (transition.Cause is { } cause ? $": {FailureText.Of(cause)}" : ".")),
                CircuitState.HalfOpen => (PoolEventKind.CircuitHalfOpened, "A probe is made."),
                CircuitState.Closed => (PoolEventKind.CircuitClosed, "Resources are created again."),
                _ => (PoolEventKind.CircuitIsolated, "Creations rest until somebody closes the circuit."),
            };
            events.Raise(kind, text, transition.Cause);
        }

        EnsureSupply();

        // A warm-up that is not patient ends here.
        SignalProgress();
    }

    /// <summary>
    /// Whether the circuit keeps creations from being ordered now. If it is open, a timer sees to it that its probe is made:
    /// nobody need ask for one. <paramref name="isProbe"/> says whether the next creation is one.
    /// </summary>
    private bool IsCircuitShut_NeedsLock(ref PoolTelling telling, out bool isProbe)
    {
        isProbe = false;
        if (_recovery is not { Circuit: { IsClosed: false } circuit })
        {
            return false;
        }

        var mayEnter = circuit.MayEnter(ref telling.Round, out var againAt);
        if (circuit.IsClosed)
        {
            // By somebody's hand, in the meantime.
            return false;
        }

        if (mayEnter && _isStarted && !IsClosed)
        {
            isProbe = TimeProvider.GetTimestamp() >= _retryProbeAt;
            againAt = _retryProbeAt;
        }

        if (!isProbe && againAt != long.MaxValue && !IsClosed)
        {
            WakeAt_NeedsLock(againAt);
        }

        return !isProbe;
    }

    /// <summary>
    /// Other pools have all the places, so that no trial can begin. They may keep them for any time, so the trials end when that
    /// has lasted as long as one may take.
    /// </summary>
    private void LimitTrials_NeedsLock(CreatePurpose purpose, ref PoolTelling telling)
    {
        if (purpose != CreatePurpose.Probe || _recovery is not { Circuit.IsHalfOpen: true } recovery)
        {
            _trialsEndAt = null;
            return;
        }

        var now = TimeProvider.GetTimestamp();
        var end = _trialsEndAt ??= now + (long)(recovery.ProbeTimeout.TotalSeconds * TimeProvider.TimestampFrequency);
        if (now < end)
        {
            WakeAt_NeedsLock(end);
            return;
        }

        telling.TooManyRecoveries = recovery.StopTrials_NeedsLock(ref telling.Round);
    }

    /// <summary>
    /// Takes those out of the queue whom nothing can serve while the circuit is not closed: all for whom there is neither an idle
    /// resource nor one that is being validated, the last to come first.
    /// </summary>
    private void RejectUnserved_NeedsLock(ref PoolTelling telling)
    {
        if (_gate.Waiters.Count == 0 || !IsRejecting_NeedsLock())
        {
            return;
        }

        Hasten_NeedsLock();
        var served = Served_NeedsLock();
        while (_gate.Waiters.Count > served && _gate.Waiters.Last is { } waiter)
        {
            TakeOut_NeedsLock(waiter, AcquireOutcome.CircuitOpen);
            (telling.Rejected ??= []).Add(waiter);
        }
    }

    /// <summary>After something in hand did not become idle: who waited for it, as creations rest, waits in vain.</summary>
    private void TellUnserved()
    {
        if (_recovery is { Circuit.IsClosed: false } && (Volatile.Read(ref _gate.Word) & WaitingMask) != 0)
        {
            EnsureSupply();
        }
    }

    /// <summary>Whether a caller who comes now is rejected, as nothing can serve it.</summary>
    private bool IsRejected_NeedsLock()
    {
        if (_recovery is null or { Circuit.IsClosed: true })
        {
            return false;
        }

        Hasten_NeedsLock();
        return IsRejecting_NeedsLock() && _gate.Waiters.Count >= Served_NeedsLock();
    }

    /// <summary>Somebody asks for what is not created: the break is not to be a long one.</summary>
    private void Hasten_NeedsLock()
    {
        _isMissed = true;
        if (_recovery is { Options.MaxBreakInDemand: { } most } recovery && !IsClosed
            && recovery.Circuit.Hasten(most) is var at and < long.MaxValue)
        {
            WakeAt_NeedsLock(at);
        }
    }

    /// <summary>Not when the pool is full: what it could not create, nobody misses.</summary>
    private bool IsRejecting_NeedsLock() =>
        _recovery is { } recovery && !recovery.Circuit.IsClosed && !IsPaused
        && Usable_NeedsLock() < (recovery.WaitsForReturn(IsServing_NeedsLock()) ? 1 : _maxSize);

    /// <summary>
    /// How many loans have ended whose resource was good: all, but for those that it was destroyed after, or is being. One that
    /// was returned broken, and not found out yet, counts for a moment; who waits has it looked at.
    /// </summary>
    private long GoodReturns()
    {
        var states = CountStates();
        return states.Loans + _neverLent - states.InUse - (states.Leaving - states.Doomed)
            - Interlocked.Read(ref _destroyedFor[(int)DestroyReason.Invalidated])
            - Interlocked.Read(ref _destroyedFor[(int)DestroyReason.ValidationFailed])
            - Interlocked.Read(ref _destroyedFor[(int)DestroyReason.ResetFailed]);
    }

    private void BeginSampling_NeedsLock()
    {
        _goodBefore = _goodThen = GoodReturns();
        _sampledAt = TimeProvider.GetTimestamp();
    }

    /// <summary>At each tick while creations fail: what came back a second ago and more is forgotten.</summary>
    private void Sample_NeedsLock()
    {
        if (_recovery is { Circuit.IsClosed: false } && TimeProvider.GetElapsedTime(_sampledAt) >= SamplePeriod)
        {
            _goodBefore = _goodThen;
            _goodThen = GoodReturns();
            _sampledAt = TimeProvider.GetTimestamp();
        }
    }

    /// <summary>Whether what is lent has come back good within the last one or two seconds.</summary>
    private bool IsServing_NeedsLock() => GoodReturns() > _goodBefore;

    private CircuitOpenException CircuitOpen() =>
        _recovery!.Circuit.Reject($"Pool '{Name}' has nothing idle, and creates nothing: ");

    /// <summary>
    /// How many are idle, or in the pool's hands: validated, reset, or on their way to whoever waits. From the words alone, so
    /// that none is overlooked between two of these.
    /// </summary>
    private int Served_NeedsLock()
    {
        var states = CountStates();
        return states.Idle + states.Held - _creating - _hung;
    }

    /// <summary>Tells what was decided, when the lock is free.</summary>
    private void Tell(in PoolTelling telling, Exception? failure = null)
    {
        _recovery?.Circuit.Tell(telling.Round);
        foreach (var waiter in telling.Failed ?? [])
        {
            waiter.Fail(FailureFor(failure!));
        }

        foreach (var waiter in telling.Rejected ?? [])
        {
            waiter.Fail(CircuitOpen());
        }

        if (telling.Failed is not null || telling.Rejected is not null)
        {
            SettleIfClosing();
        }

        if (telling.TooManyRecoveries is { } many)
        {
            var text = TooManyRecoveries(many);
            PoolLog.Unhealthy(_logger, Name, text);
            Events?.Raise(PoolEventKind.Unhealthy, text);
        }
    }

    private string TooManyRecoveries(int count) =>
        $"Creations had to recover more than {count - 1} time(s) (MaxRecoveries) within "
        + $"{_recovery!.Options.RecoveryPeriod} (RecoveryPeriod).";

    /// <summary>
    /// Why the circuit is not closed; null when it is. Not under the lock: what a failure says is others' code.
    /// </summary>
    private static string? WhyOpen(CircuitStatistics? circuit) => circuit?.State switch
    {
        null or CircuitState.Closed => null,
        CircuitState.Isolated => "its circuit is isolated",
        var state => $"its circuit is {(state == CircuitState.Open ? "open" : "half-open")}"
            + (circuit.LastFailure is { } last ? $" after: {FailureText.Of(last)}" : string.Empty),
    };

    /// <summary>How the pool is, from what it knows, and why if it is not well.</summary>
    private (ResourceHealth Health, string? Reason) Judge(string? whyOpen, int? tooMany, int usable)
    {
        if (tooMany is { } many)
        {
            return (ResourceHealth.Unhealthy, TooManyRecoveries(many));
        }

        if (whyOpen is not null)
        {
            return (usable > 0 ? ResourceHealth.Degraded : ResourceHealth.Unhealthy,
                $"The pool creates nothing, as {whyOpen}; {usable} resource(s) are usable.");
        }

        return _failuresInARow == 0 ? (ResourceHealth.Healthy, null)
            : usable > 0 ? (ResourceHealth.Degraded, $"Creating has failed {_failuresInARow} time(s) in a row.")
            : (ResourceHealth.Unhealthy, $"No resource is usable, and creating has failed {_failuresInARow} time(s) in a row.");
    }
}
