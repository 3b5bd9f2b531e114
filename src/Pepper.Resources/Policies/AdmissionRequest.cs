namespace Pepper.Resources.Policies;

/// <summary>What wants to be kept by a cache, and how full the cache is.</summary>
/// <param name="Hash">The key's hash, as its comparer gives it.</param>
/// <param name="Weight">What the entry weighs; 0 or more.</param>
/// <param name="Capacity">How much the cache may hold.</param>
/// <param name="Count">The number of entries in the cache, without this one.</param>
/// <param name="TotalWeight">Their weight together.</param>
public readonly record struct AdmissionRequest(int Hash, long Weight, EvictionCapacity Capacity, long Count, long TotalWeight)
{
    /// <summary>
    /// Whether there would be room for it if the cache were empty. What can never fit would only push everything out.
    /// </summary>
    public bool CanFit => !Capacity.IsExceededBy(1, Weight);

    /// <summary>Whether there is room for it now, without anybody having to go.</summary>
    public bool FitsNow => !Capacity.IsExceededBy(Count + 1, TotalWeight + Math.Min(Weight, long.MaxValue - TotalWeight));
}
