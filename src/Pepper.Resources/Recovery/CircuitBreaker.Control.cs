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
