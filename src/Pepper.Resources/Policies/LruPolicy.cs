namespace Pepper.Resources.Policies;

/// <summary>
/// Evicts what was not used for longest. Good where recent use foretells the next; one pass over many keys empties it. A
/// pinned node that
/// is passed over counts as used just now.
/// </summary>
internal sealed class LruPolicy(EvictionCapacity capacity, int rings = 0) : QueuedPolicy(capacity)
{
    public const string PolicyName = "lru";

    private readonly EvictionQueue _queue = new(1);
    private readonly HitBuffer _hits = new(rings);

    public override string Name => PolicyName;

    public override long Count => _queue.Count;

    public override long Weight => _queue.Weight;

    public override IEnumerable<EvictionQueue> Queues => [_queue];

    public override void Add(EvictionNode node)
    {
        Maintain();
        node.Frequency = 0;
        _queue.Add(node);
    }

    public override void Remove(EvictionNode node)
    {
        if (node.IsQueued)
        {
            _queue.Remove(node);
        }
    }

    public override bool OnHit(EvictionNode node) => _hits.Offer(node);

    public override void Maintain()
    {
        var ring = 0;
        while (_hits.TryTake(ref ring, out var node))
        {
            CountUse(node);
            Skip(node);
        }
    }

    public override EvictionNode? FindVictim(int scanLimit = 128, bool offerPinned = false)
    {
        Maintain();
        long passes = scanLimit;
        return FirstToGo(_queue, offerPinned, ref passes);
    }

    public override void Evict(EvictionNode victim) => Remove(victim);

    public override void Skip(EvictionNode victim)
    {
        if (victim.IsQueued)
        {
            _queue.Renew(victim);
        }
    }

    public override bool TryGiveUp(out EvictionNode node, out bool isProven)
    {
        node = _queue.Oldest!;
        isProven = node is { Frequency: > 0 };
        if (node is null)
        {
            return false;
        }

        _queue.Remove(node);
        return true;
    }

    public override void TakeOver(EvictionNode node, bool isProven) => _queue.Add(node);
}
