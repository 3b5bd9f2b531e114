namespace Pepper.Resources.Recovery;

/// <summary>
/// How many calls of the last while failed or were slow, counted in ten steps of time. Not thread safe: the breaker's lock
/// protects it.
/// </summary>
internal sealed class CircuitWindow(long stepLength)
{
    private const int Steps = 10;

    private readonly Step[] _steps = new Step[Steps];
    private readonly long _stepLength = Math.Max(1, stepLength);

    internal void Add(long now, bool isFailure, bool isSlow)
    {
        ref var step = ref StepAt(now);
        step.Calls++;
        step.Failures += isFailure ? 1 : 0;
        step.Slow += isSlow ? 1 : 0;
    }

    internal (int Calls, int Failures, int Slow) Read(long now)
    {
        var current = now / _stepLength;
        var (calls, failures, slow) = (0, 0, 0);
        foreach (ref readonly var step in _steps.AsSpan())
        {
            if (step.Number > current - Steps && step.Number <= current)
            {
                calls += step.Calls;
                failures += step.Failures;
                slow += step.Slow;
            }
        }

        return (calls, failures, slow);
    }

    private ref Step StepAt(long now)
    {
        var number = now / _stepLength;
        ref var step = ref _steps[(int)(number % Steps)];
        if (step.Number != number)
        {
            step = new Step { Number = number };
        }

        return ref step;
    }

    private struct Step
    {
        internal long Number;
        internal int Calls;
        internal int Failures;
        internal int Slow;
    }
}
