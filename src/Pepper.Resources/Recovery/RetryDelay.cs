namespace Pepper.Resources.Recovery;

/// <summary>The delays between attempts, as pure arithmetic.</summary>
internal static class RetryDelay
{
    /// <summary>
    /// The delay after so many attempts; at most <see cref="RetryOptions.MaxDelay"/>, also where the power is beyond every
    /// number.
    /// </summary>
    internal static TimeSpan After(int attempt, TimeSpan previous, RetryOptions options)
    {
        double cap = options.MaxDelay.Ticks;
        double initial = options.InitialDelay.Ticks;
        if (initial <= 0)
        {
            return TimeSpan.Zero;
        }

        double exponential = initial * Math.Pow(options.ExponentialBase, attempt - 1);
        double delay = (options.Jitter, options.JitterKind) switch
        {
            (false, _) => exponential,
            (_, RetryJitter.Full) => Math.Min(exponential, cap) * options.NextRandom(),
            (_, RetryJitter.Decorrelated) => initial + (Math.Max(0, (Last(previous) * 3) - initial) * options.NextRandom()),
            _ => exponential * (0.5 + options.NextRandom()),
        };
        return Capped(delay, cap);

        double Last(TimeSpan last) => last > TimeSpan.Zero ? last.Ticks : initial;
    }

    // A conversion of what a long cannot hold would be wrong, so the comparison comes first; it also catches infinity.
    private static TimeSpan Capped(double ticks, double cap) =>
        new(ticks < cap ? (long)Math.Max(0, ticks) : (long)cap);
}
