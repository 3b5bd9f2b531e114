namespace Pepper.Resources.Policies;

/// <summary>
/// One step at a time: half as much again when too many waited, half of what always lay idle less when nobody did.
/// </summary>
internal sealed class StepSizing(double maxWaitShare, int limit) : ISizingPolicy
{
    public const string PolicyName = "steps";

    public string Name => PolicyName;

    public SizingAdvice Advise(in PoolObservation seen)
    {
        var waited = seen.Acquires == 0 ? 0 : (double)seen.Waited / seen.Acquires;
        if (seen.TimedOut > 0 || waited > maxWaitShare)
        {
            var larger = Math.Min(limit, seen.MaxSize + Math.Max(1, seen.MaxSize / 2));
            return Size(seen, larger, $"{waited:0.##%} of the callers waited, {seen.TimedOut} in vain.");
        }

        var spare = Math.Max(seen.LeastIdle, seen.MaxSize - Math.Max(seen.PeakInUse, seen.MinSize));
        if (seen.Waited == 0 && spare > 1)
        {
            var smaller = Math.Max(1, seen.MaxSize - (spare / 2));
            return Size(seen, smaller, $"Nobody waited, and {spare} were never needed.");
        }

        return Size(seen, seen.MaxSize, $"{waited:0.##%} of the callers waited: it fits.");
    }

    private static SizingAdvice Size(in PoolObservation seen, int max, FormattableString reason) =>
        new(Math.Min(seen.MinSize, max), max, FormattableString.Invariant(reason));
}
