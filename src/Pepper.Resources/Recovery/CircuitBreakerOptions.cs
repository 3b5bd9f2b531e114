namespace Pepper.Resources.Recovery;

/// <summary>
/// How a <see cref="CircuitBreaker"/> behaves. It copies what it is given: later changes have no effect. Not thread safe while it
/// is being set up.
/// </summary>
public sealed class CircuitBreakerOptions
{
    /// <summary>The name in messages, logs and metrics: not empty. Default: <c>default</c>.</summary>
    public string Name { get; set; } = "default";

    /// <summary>
    /// How many failures in a row open the circuit: 1 or more; <see cref="int.MaxValue"/> for any number. Default: 5.
    /// </summary>
    public int FailureThreshold { get; set; } = 5;

    /// <summary>How long calls are rejected before one may be a trial: above zero, to 1 day. Default: 60 seconds.</summary>
    public TimeSpan ResetTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// By which factor each break is longer than the one before, until a trial succeeds: 1 to 100. Default: 1.
    /// </summary>
    public double ResetTimeoutGrowth { get; set; } = 1.0;

    /// <summary>
    /// No break is longer, after growth and jitter: <see cref="ResetTimeout"/> to 1 day. Default: <c>null</c>, ten times
    /// <see cref="ResetTimeout"/>.
    /// </summary>
    public TimeSpan? MaxResetTimeout { get; set; }

    /// <summary>
    /// By which part chance makes a break shorter or longer: 0 to 1; 0.2 makes 48 to 72 seconds of 60. Default: 0.
    /// </summary>
    public double ResetTimeoutJitter { get; set; }

    /// <summary>
    /// How long a trial may take: above zero, to 1 day. After it its token is cancelled, its caller is told, and it counts as a
    /// failure, whatever becomes of it. Default: 5 seconds.
    /// </summary>
    public TimeSpan HalfOpenTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How many trials must succeed to close the circuit, which is also how many may run at the same time: 1 to 100. One failure
    /// opens it again. Default: 1. In a pool, whose trials each make a resource, fewer are enough when it is full.
    /// </summary>
    public int HalfOpenTrials { get; set; } = 1;

    /// <summary>
    /// Which part of the calls within <see cref="Window"/> must fail to open the circuit: above 0, to 1; <c>null</c> for none.
    /// Default: <c>null</c>.
    /// </summary>
    public double? FailureRatio { get; set; }

    /// <summary>
    /// From which duration on a call is slow: above zero, to 1 day; <c>null</c>: none is. A slow trial counts as a failure.
    /// Default: <c>null</c>.
    /// </summary>
    public TimeSpan? SlowCallThreshold { get; set; }

    /// <summary>
    /// Which part of the calls within <see cref="Window"/> must be slow to open the circuit: above 0, to 1. Only with
    /// <see cref="SlowCallThreshold"/>. Default: 0.5.
    /// </summary>
    public double SlowCallRatio { get; set; } = 0.5;

    /// <summary>The time over which ratios are taken, in ten steps: 10 ms to 1 day. Default: 30 seconds.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>With fewer calls within <see cref="Window"/> no ratio opens the circuit: 1 or more. Default: 20.</summary>
    public int MinimumCalls { get; set; } = 20;

    /// <summary>
    /// Which failures count. Others are neutral: they neither open the circuit nor close it. What it throws means yes. It is not
    /// asked about the caller's own cancellation, which never counts. Default: <c>null</c>, all.
    /// </summary>
    public Func<Exception, bool>? IsFailure { get; set; }

    /// <summary>Where chance comes from: from 0 to below 1.</summary>
    internal Func<double> NextRandom { get; set; } = static () => System.Random.Shared.NextDouble();

    /// <summary>Whether ratios are watched, which takes a lock for each call.</summary>
    internal bool HasWindow => FailureRatio is not null || SlowCallThreshold is not null;

    internal TimeSpan LongestBreak => MaxResetTimeout
        ?? TimeSpan.FromTicks(Math.Min(ResetTimeout.Ticks * 10, OptionFaults.LongestTime.Ticks));

    /// <summary>The same options again, to change one of them. What they refer to is not copied.</summary>
    /// <returns>A copy.</returns>
    public CircuitBreakerOptions Copy() => (CircuitBreakerOptions)MemberwiseClone();

    internal CircuitBreakerOptions Freeze()
    {
        var faults = new OptionFaults();
        AddFaults(faults);
        faults.ThrowIfAny("circuit breaker", Name);
        return Copy();
    }

    internal void AddFaults(OptionFaults faults)
    {
        faults.AddName(Name);
        faults.AddCount(nameof(FailureThreshold), FailureThreshold, 1, int.MaxValue);
        faults.AddTime(nameof(ResetTimeout), ResetTimeout);
        faults.AddNumber(nameof(ResetTimeoutGrowth), ResetTimeoutGrowth, 1, 100);
        faults.AddTime(nameof(MaxResetTimeout), MaxResetTimeout);
        if (MaxResetTimeout < ResetTimeout)
        {
            faults.Add($"MaxResetTimeout is {MaxResetTimeout}, but must not be below ResetTimeout ({ResetTimeout}).");
        }

        faults.AddNumber(nameof(ResetTimeoutJitter), ResetTimeoutJitter, 0, 1);
        faults.AddTime(nameof(HalfOpenTimeout), HalfOpenTimeout);
        faults.AddCount(nameof(HalfOpenTrials), HalfOpenTrials, 1, 100);
        faults.AddNumber(nameof(FailureRatio), FailureRatio, double.Epsilon, 1);
        faults.AddTime(nameof(SlowCallThreshold), SlowCallThreshold);
        faults.AddNumber(nameof(SlowCallRatio), SlowCallRatio, double.Epsilon, 1);
        faults.AddTime(nameof(Window), Window);
        if (Window < TimeSpan.FromMilliseconds(10) && Window > TimeSpan.Zero)
        {
            faults.Add($"Window is {Window}, but must be 10 ms or more.");
        }

        faults.AddCount(nameof(MinimumCalls), MinimumCalls, 1, int.MaxValue);
    }
}
