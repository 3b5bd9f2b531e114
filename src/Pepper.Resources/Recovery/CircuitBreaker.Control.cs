using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <content>What operators see and do.</content>
public sealed partial class CircuitBreaker
{
    /// <summary>How the circuit stands, and what its calls came to. The numbers are of one moment, but for the successes and
    /// rejections, which go on while they are read.</summary>
    public CircuitStatistics Statistics
    {
        get
        {
            var round = NewRound();
            CircuitStatistics statistics;
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                Settle_NeedsLock(ref round);
                statistics = new CircuitStatistics
                {
                    Name = Name,
                    State = _phase.State,
                    Generation = _phase.Number,
                    FailuresInARow = _phase.FailuresInARow,
                    Trials = _phase.TrialsUnderWay,
                    RetryAfter = RetryAfter(_phase, round.Now),
                    Successes = _successes.Read(),
                    Failures = _failures,
                    SlowCalls = _slowCalls,
                    Neutral = _neutral,
                    Stale = _stale,
                    Rejected = _rejected.Read(),
                    Opened = _opened,
                    Transitions = _transitions,
                    LastFailure = _lastFailure,
                };
            }

            Tell(round);
            return statistics;
        }
    }

    /// <summary>
    /// Rejects calls until <see cref="Reset"/> is called. Results of calls that are under way do not count.
    /// </summary>
    /// <param name="reason">Why, for the messages of those who are rejected.</param>
    public void Isolate(string? reason = null)
    {
        var round = NewRound();
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_phase.State != CircuitState.Isolated)
            {
                Become_NeedsLock(ref round, new CircuitPhase(CircuitState.Isolated, _phase.Number + 1) { Reason = reason });
            }
        }

        Tell(round);
    }

    /// <summary>Closes the circuit and forgets its failures. Results of calls that are under way do not count.</summary>
    /// <exception cref="ObjectDisposedException">The circuit was disposed.</exception>
    public void Reset()
    {
        var round = NewRound();
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            ObjectDisposedException.ThrowIf(_phase.IsEnd, this);
            Become_NeedsLock(ref round, NewClosedPhase(_phase.Number + 1));
        }

        Tell(round);
    }

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

    /// <summary>What a call is told that is rejected now, and its count.</summary>
    /// <param name="owner">What to say of the owner, before how the circuit stands.</param>
    internal CircuitOpenException Reject(string owner)
    {
        var phase = _phase;
        _rejected.Increment();
        RecoveryActivities.MarkRejection(Name, NameOf(phase.State));
        return new CircuitRejection(phase.State, RetryAfter(phase, _clock.Now), phase).ToException(Name, owner);
    }

    private CircuitPhase GetPhase()
    {
        if (_phase.State == CircuitState.HalfOpen)
        {
            var round = NewRound();
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                Settle_NeedsLock(ref round);
            }

            Tell(round);
        }

        return _phase;
    }
}
