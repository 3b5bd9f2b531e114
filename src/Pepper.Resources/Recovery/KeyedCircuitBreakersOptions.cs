namespace Pepper.Resources.Recovery;

/// <summary>
/// How <see cref="KeyedCircuitBreakers{TKey}"/> behave. They copy what they are given: later changes have no effect. Not thread
/// safe while it is being set up.
/// </summary>
public sealed class KeyedCircuitBreakersOptions
{
    /// <summary>
    /// The name in the metrics, where all keys are one; the circuit of a key is called <c>name[key]</c>. Not empty. Default:
    /// <c>default</c>.
    /// </summary>
    public string Name { get; set; } = "default";

    /// <summary>
    /// What each circuit is like; its <see cref="CircuitBreakerOptions.Name"/> is not used. Default: a default one.
    /// </summary>
    public CircuitBreakerOptions PerKey { get; set; } = new();

    /// <summary>
    /// How many keys have a circuit: 1 to 1,000,000. For one more, the one that was unused for longest is retired, of those that
    /// are closed if there are any; never one with a call under way or one that is isolated. Default: 1000.
    /// </summary>
    public int MaxKeys { get; set; } = 1000;

    /// <summary>
    /// After how much time without a call a key's circuit is retired, unless it is isolated: above zero, to 1 day. Noticed when
    /// any key is used, up to a quarter later. Default: 10 minutes.
    /// </summary>
    public TimeSpan KeyIdleTimeout { get; set; } = TimeSpan.FromMinutes(10);

    internal KeyedCircuitBreakersOptions Freeze()
    {
        var faults = new OptionFaults();
        faults.AddName(Name);
        faults.AddCount(nameof(MaxKeys), MaxKeys, 1, 1_000_000);
        faults.AddTime(nameof(KeyIdleTimeout), KeyIdleTimeout);
        if (PerKey is null)
        {
            faults.Add("PerKey must not be null.");
        }

        faults.ThrowIfAny("keyed circuit breakers", Name);
        var copy = (KeyedCircuitBreakersOptions)MemberwiseClone();
        copy.PerKey = PerKey!.Copy();
        copy.PerKey.Name = Name;
        copy.PerKey = copy.PerKey.Freeze();
        return copy;
    }
}
