namespace Pepper.Resources.Policies;

/// <summary>
/// How much a cache may hold: by number of entries, by their weight, or by both, where each limit holds by itself.
/// </summary>
public readonly record struct EvictionCapacity
{
    /// <summary>Creates a capacity.</summary>
    /// <param name="maxCount">The largest number of entries, 1 or more; null: any number.</param>
    /// <param name="maxWeight">The largest weight of all entries together, 1 or more, in the unit of the cache's weights;
    /// null: any.</param>
    /// <exception cref="ArgumentException">Neither is given.</exception>
    /// <exception cref="ArgumentOutOfRangeException">One of them is less than 1.</exception>
    public EvictionCapacity(long? maxCount, long? maxWeight = null)
    {
        if (maxCount is null && maxWeight is null)
        {
            throw new ArgumentException("A capacity limits the number of entries (maxCount), their weight (maxWeight) or both.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(maxCount ?? 1, 1, nameof(maxCount));
        ArgumentOutOfRangeException.ThrowIfLessThan(maxWeight ?? 1, 1, nameof(maxWeight));
        MaxCount = maxCount;
        MaxWeight = maxWeight;
    }

    /// <summary>The largest number of entries; null: any number.</summary>
    public long? MaxCount { get; }

    /// <summary>The largest weight of all entries together; null: any.</summary>
    public long? MaxWeight { get; }

    /// <summary>Whether so many entries of so much weight together are more than there is room for.</summary>
    /// <param name="count">The number of entries.</param>
    /// <param name="weight">Their weight together.</param>
    public bool IsExceededBy(long count, long weight) =>
        count > (MaxCount ?? long.MaxValue) || weight > (MaxWeight ?? long.MaxValue);

    /// <summary>
    /// How much of the capacity so many entries of so much weight take: 0 for none, 1 when the stricter limit is just reached.
    /// </summary>
    /// <param name="count">The number of entries.</param>
    /// <param name="weight">Their weight together.</param>
    public double ShareOf(long count, long weight) =>
        Math.Max(MaxCount is { } counts ? (double)count / counts : 0, MaxWeight is { } weights ? (double)weight / weights : 0);

    /// <inheritdoc/>
    public override string ToString() => (MaxCount, MaxWeight) switch
    {
        ({ } count, { } weight) => FormattableString.Invariant($"{count} entries of weight {weight} together"),
        ({ } count, null) => FormattableString.Invariant($"{count} entries"),
        (null, { } weight) => FormattableString.Invariant($"entries of weight {weight} together"),
        _ => "no limit",
    };
}
