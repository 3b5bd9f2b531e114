namespace Pepper.Resources.Policies;

/// <summary>
/// Evicts what was not used for longest. Good where recent use foretells the next; one pass over many keys empties it. A pinned node that
/// is passed over counts as used just now.
/// </summary>
internal sealed class LruPolicy(EvictionCapacity capacity) : IEvictionPolicy
{
    public const string PolicyName = "lru";

    private readonly EvictionQueue _queue = new(1);
    private readonly HitBuffer _hits = new();

    public string Name => PolicyName;

    public EvictionCapacity Capacity { get; set; } = capacity;

    public long Count => _queue.Count;

    public long Weight => _queue.Weight;

    public void Add(EvictionNode node)
    {
        Maintain();
        _queue.Add(node);
    }

    public void Remove(EvictionNode node)
    {
        if (node.IsQueued)
        {
            _queue.Remove(node);
        }
    }

    public bool OnHit(EvictionNode node) => _hits.Offer(node);

    public void Maintain()
    {
        var ring = 0;
        while (_hits.TryTake(ref ring, out var node))
        {
            Skip(node);
        }
    }

    public EvictionNode? FindVictim(int scanLimit = 128, bool offerPinned = false)
    {
        Maintain();
        var left = Math.Min(scanLimit, _queue.Count);
        while (_queue.Oldest is { } oldest)
        {
            if (Victims.MayGo(oldest, Capacity, offerPinned))
            {
                return oldest;
            }

            if (left-- <= 0)
            {
                return null;
            }

            _queue.Renew(oldest);
        }

        return null;
    }

    public void Evict(EvictionNode victim) => Remove(victim);

    public void Skip(EvictionNode victim)
    {
        if (victim.IsQueued)
        {
            _queue.Renew(victim);
        }
    }
}
