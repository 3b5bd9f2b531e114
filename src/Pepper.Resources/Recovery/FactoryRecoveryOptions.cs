namespace Pepper.Resources.Recovery;

/// <summary>
/// How whoever keeps resources behaves when creating them fails. The keeper copies what it is given: later changes have no
/// effect. Not thread safe while it is being set up.
/// </summary>
public sealed class FactoryRecoveryOptions
{
    /// <summary>
    /// The circuit that creations go through, each with its first validation; acquires, uses and returns do not. It takes its
    /// name from the keeper, and what counts from <see cref="Classify"/>. Its trials are probes of the keeper's own, of no
    /// caller; what a probe makes is kept. Default: 5 failures in a row open it, for 1 second, twice as long each further time
    /// up to 30 seconds, and 20 % more or less by chance; a probe may take 5 seconds. A creation that fails after it took as
    /// long as a probe may counts as two, if none has succeeded meanwhile: each costs those who wait so much.
    /// </summary>
    public CircuitBreakerOptions Circuit { get; set; } = new()
    {
        ResetTimeout = TimeSpan.FromSeconds(1),
        ResetTimeoutGrowth = 2,
        MaxResetTimeout = TimeSpan.FromSeconds(30),
        ResetTimeoutJitter = 0.2,
    };

    /// <summary>
    /// No break is longer while callers ask for what cannot be created, so that those who come after an outage need not wait for
    /// a break that has grown meanwhile; more or less by chance as <see cref="Circuit"/> says. Above zero, to 1 day;
    /// <c>null</c>: breaks grow as they do when nobody asks. Default: 2 seconds.
    /// </summary>
    public TimeSpan? MaxBreakInDemand { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// What becomes of callers for whom there is nothing idle while the circuit is not closed. Default:
    /// <see cref="OutageBehavior.Auto"/>. When it was opened by a <see cref="FailureKind.Capacity"/>, they wait in any case.
    /// </summary>
    public OutageBehavior WhileOpen { get; set; }

    /// <summary>
    /// What a failure means for others. Called on any thread, outside all locks; what it throws means
    /// <see cref="FactoryFailure.DefaultKind"/>. Default: <c>null</c>, which is that; a pool of database connections knows more.
    /// </summary>
    public Func<FactoryFailure, FailureKind>? Classify { get; set; }

    /// <summary>
    /// How many creations in a row must fail until who waits is told: 1 to 100. Each further attempt is paid from the budget; if
    /// that refuses, they are told at once. Default: 1, the first failure is told.
    /// </summary>
    public int CreateAttempts { get; set; } = 1;

    /// <summary>
    /// After which time a creation that callers wait for is joined by a second one, if there is room and the budget pays: above
    /// zero, to 1 day. Whichever ends first serves; the other's product is kept as idle. Default: <c>null</c>, never.
    /// </summary>
    public TimeSpan? HedgeAfter { get; set; }

    /// <summary>
    /// What pays for further attempts, for second creations, and for filling up to the minimum after a failure. Share one among
    /// keepers of the same server. Default: <c>null</c>, one of its own with a default <see cref="RetryBudgetOptions"/>.
    /// </summary>
    public RetryBudget? Budget { get; set; }

    /// <summary>
    /// Whether, after a failure that was fatal to one resource, each of the others is validated before it is lent again, also
    /// where it would not be otherwise. Default: true.
    /// </summary>
    public bool SuspectSiblings { get; set; } = true;

    /// <summary>
    /// How often the circuit may close again within <see cref="RecoveryPeriod"/> before the keeper reports itself as
    /// <see cref="ResourceHealth.Unhealthy"/>: 1 or more; <c>null</c>: any number. It goes on working. Default: 5.
    /// </summary>
    public int? MaxRecoveries { get; set; } = 5;

    /// <summary>Over which time recoveries are counted: above zero, to 1 day. Default: 10 minutes.</summary>
    public TimeSpan RecoveryPeriod { get; set; } = TimeSpan.FromMinutes(10);

    internal FactoryRecoveryOptions Copy()
    {
        var copy = (FactoryRecoveryOptions)MemberwiseClone();
        copy.Circuit = Circuit?.Copy()!;
        return copy;
    }

    internal IEnumerable<string> FindFaults()
    {
        var faults = new OptionFaults();
        if (Circuit is null)
        {
            faults.Add("Circuit must not be null.");
        }
        else
        {
            Circuit.AddFaults(faults);
            if (Circuit.IsFailure is not null)
            {
                faults.Add("Circuit.IsFailure must be null: Classify says what counts.");
            }
        }

        if (!Enum.IsDefined(WhileOpen))
        {
            faults.Add($"WhileOpen is {(int)WhileOpen}, which is no {nameof(OutageBehavior)}.");
        }

        faults.AddCount(nameof(CreateAttempts), CreateAttempts, 1, 100);
        faults.AddTime(nameof(MaxBreakInDemand), MaxBreakInDemand);
        faults.AddTime(nameof(HedgeAfter), HedgeAfter);
        if (MaxRecoveries is { } most)
        {
            faults.AddCount(nameof(MaxRecoveries), most, 1, int.MaxValue);
        }

        faults.AddTime(nameof(RecoveryPeriod), RecoveryPeriod);
        return faults.All;
    }
}
