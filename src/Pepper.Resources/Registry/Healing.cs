using System.Diagnostics;
using Pepper.Resources.Monitoring;
using Pepper.Resources.Recovery;

namespace Pepper.Resources;

/// <summary>
/// Has the next resource made when one is broken, through the piece that pools create through too: at once, then after pauses,
/// and when the circuit has opened after its breaks. It belongs to no caller: nobody's token or context is in it.
/// </summary>
/// <remarks>
/// All decisions fall under one lock: who waits, who is told, when the next attempt is. Lock order: this one, then the circuit's.
/// A resource is made only when the one before has been cleaned up, and one at a time.
/// </remarks>
internal sealed partial class Healing
{
    private readonly Lock _lock = new();
    private readonly ResourceManager _manager;
    private readonly RegistryEntry _entry;
    private readonly FactoryRecovery _recovery;
    private readonly ResourceMaker _maker;
    private readonly TimeProvider _timeProvider;
    private readonly MonotonicClock _clock;
    private readonly LinkedList<HealingWaiter> _waiters = new();
    private readonly RecoveryCount _remakes;
    private HealingPhase _phase = HealingPhase.Serving;
    private Attempt? _underWay;
    private bool _wasServingAtEnd;
    private long _nextNumber;

    internal Healing(
        ResourceManager manager, RegistryEntry entry, ResourceMaker maker, FactoryRecovery recovery, TimeProvider timeProvider)
    {
        _manager = manager;
        _entry = entry;
        _maker = maker;
        _recovery = recovery;
        _remakes = new RecoveryCount(recovery.Options, timeProvider);
        _timeProvider = timeProvider;
        _clock = new MonotonicClock(timeProvider);
    }

    /// <summary>
    /// What is lent now. While it is being made anew, callers wait; while the circuit is not closed they are told at once. Null
    /// when no other is made any more.
    /// </summary>
    /// <param name="broken">One that the caller has found closed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CircuitOpenException">The circuit is not closed.</exception>
    internal async ValueTask<Registration?> GetAsync(Registration? broken, CancellationToken cancellationToken)
    {
        LinkedListNode<HealingWaiter>? place = null;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_phase == HealingPhase.Ended)
            {
                return null;
            }

            if (_phase == HealingPhase.Serving && !ReferenceEquals(_entry.Current, broken))
            {
                return _entry.Current;
            }

            if (_recovery.Circuit.IsClosed)
            {
                place = _waiters.AddLast(new HealingWaiter(_nextNumber++));
            }

            Hasten_NeedsLock();
        }

        return place is null ? throw CircuitOpen() : await WaitAsync(place, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A holder has found the resource broken; it is cleaned up after the last.</summary>
    internal void Break(Registration registration)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_phase == HealingPhase.Serving && ReferenceEquals(_entry.Current, registration))
            {
                _phase = HealingPhase.Ending;
            }
        }
    }

    /// <summary>The broken one has been cleaned up. False when no other is to be made.</summary>
    internal bool TryBeginAgain()
    {
        CircuitRound round = default;
        Attempt? attempt;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_phase == HealingPhase.Ended)
            {
                return false;
            }

            _failuresInARow = 0;
            _notBefore = 0;
            _recovery.Budget.Deposit();
            _phase = HealingPhase.Resting;
            attempt = TryBegin_NeedsLock(ref round);
        }

        _recovery.Circuit.Tell(round);
        Start(attempt);
        return true;
    }

    /// <summary>
    /// No other is made from now on; who waits is told. What is being made is given up, and the id is free after that.
    /// </summary>
    /// <returns>The resource whose end is the last thing to come; null when there is none.</returns>
    internal Registration? End()
    {
        List<HealingWaiter> waiters;
        HealingPhase before;
        Attempt? givenUp;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            before = _phase;
            if (before != HealingPhase.Ended)
            {
                _phase = HealingPhase.Ended;
                _wasServingAtEnd = before is HealingPhase.Serving or HealingPhase.Ending;
                _timer?.Dispose();
                _timer = null;
            }

            (givenUp, _underWay) = (_underWay, null);
            waiters = TakeWaiters_NeedsLock(long.MaxValue);
        }

        if (before != HealingPhase.Ended)
        {
            _ = givenUp is { } attempt ? ResourceMaker.CancelAsync(attempt.Source) : Task.CompletedTask;
            _recovery.Circuit.Dispose();
            waiters.ForEach(static waiter => waiter.Tell(null, null));
            if (before == HealingPhase.Resting)
            {
                _manager.Forget(_entry);
            }
        }

        return _wasServingAtEnd ? _entry.Current : null;
    }

    internal HealingReport GetReport()
    {
        HealingPhase phase;
        long remade;
        int? tooMany;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            (phase, remade, tooMany) = (_phase, _remakes.All, _remakes.CountTooMany_NeedsLock());
        }

        var circuit = phase == HealingPhase.Ended ? null : _recovery.Circuit.Statistics;
        var why = WhyNotServing(phase, circuit) ?? (tooMany is { } many ? TooMany(many) : null);
        return new HealingReport(circuit, remade, why is null ? ResourceHealth.Healthy : ResourceHealth.Unhealthy, why);
    }

    private static string? WhyNotServing(HealingPhase phase, CircuitStatistics? circuit) => phase switch
    {
        HealingPhase.Serving => null,
        HealingPhase.Ending => "A holder found it broken; it is made anew when its last holder has returned it.",
        HealingPhase.Ended => "It is being released.",
        _ => (circuit is { State: CircuitState.Closed }
                ? "It was found broken and is being made anew"
                : "It was found broken, and its circuit is not closed")
            + (circuit?.LastFailure is { } last && (circuit.State != CircuitState.Closed || circuit.FailuresInARow > 0)
                ? $"; last failure: {FailureText.Of(last)}" : "."),
    };

    private string TooMany(int count) =>
        $"It had to be made anew more than {count - 1} time(s) (MaxRecoveries) within {_recovery.Options.RecoveryPeriod} "
        + "(RecoveryPeriod).";

    private CircuitOpenException CircuitOpen() => _recovery.Circuit.Reject(
        $"Resource '{_entry.Id}' was found broken and could not be made anew (FactoryRecoveryOptions): ");

    private async ValueTask<Registration?> WaitAsync(
        LinkedListNode<HealingWaiter> place, CancellationToken cancellationToken)
    {
        try
        {
            var (made, failure) = await place.Value.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return failure is null ? made : throw failure;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                if (place.List is not null)
                {
                    _waiters.Remove(place);
                }
            }

            throw;
        }
    }

    /// <summary>Those who came before one with that number, the first first.</summary>
    private List<HealingWaiter> TakeWaiters_NeedsLock(long before)
    {
        List<HealingWaiter> taken = [];
        while (_waiters.First is { } first && first.Value.Number < before)
        {
            _waiters.RemoveFirst();
            taken.Add(first.Value);
        }

        return taken;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(
            _waiters.Count == 0 || (_phase != HealingPhase.Ended && _recovery.Circuit.IsClosed),
            "Nobody waits for what is not made.");
        Debug.Assert(_timer is null || _phase != HealingPhase.Ended, "What has ended has no timer.");
    }
}
