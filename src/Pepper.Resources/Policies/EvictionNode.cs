namespace Pepper.Resources.Policies;

/// <summary>
/// What an <see cref="IEvictionPolicy"/> knows of one entry. A cache's entry derives from it, so that remembering the entry's
/// place in a
/// queue costs no second object: 32 bytes beside the object's header.
/// </summary>
/// <remarks>
/// A node belongs to one cache, and so to one policy. Everything but <see cref="IsPinned"/> and <see cref="Mark"/> changes
/// only inside
/// the policy, under the cache's lock; <see cref="Hash"/> and <see cref="Weight"/> never change.
/// </remarks>
public abstract class EvictionNode
{
    // Fields, as queues hand them around by reference and a hit must not pay for a call.
    internal EvictionNode? Previous;
    internal EvictionNode? Next;
    private readonly long _weight;
    private readonly int _hash;
    internal byte QueueId;
    internal byte Frequency;
    private byte _mark;

    /// <summary>Creates the node of one entry.</summary>
    /// <param name="hash">The key's hash, as its comparer gives it; policies mix its bits before they use it.</param>
    /// <param name="weight">What the entry weighs, in the unit of <see cref="EvictionCapacity.MaxWeight"/>; 0 or more, 1 by
    /// default.
    /// Where the capacity is one of weight alone, an entry of weight 0 is never evicted, as its end would free nothing.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="weight"/> is negative.</exception>
    protected EvictionNode(int hash, long weight = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(weight);
        _hash = hash;
        _weight = weight;
    }

    /// <summary>The key's hash. What is no longer in the cache is remembered by it alone.</summary>
    public int Hash => _hash;

    /// <summary>What the entry weighs; 0 or more.</summary>
    public long Weight => _weight;

    /// <summary>
    /// Whether the entry may not be evicted right now, because it is leased or still being created. It is read under the
    /// cache's lock
    /// and may be out of date at once: a cache that evicts claims the entry first, and calls
    /// <see cref="IEvictionPolicy.Skip"/> when
    /// that fails. It must not block, throw or take the cache's lock.
    /// </summary>
    public abstract bool IsPinned { get; }

    /// <summary>Whether the node is in a queue of a policy.</summary>
    public bool IsQueued => QueueId != 0;

    /// <summary>
    /// A byte that a policy may use as it likes, 0 at first. It may be written without the lock, by
    /// <see cref="IEvictionPolicy.OnHit"/>;
    /// writes that race lose one another and disturb nothing else.
    /// </summary>
    public byte Mark
    {
        get => Volatile.Read(ref _mark);
        set => Volatile.Write(ref _mark, value);
    }
}
