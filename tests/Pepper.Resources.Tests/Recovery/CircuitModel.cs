using Pepper.Resources.Recovery;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>What can happen to a circuit.</summary>
internal enum ModelAction
{
    Enter,
    Succeed,
    Fail,
    Abstain,
    Advance,
    Isolate,
    Reset,
}

/// <summary>One step: the number is which of the calls under way, or how many seconds.</summary>
internal readonly record struct ModelStep(ModelAction Action, int Number);

/// <summary>
/// A circuit as its rules say it, in the plainest words: no phases, no locks, times in whole seconds. Breaks last 10 s, trials
/// 5 s.
/// </summary>
internal sealed class CircuitModel(int threshold, int trials, int growth)
{
    private readonly Dictionary<int, (int Generation, int? Deadline)> _calls = [];
    private int _generation;
    private int _inARow;
    private int _breaks;
    private int _until;
    private int _goodTrials;

    internal CircuitState State { get; private set; }

    internal int Now { get; private set; }

    internal IReadOnlyList<int> Calls => [.. _calls.Keys.Order()];

    internal int RetryAfter => State switch
    {
        CircuitState.Open => Math.Max(0, _until - Now),
        CircuitState.HalfOpen when Trials.Any() => Trials.Min() - Now,
        CircuitState.Isolated => -1,
        _ => 0,
    };

    private IEnumerable<int> Trials => _calls.Values.Where(call => call.Generation == _generation && call.Deadline is not null)
        .Select(call => call.Deadline!.Value);

    internal void Advance(int seconds)
    {
        Now += seconds;
        if (State == CircuitState.HalfOpen && Trials.Any(deadline => deadline <= Now))
        {
            Open(Trials.Min());
        }
    }

    internal bool Enter(int call)
    {
        if (State == CircuitState.Open && Now >= _until)
        {
            Become(CircuitState.HalfOpen);
            _goodTrials = 0;
        }

        var isTrial = State == CircuitState.HalfOpen && _goodTrials + Trials.Count() < trials;
        if (State != CircuitState.Closed && !isTrial)
        {
            return false;
        }

        _calls[call] = (_generation, isTrial ? Now + 5 : null);
        return true;
    }

    internal void End(int call, bool? success)
    {
        _calls.Remove(call, out var was);
        if (was.Generation != _generation || success is null)
        {
            return;
        }

        switch (State, success)
        {
            case (CircuitState.Closed, true):
                _inARow = 0;
                break;
            case (CircuitState.Closed, false) when ++_inARow >= threshold:
            case (CircuitState.HalfOpen, false):
                Open(Now);
                break;
            case (CircuitState.HalfOpen, true) when ++_goodTrials == trials:
                Close();
                break;
        }
    }

    internal void Isolate()
    {
        if (State != CircuitState.Isolated)
        {
            _breaks = 0;
            Become(CircuitState.Isolated);
        }
    }

    internal void Close()
    {
        _breaks = 0;
        _inARow = 0;
        Become(CircuitState.Closed);
    }

    private void Open(int from)
    {
        _until = from + Math.Min(40, 10 * (int)Math.Pow(growth, _breaks++));
        Become(CircuitState.Open);
    }

    private void Become(CircuitState state)
    {
        State = state;
        _generation++;
    }
}

/// <summary>A sequence of steps, run on a circuit and on its model side by side.</summary>
internal sealed record ModelProgram(int Threshold, int Trials, int Growth, IReadOnlyList<ModelStep> Steps)
{
    internal IEnumerable<ModelProgram> Shrink() =>
        Enumerable.Range(0, Steps.Count).Select(index => this with { Steps = [.. Steps.Where((_, at) => at != index)] });

    public override string ToString() =>
        $"threshold {Threshold}, trials {Trials}, growth {Growth}: "
        + string.Join(", ", Steps.Select(step => $"{step.Action} {step.Number}"));

    internal void Run() => Run(static _ => true);

    internal void Run(Func<CircuitState, bool> note)
    {
        var time = new ManualTimeProvider();
        using var monitor = new ResourceMonitor();
        using var breaker = new CircuitBreaker(
            new CircuitBreakerOptions
            {
                FailureThreshold = Threshold,
                HalfOpenTrials = Trials,
                ResetTimeout = TimeSpan.FromSeconds(10),
                ResetTimeoutGrowth = Growth,
                MaxResetTimeout = TimeSpan.FromSeconds(40),
            },
            time, monitor);
        var model = new CircuitModel(Threshold, Trials, Growth);
        Dictionary<int, CircuitPermit> permits = [];
        for (var index = 0; index < Steps.Count; index++)
        {
            var step = Steps[index];
            Take(step, index, time, breaker, model, permits);
            var statistics = breaker.Statistics;
            var retryAfter = model.RetryAfter < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(model.RetryAfter);
            Assert.True(
                (statistics.State, statistics.RetryAfter) == (model.State, retryAfter),
                $"After step {index} ({step.Action} {step.Number}): the circuit is {statistics.State}, {statistics.RetryAfter}; "
                + $"the model {model.State}, {retryAfter}.");
            note(model.State);
        }
    }

    private static void Take(
        ModelStep step,
        int index,
        ManualTimeProvider time,
        CircuitBreaker breaker,
        CircuitModel model,
        Dictionary<int, CircuitPermit> permits)
    {
        var call = model.Calls.Count == 0 ? -1 : model.Calls[step.Number % model.Calls.Count];
        switch (step.Action)
        {
            case ModelAction.Enter:
                var isIn = breaker.TryEnter(out var permit, out _);
                Assert.True(isIn == model.Enter(index), $"Step {index}: the circuit {(isIn ? "admits" : "rejects")} a call.");
                if (isIn)
                {
                    permits[index] = permit;
                }

                break;
            case ModelAction.Advance:
                time.Advance(TimeSpan.FromSeconds(step.Number));
                model.Advance(step.Number);
                break;
            case ModelAction.Isolate:
                breaker.Isolate();
                model.Isolate();
                break;
            case ModelAction.Reset:
                breaker.Reset();
                model.Close();
                break;
            case ModelAction.Succeed when call >= 0:
                breaker.Succeed(permits[call]);
                model.End(call, true);
                break;
            case ModelAction.Fail when call >= 0:
                breaker.Fail(permits[call], new InvalidOperationException());
                model.End(call, false);
                break;
            case ModelAction.Abstain when call >= 0:
                breaker.Abstain(permits[call]);
                model.End(call, null);
                break;
        }
    }
}
