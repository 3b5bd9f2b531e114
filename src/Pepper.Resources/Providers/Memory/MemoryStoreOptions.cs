using System.Globalization;

namespace Pepper.Resources.Providers;

/// <summary>
/// Settings that all memory stores share. A store checks and copies them: later changes to this object change nothing. Not
/// thread safe while it is being set up.
/// </summary>
public sealed class MemoryStoreOptions
{
    private static readonly TimeSpan MostTimeToLive = TimeSpan.FromDays(36_500);
    private static readonly TimeSpan LeastSweepInterval = TimeSpan.FromMilliseconds(1);

    /// <summary>Makes vectors of texts, for puts and searches that bring none. Default null: nothing does.</summary>
    public MemoryEmbedding? Embedding { get; set; }

    /// <summary>
    /// How long an entry lives whose put does not say it. Default <see cref="Timeout.InfiniteTimeSpan"/>: for ever; or more than
    /// zero, at most 36,500 days.
    /// </summary>
    public TimeSpan DefaultTimeToLive { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// How long after the last time a write removes what has expired meanwhile. Expired entries are never returned; this bounds
    /// the space they take. Default 1 min; from 1 ms, or <see cref="Timeout.InfiniteTimeSpan"/>: only
    /// <see cref="IMemoryStore.RemoveExpiredAsync"/> removes them.
    /// </summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How a hybrid search makes one ranking of two. Default: its defaults.</summary>
    public MemoryFusionOptions Fusion { get; set; } = new();

    /// <summary>What is wrong with the settings.</summary>
    /// <returns>A sentence for each fault; empty when there is none.</returns>
    public IReadOnlyList<string> GetFaults()
    {
        List<string> faults = [];
        if (TimeToLiveFault(DefaultTimeToLive) is { } fault)
        {
            faults.Add($"{nameof(DefaultTimeToLive)} {fault}");
        }

        if (SweepInterval < LeastSweepInterval && SweepInterval != Timeout.InfiniteTimeSpan)
        {
            faults.Add($"{nameof(SweepInterval)} is {Text(SweepInterval)}; it must be {LeastSweepInterval} or more, "
                + "or Timeout.InfiniteTimeSpan.");
        }

        faults.AddRange(Fusion is null ? ["Fusion is null."] : Fusion.GetFaults());
        return faults;
    }

    /// <summary>Another object with the same settings.</summary>
    public MemoryStoreOptions Copy()
    {
        var copy = (MemoryStoreOptions)MemberwiseClone();
        copy.Fusion = Fusion?.Copy()!;
        return copy;
    }

    /// <summary>A copy that nobody else can change, once every fault has been listed.</summary>
    internal MemoryStoreOptions Freeze()
    {
        var copy = Copy();
        return copy.GetFaults() is { Count: > 0 } faults
            ? throw new ArgumentException($"{nameof(MemoryStoreOptions)}: {string.Join(' ', faults)}")
            : copy;
    }

    /// <summary>What is wrong with a time to live; null: nothing.</summary>
    internal static string? TimeToLiveFault(TimeSpan time) =>
        time == Timeout.InfiniteTimeSpan || (time > TimeSpan.Zero && time <= MostTimeToLive)
            ? null
            : $"is {Text(time)}; it must be more than zero and at most {Text(MostTimeToLive)}, or Timeout.InfiniteTimeSpan.";

    private static string Text(TimeSpan time) => time.ToString("c", CultureInfo.InvariantCulture);
}
