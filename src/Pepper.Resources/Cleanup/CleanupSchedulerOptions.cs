using System.Globalization;

namespace Pepper.Resources.Cleanup;

/// <summary>
/// Settings of a <see cref="CleanupScheduler"/>, which checks and copies them: later changes to this object change nothing. Not
/// thread safe while it is being set up.
/// </summary>
public sealed class CleanupSchedulerOptions
{
    private static readonly TimeSpan LeastResolution = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan MostResolution = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LeastLimit = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan MostGrace = TimeSpan.FromMinutes(5);
    private const int MostConcurrent = 10_000;

    /// <summary>
    /// How exactly times are kept: a cleanup runs up to this much late, and never early. Default 10 ms; 1 ms to 1 min. A coarser
    /// one wakes the program less often, as what is due within it runs together.
    /// </summary>
    public TimeSpan Resolution { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>How many due cleanups run at a time at most; others wait, in order. Default 16; 1 to 10,000.</summary>
    public int MaxConcurrentCleanups { get; set; } = 16;

    /// <summary>
    /// How long one cleanup may take before its token is cancelled. Default 30 s; from 1 ms, or
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan CleanupTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a cleanup may go on after its token was cancelled before it is abandoned: no longer waited for, so that another
    /// can take its place. Default 1 s; 1 ms to 5 min. Means nothing when <see cref="CleanupTimeout"/> is infinite.
    /// </summary>
    public TimeSpan CancellationGrace { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether disposing the scheduler runs at once what has not begun (true) or drops it (false). Default
    /// false.</summary>
    public bool RunPendingOnDispose { get; set; }

    /// <summary>A copy that nobody else can change, once every fault has been listed.</summary>
    internal CleanupSchedulerOptions Freeze()
    {
        var copy = (CleanupSchedulerOptions)MemberwiseClone();
        copy.Validate();
        return copy;
    }

    private void Validate()
    {
        List<string> faults = [];
        if (Resolution < LeastResolution || Resolution > MostResolution)
        {
            faults.Add($"{nameof(Resolution)} is {Text(Resolution)}; it must be from {LeastResolution} to {MostResolution}.");
        }

        if (MaxConcurrentCleanups is < 1 or > MostConcurrent)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture,
                $"{nameof(MaxConcurrentCleanups)} is {MaxConcurrentCleanups}; it must be from 1 to {MostConcurrent}."));
        }

        if (CleanupTimeout < LeastLimit && CleanupTimeout != Timeout.InfiniteTimeSpan)
        {
            faults.Add($"{nameof(CleanupTimeout)} is {Text(CleanupTimeout)}; it must be {LeastLimit} or more, "
                + "or Timeout.InfiniteTimeSpan for no limit.");
        }

        if (CancellationGrace < LeastLimit || CancellationGrace > MostGrace)
        {
            faults.Add($"{nameof(CancellationGrace)} is {Text(CancellationGrace)}; it must be from {LeastLimit} to {MostGrace}.");
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException($"{nameof(CleanupSchedulerOptions)}: {string.Join(' ', faults)}");
        }
    }

    private static string Text(TimeSpan time) => time.ToString("c", CultureInfo.InvariantCulture);
}
