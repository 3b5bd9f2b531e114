namespace Pepper.Resources.Recovery;

/// <summary>
/// How a <see cref="RetryBudget"/> behaves. It copies what it is given: later changes have no effect. Not thread safe while it is
/// being set up.
/// </summary>
public sealed class RetryBudgetOptions
{
    /// <summary>The name in messages, logs and metrics: not empty. Default: <c>default</c>.</summary>
    public string Name { get; set; } = "default";

    /// <summary>How many retries each call pays for: 0 to 10. Default: 0.2, one retry for five calls.</summary>
    public double Ratio { get; set; } = 0.2;

    /// <summary>How many retries a second are paid for however few calls there are: 0 to 10,000. Default: 10.</summary>
    public double MinimumPerSecond { get; set; } = 10;

    /// <summary>
    /// How many retries can be saved up: 1 to 1,000,000. It is full at the beginning. Default: 100.
    /// </summary>
    public int Capacity { get; set; } = 100;

    internal RetryBudgetOptions Freeze()
    {
        var faults = new OptionFaults();
        faults.AddName(Name);
        faults.AddNumber(nameof(Ratio), Ratio, 0, 10);
        faults.AddNumber(nameof(MinimumPerSecond), MinimumPerSecond, 0, 10_000);
        faults.AddCount(nameof(Capacity), Capacity, 1, 1_000_000);
        faults.ThrowIfAny("retry budget", Name);
        return (RetryBudgetOptions)MemberwiseClone();
    }
}
