namespace Pepper.Resources.Recovery;

/// <summary>
/// How a <see cref="FallbackStrategy{TResult}"/> behaves. It copies what it is given: later changes have no effect. Not thread
/// safe while it is being set up.
/// </summary>
public sealed class FallbackOptions
{
    /// <summary>The name in messages: not empty. Default: <c>default</c>.</summary>
    public string Name { get; set; } = "default";

    /// <summary>
    /// Which failures of the primary are worth a fallback; others are thrown as they are. What it throws means yes. It is not
    /// asked about the caller's own cancellation. Default: <c>null</c>, all.
    /// </summary>
    public Func<Exception, bool>? ShouldFallBack { get; set; }

    /// <summary>The same options again, to change one of them. What they refer to is not copied.</summary>
    /// <returns>A copy.</returns>
    public FallbackOptions Copy() => (FallbackOptions)MemberwiseClone();

    internal FallbackOptions Freeze()
    {
        var faults = new OptionFaults();
        faults.AddName(Name);
        faults.ThrowIfAny("fallback strategy", Name);
        return Copy();
    }
}
