namespace Pepper.Resources.Policies;

/// <summary>
/// What the policies of the house have in common, beyond what a cache sees: their queues can be handed over to one another,
/// which is how
/// <see cref="AdaptivePolicy"/> changes its mind.
/// </summary>
internal abstract class QueuedPolicy(EvictionCapacity capacity) : IEvictionPolicy
{
    /// <summary>How far <see cref="EvictionNode.Frequency"/> counts.</summary>
    protected const byte MaxFrequency = 3;

    public abstract string Name { get; }

    public EvictionCapacity Capacity { get; set; } = capacity;

    public abstract long Count { get; }

    public abstract long Weight { get; }

    public abstract void Add(EvictionNode node);

    public abstract void Remove(EvictionNode node);

    public abstract bool OnHit(EvictionNode node);

    public abstract void Maintain();

    public abstract EvictionNode? FindVictim(int scanLimit = 128, bool offerPinned = false);

    public abstract void Evict(EvictionNode victim);

    public abstract void Skip(EvictionNode victim);

    /// <summary>
    /// Gives up the node that would go first, whether pinned or not, and says whether it was asked for again while it was here.
    /// </summary>
    public abstract bool TryGiveUp(out EvictionNode node, out bool isProven);

    /// <summary>Takes a node from another policy; they come in the order in which that one would have evicted them.</summary>
    public abstract void TakeOver(EvictionNode node, bool isProven);

    /// <summary>The queues, for what has to look at all nodes.</summary>
    public abstract IEnumerable<EvictionQueue> Queues { get; }

    protected bool MayGo(EvictionNode node, bool offerPinned) =>
        // Where only weight counts, the end of what weighs nothing would make no room.
        (offerPinned || !node.IsPinned) && (node.Weight > 0 || Capacity.MaxCount is not null);

    /// <summary>
    /// The first node of a queue, in its order, that may go. Those before it are queued again, each for one of the passes left.
    /// </summary>
    protected EvictionNode? FirstToGo(EvictionQueue queue, bool offerPinned, ref long passes)
    {
        for (var left = queue.Count; left > 0 && queue.Oldest is { } oldest; left--)
        {
            if (MayGo(oldest, offerPinned))
            {
                return oldest;
            }

            if (passes-- <= 0)
            {
                return null;
            }

            queue.Renew(oldest);
        }

        return null;
    }

    /// <summary>Counts a use of the node, without a lock: two threads that meet here count one.</summary>
    protected static void CountUse(EvictionNode node)
    {
        var frequency = node.Frequency;
        if (frequency < MaxFrequency)
        {
            node.Frequency = (byte)(frequency + 1);
        }
    }
}
