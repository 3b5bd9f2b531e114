namespace Pepper.Resources.Policies;

/// <summary>
/// The smallest pool in which no more than a share of the callers would wait, if they came at random: Erlang's C formula (A.
/// K. Erlang,
/// 1917), with the mean number of loans as the load (Little's law, 1961).
/// </summary>
internal sealed class ErlangSizing(double maxWaitShare, int limit) : ISizingPolicy
{
    public const string PolicyName = "erlang";

    // A pool this full has held back what was asked of it, and its loans say too little about the load.
    private const double Saturated = 0.95;

    public string Name => PolicyName;

    public SizingAdvice Advise(in PoolObservation seen)
    {
        if (seen.Interval <= TimeSpan.Zero || seen.Acquires == 0)
        {
            return new SizingAdvice(seen.MinSize, seen.MaxSize, "Nothing was asked of the pool: it stays as it is.");
        }

        var waiting = seen.WaitTime / seen.Interval;
        var isSaturated = seen.MeanInUse >= Saturated * seen.MaxSize;
        var load = isSaturated ? seen.MeanInUse + waiting : seen.MeanInUse;
        var size = 1;
        // Erlang's B, one place at a time, and C from it: no factorials, so that any load can be computed.
        var blocked = load / (1 + load);
        while (size < limit && WaitShare(size, load, blocked) > maxWaitShare)
        {
            size++;
            blocked = load * blocked / (size + (load * blocked));
        }

        var min = Math.Clamp((int)Math.Ceiling(load), 1, size);
        var need = FormattableString.Invariant($"{load:0.##} resources were needed on average");
        var reason = WaitShare(size, load, blocked) > maxWaitShare
            ? FormattableString.Invariant($"{need}, and the limit of {limit} is too small for them.")
            : FormattableString.Invariant($"{need}; with {size} no more than {maxWaitShare:0.##%} of the callers wait.");
        return new SizingAdvice(min, size, isSaturated ? reason + " The pool was full: look again after the change." : reason);
    }

    /// <summary>The share of callers that wait, with so many places under such a load.</summary>
    private static double WaitShare(int size, double load, double blocked) =>
        size <= load ? 1 : blocked / (1 - (load / size * (1 - blocked)));
}
