using System.Diagnostics;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <content>The state machine: who may call, what results come to, and the transitions.</content>
public sealed partial class CircuitBreaker
{
    private readonly Lock _lock = new();
    private volatile CircuitPhase _phase;
    private CircuitSubscription[] _subscriptions = [];
    private Exception? _lastFailure;
    private long _failures;
    private long _slowCalls;
    private long _neutral;
    private long _stale;
    private long _opened;
    private long _transitions;

    /// <summary>Asks to make a call. Whoever is admitted ends the permit once.</summary>
    /// <exception cref="ObjectDisposedException">The circuit was disposed.</exception>
    internal bool TryEnter(out CircuitPermit permit, out CircuitRejection rejection)
    {
        var phase = _phase;
        rejection = default;
        if (phase.State == CircuitState.Closed)
        {
            permit = new CircuitPermit(phase, -1, phase.Window is null ? 0 : _clock.Now);
            return true;
        }

        ObjectDisposedException.ThrowIf(phase.IsEnd, this);
        if (IsOver(phase) && TryEnterTrial(out permit, out phase))
        {
            return true;
        }

        permit = default;
        rejection = new CircuitRejection(phase.State, RetryAfter(phase, _clock.Now), phase);
        _rejected.Increment();
        RecoveryActivities.MarkRejection(Name, NameOf(phase.State));
        return false;
    }

    internal void Succeed(in CircuitPermit permit)
    {
        var phase = permit.Phase;
        if (!permit.IsTrial && phase.FailuresInARow == 0 && phase.Window is null && ReferenceEquals(phase, _phase))
        {
            _successes.Increment();
            return;
        }

        var round = NewRound();
        Succeed(permit, ref round);
        Tell(round);
    }

    /// <summary>The same, told by the caller, who may hold a lock of its own.</summary>
    internal void Succeed(in CircuitPermit permit, ref CircuitRound round)
    {
        round.Begin(_clock, _timeProvider);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            var isSlow = CountSlow_NeedsLock(permit, round.Now);
            Settle_NeedsLock(ref round);
            if (!IsCurrent_NeedsLock(permit))
            {
                CountStale_NeedsLock(permit);
            }
            else if (permit.IsTrial)
            {
                EndTrial_NeedsLock(ref round, permit, isSlow ? TooSlow() : null);
            }
            else
            {
                permit.Phase.FailuresInARow = 0;
                _successes.Increment();
                AddToWindow_NeedsLock(ref round, isFailure: false, isSlow, cause: null);
            }
        }
    }

    internal void Fail(in CircuitPermit permit, Exception failure)
    {
        var round = NewRound();
        Fail(permit, failure, ref round);
        Tell(round);
    }

    /// <summary>The same, told by the caller, who may hold a lock of its own.</summary>
    /// <param name="permit">The call's.</param>
    /// <param name="failure">What it failed by.</param>
    /// <param name="round">What happens.</param>
    /// <param name="weight">As how many in a row it counts.</param>
    internal void Fail(in CircuitPermit permit, Exception failure, ref CircuitRound round, int weight = 1)
    {
        round.Begin(_clock, _timeProvider);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            var isSlow = CountSlow_NeedsLock(permit, round.Now);
            Settle_NeedsLock(ref round);
            if (!IsCurrent_NeedsLock(permit))
            {
                CountStale_NeedsLock(permit);
            }
            else if (permit.IsTrial)
            {
                EndTrial_NeedsLock(ref round, permit, failure);
            }
            else
            {
                _failures++;
                _lastFailure = failure;
                permit.Phase.FailuresInARow += weight;
                if (permit.Phase.FailuresInARow >= _options.FailureThreshold)
                {
                    Open_NeedsLock(ref round, round.Now, failure, $"{permit.Phase.FailuresInARow} failure(s) in a row");
                }
                else
                {
                    AddToWindow_NeedsLock(ref round, isFailure: true, isSlow, failure);
                }
            }
        }
    }

    /// <summary>The call came to nothing that says how things are. The place of a trial is free for the next.</summary>
    internal void Abstain(in CircuitPermit permit)
    {
        var round = NewRound();
        Abstain(permit, ref round);
        Tell(round);
    }

    /// <summary>The same, told by the caller, who may hold a lock of its own.</summary>
    internal void Abstain(in CircuitPermit permit, ref CircuitRound round)
    {
        round.Begin(_clock, _timeProvider);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            Settle_NeedsLock(ref round);
            if (!IsCurrent_NeedsLock(permit))
            {
                CountStale_NeedsLock(permit);
            }
            else
            {
                _neutral++;
                if (permit.IsTrial)
                {
                    permit.Phase.FreeTrial(permit.Trial);
                }
            }
        }
    }

    private static string NameOf(CircuitState state) => state switch
    {
        CircuitState.Closed => "closed",
        CircuitState.HalfOpen => "half_open",
        CircuitState.Open => "open",
        _ => "isolated",
    };

    private TimeSpan RetryAfter(CircuitPhase phase, long now) => phase.State switch
    {
        CircuitState.Open => _clock.Between(now, phase.Until),
        CircuitState.HalfOpen when phase.EarliestDeadline is var deadline and < long.MaxValue => _clock.Between(now, deadline),
        CircuitState.Isolated => Timeout.InfiniteTimeSpan,
        _ => TimeSpan.Zero,
    };

    // Whether the lock is worth taking: while the break lasts, nothing changes.
    private bool IsOver(CircuitPhase phase) => phase.State switch
    {
        CircuitState.Open => _clock.Now >= phase.Until,
        CircuitState.Isolated => false,
        _ => true,
    };

    private bool TryEnterTrial(out CircuitPermit permit, out CircuitPhase phase)
    {
        var round = NewRound();
        try
        {
            return TryEnterTrial(ref round, out permit, out phase);
        }
        finally
        {
            Tell(round);
        }
    }

    private bool TryEnterTrial(ref CircuitRound round, out CircuitPermit permit, out CircuitPhase phase)
    {
        round.Begin(_clock, _timeProvider);
        var trial = -1;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            Settle_NeedsLock(ref round);
            if (_phase.State == CircuitState.Open && round.Now >= _phase.Until)
            {
                Become_NeedsLock(ref round, new CircuitPhase(CircuitState.HalfOpen, _phase.Number + 1)
                {
                    BreaksInARow = _phase.BreaksInARow,
                    Cause = _phase.Cause,
                    Trials = CircuitPhase.NewTrials(_options.HalfOpenTrials),
                });
            }

            phase = _phase;
            if (phase.State == CircuitState.HalfOpen)
            {
                trial = phase.TakeTrial(_clock.After(round.Now, _options.HalfOpenTimeout));
            }
        }

        ObjectDisposedException.ThrowIf(phase.IsEnd, this);
        permit = new CircuitPermit(phase, trial, round.Now);
        return trial >= 0 || phase.State == CircuitState.Closed;
    }

    // What time alone does: trials that took too long are failures, from when their time was over, not from when somebody looks.
    private void Settle_NeedsLock(ref CircuitRound round)
    {
        var phase = _phase;
        var deadline = phase.EarliestDeadline;
        if (phase.State == CircuitState.HalfOpen && deadline <= round.Now)
        {
            var given = phase.GiveUpTrials(round.Now);
            _failures += given;
            var failure = new ExecutionTimeoutException(
                $"A trial of circuit '{Name}' did not end within {_options.HalfOpenTimeout} "
                + "(CircuitBreakerOptions.HalfOpenTimeout).",
                _options.HalfOpenTimeout, isAbandoned: true, Name);
            _lastFailure = failure;
            Open_NeedsLock(ref round, deadline, failure, "a trial did not end in time");
        }
    }

    private void EndTrial_NeedsLock(ref CircuitRound round, in CircuitPermit permit, Exception? failure)
    {
        var phase = permit.Phase;
        phase.FreeTrial(permit.Trial);
        if (failure is not null)
        {
            _failures++;
            _lastFailure = failure;
            Open_NeedsLock(ref round, round.Now, failure, "a trial failed");
            return;
        }

        _successes.Increment();
        phase.Successes++;
        if (phase.Successes >= phase.Trials.Length)
        {
            Become_NeedsLock(ref round, NewClosedPhase(phase.Number + 1));
        }
    }

    private void AddToWindow_NeedsLock(ref CircuitRound round, bool isFailure, bool isSlow, Exception? cause)
    {
        if (_phase.Window is not { } window)
        {
            return;
        }

        var options = _options;
        window.Add(round.Now, isFailure, isSlow);
        var (calls, failures, slow) = window.Read(round.Now);
        if (calls < options.MinimumCalls)
        {
            return;
        }

        if (options.FailureRatio is { } ratio && failures >= ratio * calls)
        {
            Open_NeedsLock(ref round, round.Now, cause ?? _lastFailure, $"{failures} of {calls} calls failed");
        }
        else if (options.SlowCallThreshold is not null && slow >= options.SlowCallRatio * calls)
        {
            Open_NeedsLock(ref round, round.Now, TooSlow(), $"{slow} of {calls} calls were slow");
        }
    }

    private void Open_NeedsLock(ref CircuitRound round, long from, Exception? cause, string reason) =>
        Open_NeedsLock(ref round, from, cause, reason, _phase.BreaksInARow + 1);

    private void Open_NeedsLock(ref CircuitRound round, long from, Exception? cause, string reason, int breaks)
    {
        var options = _options;
        var longest = (double)options.LongestBreak.Ticks;
        var jitter = options.ResetTimeoutJitter * ((2 * options.NextRandom()) - 1);
        var ticks = options.ResetTimeout.Ticks * Math.Pow(options.ResetTimeoutGrowth, breaks - 1) * (1 + jitter);
        var length = new TimeSpan(ticks < longest ? (long)ticks : (long)longest);
        Become_NeedsLock(ref round, new CircuitPhase(CircuitState.Open, _phase.Number + 1)
        {
            BreaksInARow = breaks,
            Break = length,
            Since = from,
            Until = _clock.After(from, length),
            Cause = cause,
            Reason = reason,
        });
    }

    private void Become_NeedsLock(ref CircuitRound round, CircuitPhase next)
    {
        var previous = _phase.State;
        _phase = next;
        if (previous == next.State)
        {
            return;
        }

        _opened += next.State == CircuitState.Open ? 1 : 0;
        var transition = new CircuitTransition
        {
            Name = Name,
            From = previous,
            To = next.State,
            Sequence = ++_transitions,
            Time = round.Utc,
            Break = next.Break,
            Cause = next.State == CircuitState.Open ? next.Cause : null,
        };
        round.Add(transition, next.Reason);
        foreach (var subscription in _subscriptions)
        {
            subscription.Add(transition);
        }
    }

    private bool IsCurrent_NeedsLock(in CircuitPermit permit) => ReferenceEquals(_phase, permit.Phase);

    // A trial that was given up has been counted, as a failure.
    private void CountStale_NeedsLock(in CircuitPermit permit) =>
        _stale += permit.Phase.IsGivenUp(permit.Trial) ? 0 : 1;

    private bool CountSlow_NeedsLock(in CircuitPermit permit, long now)
    {
        var isSlow = _options.SlowCallThreshold is { } threshold && permit.Started != 0
            && _clock.Between(permit.Started, now) >= threshold;
        _slowCalls += isSlow ? 1 : 0;
        return isSlow;
    }

    private ExecutionTimeoutException TooSlow() => new(
        $"Calls through circuit '{Name}' took {_options.SlowCallThreshold} or longer (CircuitBreakerOptions.SlowCallThreshold).",
        _options.SlowCallThreshold ?? TimeSpan.Zero, isAbandoned: false, Name);

    private CircuitPhase NewClosedPhase(long number) =>
        new(CircuitState.Closed, number) { Window = NewWindow(_options) };

    private CircuitWindow? NewWindow(CircuitBreakerOptions options) =>
        options.HasWindow ? new CircuitWindow(_clock.After(0, options.Window) / 10) : null;

    private CircuitRound NewRound()
    {
        var round = default(CircuitRound);
        round.Begin(_clock, _timeProvider);
        return round;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        var phase = _phase;
        Debug.Assert(phase.State == CircuitState.HalfOpen || phase.Trials.Length == 0, "Only half-open circuits have trials.");
        Debug.Assert(phase.Successes + phase.TrialsUnderWay <= phase.Trials.Length, "No more trials than are needed.");
        Debug.Assert(phase.State == CircuitState.Open || phase.Break == TimeSpan.Zero, "Only open circuits have a break.");
        Debug.Assert(phase.State == CircuitState.Closed || phase.Window is null, "Only closed circuits watch ratios.");
    }
}
