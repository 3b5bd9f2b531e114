namespace Pepper.Resources.Recovery;

/// <summary>
/// How a <see cref="RetryStrategy"/> behaves. It copies what it is given: later changes have no effect. Not thread safe while it
/// is being set up.
/// </summary>
public sealed class RetryOptions
{
    /// <summary>The name in messages and logs: not empty. Default: <c>default</c>.</summary>
    public string Name { get; set; } = "default";

    /// <summary>How many attempts there are at most, the first included: 1 to 1000. Default: 3.</summary>
    public int MaxAttempts { get; set; } = 3;

    /// <summary>The delay before the second attempt, before jitter: zero to 1 day. Default: 1 second.</summary>
    public TimeSpan InitialDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// No delay is longer, whatever jitter, growth, <see cref="DelayGenerator"/> or a server make of it: zero to 1 day. Default:
    /// 30 seconds.
    /// </summary>
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>By which factor each delay is longer than the one before: 1 to 100. Default: 2.</summary>
    public double ExponentialBase { get; set; } = 2.0;

    /// <summary>Whether chance spreads the delays, as <see cref="JitterKind"/> says. Default: true.</summary>
    public bool Jitter { get; set; } = true;

    /// <summary>How chance spreads the delays. Default: <see cref="RetryJitter.Proportional"/>.</summary>
    public RetryJitter JitterKind { get; set; } = RetryJitter.Proportional;

    /// <summary>
    /// No attempt begins later than so long after the first: above zero, to 1 day; <c>null</c> for no limit. It ends no attempt;
    /// a <see cref="TimeoutStrategy"/> does. Default: <c>null</c>.
    /// </summary>
    public TimeSpan? MaxElapsedTime { get; set; }

    /// <summary>
    /// Whether work that is handed to this strategy may run more than once. With <c>false</c> it is repeated only when its
    /// failure says that it had no effect (<see cref="IRetryHint.MayRetry"/>). A <see cref="RecoveryPipeline"/> does not look
    /// here: it asks each call. Default: true.
    /// </summary>
    public bool IsIdempotent { get; set; } = true;

    /// <summary>
    /// Which failures are worth another attempt; what it throws means no. It is not asked about the caller's own cancellation,
    /// nor about failures whose <see cref="IRetryHint.MayRetry"/> is false. Default: <c>null</c>, all but those that another
    /// attempt cannot change: <see cref="ArgumentException"/>, <see cref="NotSupportedException"/>,
    /// <see cref="ObjectDisposedException"/>, <see cref="CircuitOpenException"/>, <see cref="MaxRetriesExceededException"/>.
    /// </summary>
    public Func<RetryFailure, bool>? ShouldRetry { get; set; }

    /// <summary>
    /// The delay before the next attempt, instead of the exponential one; <c>null</c> from it for that. Jitter is its own matter;
    /// <see cref="MaxDelay"/> caps it. What it throws counts as <c>null</c>. Default: <c>null</c>.
    /// </summary>
    public Func<RetryFailure, TimeSpan?>? DelayGenerator { get; set; }

    /// <summary>
    /// Reads from a failure how long the server asks to wait. Default: <c>null</c>, <see cref="IRetryHint.RetryAfter"/> of the
    /// failure or of what caused it. The next attempt is never earlier than that; if that is more than <see cref="MaxDelay"/>,
    /// there is none.
    /// </summary>
    public Func<Exception, TimeSpan?>? RetryAfter { get; set; }

    /// <summary>What retries are paid from, shared with other strategies. Default: <c>null</c>, no bound.</summary>
    public RetryBudget? Budget { get; set; }

    /// <summary>Where chance comes from: from 0 to below 1.</summary>
    internal Func<double> NextRandom { get; set; } = static () => System.Random.Shared.NextDouble();

    /// <summary>The same options again, to change one of them. What they refer to is not copied.</summary>
    /// <returns>A copy.</returns>
    public RetryOptions Copy() => (RetryOptions)MemberwiseClone();

    internal RetryOptions Freeze()
    {
        var faults = new OptionFaults();
        faults.AddName(Name);
        faults.AddCount(nameof(MaxAttempts), MaxAttempts, 1, 1000);
        faults.AddTime(nameof(InitialDelay), InitialDelay, mayBeZero: true);
        faults.AddTime(nameof(MaxDelay), MaxDelay, mayBeZero: true);
        faults.AddTime(nameof(MaxElapsedTime), MaxElapsedTime);
        faults.AddNumber(nameof(ExponentialBase), ExponentialBase, 1, 100);
        if (!Enum.IsDefined(JitterKind))
        {
            faults.Add($"JitterKind is {JitterKind}, which is none.");
        }

        faults.ThrowIfAny("retry strategy", Name);
        return Copy();
    }
}
