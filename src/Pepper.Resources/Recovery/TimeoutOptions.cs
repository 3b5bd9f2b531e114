namespace Pepper.Resources.Recovery;

/// <summary>
/// How a <see cref="TimeoutStrategy"/> behaves. It copies what it is given: later changes have no effect. Not thread safe while
/// it is being set up.
/// </summary>
public sealed class TimeoutOptions
{
    /// <summary>The name in messages and logs: not empty. Default: <c>default</c>.</summary>
    public string Name { get; set; } = "default";

    /// <summary>How long the work may take: above zero, to 1 day. Default: 30 seconds.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the work may go on after its token was cancelled before it is abandoned: zero to 1 day. With more than zero the
    /// caller is told up to so much later, and seldom while the work still runs. Default: zero.
    /// </summary>
    public TimeSpan CancellationGrace { get; set; } = TimeSpan.Zero;

    /// <summary>
    /// Whether what abandoned work yields in the end is disposed, if it can be: nobody else has it. Default: true.
    /// </summary>
    public bool DisposeLateResults { get; set; } = true;

    /// <summary>The same options again, to change one of them. What they refer to is not copied.</summary>
    /// <returns>A copy.</returns>
    public TimeoutOptions Copy() => (TimeoutOptions)MemberwiseClone();

    internal TimeoutOptions Freeze()
    {
        var faults = new OptionFaults();
        faults.AddName(Name);
        faults.AddTime(nameof(Timeout), Timeout);
        faults.AddTime(nameof(CancellationGrace), CancellationGrace, mayBeZero: true);
        faults.ThrowIfAny("timeout", Name);
        return Copy();
    }
}
