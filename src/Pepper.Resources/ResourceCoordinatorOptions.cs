namespace Pepper.Resources;

/// <summary>How a <see cref="ResourceCoordinator"/> starts and stops.</summary>
public sealed class ResourceCoordinatorOptions
{
    /// <summary>
    /// How long stopping waits for the holders of each pool and resource: zero or more, or
    /// <see cref="Timeout.InfiniteTimeSpan"/>. Default: 30 seconds. What is held for longer is destroyed when it comes back.
    /// </summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the first caller of a pool may have waited before the pool counts as degraded: more than zero. Default: 5
    /// seconds.
    /// </summary>
    public TimeSpan DegradedWait { get; set; } = TimeSpan.FromSeconds(5);

    internal ResourceCoordinatorOptions Copy() => (ResourceCoordinatorOptions)MemberwiseClone();

    internal IEnumerable<string> Faults()
    {
        if (StopTimeout < TimeSpan.Zero && StopTimeout != Timeout.InfiniteTimeSpan)
        {
            yield return $"StopTimeout is {StopTimeout}, but must not be negative (Timeout.InfiniteTimeSpan for no limit).";
        }

        if (DegradedWait <= TimeSpan.Zero)
        {
            yield return $"DegradedWait is {DegradedWait}, but must be greater than zero.";
        }
    }
}
