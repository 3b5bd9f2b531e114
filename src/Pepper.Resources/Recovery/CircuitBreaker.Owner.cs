using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <content>
/// What an owner needs that makes its calls by itself, under a lock of its own: steps that are taken in it, and told after it.
/// </content>
public sealed partial class CircuitBreaker
{
    /// <summary>
    /// For an owner that makes its calls by itself, under a lock of its own: takes a permit if a call may be made now.
    /// </summary>
    internal bool TryEnter(ref CircuitRound round, out CircuitPermit permit)
    {
        var phase = _phase;
        if (phase.State == CircuitState.Closed)
        {
            permit = new CircuitPermit(phase, -1, phase.Window is null ? 0 : _clock.Now);
            return true;
        }

        permit = default;
        return !phase.IsEnd && IsOver(phase) && TryEnterTrial(ref round, out permit, out _);
    }

    /// <summary>
    /// For such an owner: whether a call could be made now; and if not, when, in the provider's monotonic time, to look again:
    /// never, when nothing but somebody's doing will change it.
    /// </summary>
    internal bool MayEnter(ref CircuitRound round, out long againAt)
    {
        againAt = long.MaxValue;
        if (_phase.State == CircuitState.Closed)
        {
            return true;
        }

        round.Begin(_clock, _timeProvider);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            Settle_NeedsLock(ref round);
            var phase = _phase;
            switch (phase.State)
            {
                case CircuitState.Open:
                    againAt = phase.Until;
                    return round.Now >= phase.Until;
                case CircuitState.HalfOpen:
                    againAt = phase.EarliestDeadline;
                    return phase.Successes + phase.TrialsUnderWay < phase.Trials.Length;
                default:
                    return phase.State == CircuitState.Closed;
            }
        }
    }

    /// <summary>
    /// For such an owner: makes the present break last no longer than so, more or less by chance as all breaks; when it is over
    /// now.
    /// </summary>
    internal long Hasten(TimeSpan most)
    {
        var phase = _phase;
        if (phase.State != CircuitState.Open || phase.IsHastened)
        {
            return phase.State == CircuitState.Open ? phase.Until : long.MaxValue;
        }

        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (!phase.IsHastened)
            {
                phase.IsHastened = true;
                var jitter = _options.ResetTimeoutJitter * ((2 * _options.NextRandom()) - 1);
                phase.Until = Math.Min(phase.Until, _clock.After(phase.Since, most * (1 + jitter)));
            }
        }

        return phase.Until;
    }

    /// <summary>
    /// For such an owner: it cannot make another trial. If some have succeeded, and none is under way that may yet fail, they are
    /// enough. Whether it is closed by that.
    /// </summary>
    internal bool TryCloseEarly(ref CircuitRound round)
    {
        if (_phase.State != CircuitState.HalfOpen)
        {
            return false;
        }

        round.Begin(_clock, _timeProvider);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            Settle_NeedsLock(ref round);
            var phase = _phase;
            if (phase.State != CircuitState.HalfOpen || phase.Successes == 0 || phase.TrialsUnderWay > 0)
            {
                return false;
            }

            Become_NeedsLock(ref round, NewClosedPhase(phase.Number + 1));
            return true;
        }
    }

    /// <summary>
    /// For such an owner: it has not been able to make a trial for a long time. If none has succeeded, and none is under way,
    /// there is another break; as nothing failed, it is no longer than the last was.
    /// </summary>
    internal void OpenWithoutTrials(ref CircuitRound round)
    {
        round.Begin(_clock, _timeProvider);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            var phase = _phase;
            if (phase.State == CircuitState.HalfOpen && phase.Successes == 0 && phase.TrialsUnderWay == 0)
            {
                Open_NeedsLock(ref round, round.Now, phase.Cause, "no trial could begin", phase.BreaksInARow);
            }
        }
    }

    /// <summary>What a call is told that is rejected now, and its count.</summary>
    /// <param name="owner">What to say of the owner, before how the circuit stands.</param>
    internal CircuitOpenException Reject(string owner)
    {
        var phase = _phase;
        _rejected.Increment();
        RecoveryActivities.MarkRejection(Name, NameOf(phase.State));
        return new CircuitRejection(phase.State, RetryAfter(phase, _clock.Now), phase).ToException(Name, owner);
    }

    // Listeners and loggers are others' code: it runs when the lock is free again.
    internal void Tell(in CircuitRound round)
    {
        if (round.Told is not { } told)
        {
            return;
        }

        foreach (var (transition, reason) in told)
        {
            _monitor.Recovery.RecordTransition(_label, NameOf(transition.To));
            if (transition.To == CircuitState.Open)
            {
                var error = transition.Cause is { } cause ? FailureText.Of(cause) : string.Empty;
                RecoveryLog.Opened(_logger, Name, transition.Break, reason ?? string.Empty, error, transition.Cause);
            }
            else
            {
                RecoveryLog.Changed(_logger, Name, NameOf(transition.From), NameOf(transition.To));
            }

            Told?.Invoke(transition);
        }
    }
}
