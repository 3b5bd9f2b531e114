namespace Pepper.Resources.Policies;

/// <summary>
/// What the hit rate would be under a policy: a cache of keys' hashes alone, fed with a sample of the keys and smaller by as
/// much, as
/// its keys are asked for as the others are. Sampling by hash is SHARDS (Waldspurger, Park, Garthwaite, Ahmad: "Efficient MRC
/// construction with SHARDS", FAST 2015); a small cache that simulates a large one is from Waldspurger, Saemundsson, Ahmad,
/// Park: "Cache
/// modeling and optimization using miniature simulations", ATC 2017.
/// </summary>
internal sealed class ShadowCache(QueuedPolicy policy)
{
    private readonly Dictionary<int, ShadowNode> _nodes = [];

    public string PolicyName => policy.Name;

    public int Count => _nodes.Count;

    /// <summary>The hits of late; older ones count less with each <see cref="Age"/>.</summary>
    public double Hits { get; private set; }

    public EvictionCapacity Capacity
    {
        get => policy.Capacity;
        set => policy.Capacity = value;
    }

    public void Ask(int hash, long weight)
    {
        if (_nodes.TryGetValue(hash, out var known))
        {
            Hits++;
            if (policy.OnHit(known))
            {
                policy.Maintain();
            }

            return;
        }

        if (Capacity.IsExceededBy(1, weight))
        {
            // What is a small part of the cache can be more than the whole of its miniature, and would leave nothing in it.
            return;
        }

        var node = new ShadowNode(hash, weight);
        _nodes.Add(hash, node);
        policy.Add(node);
        while (Capacity.IsExceededBy(policy.Count, policy.Weight) && policy.FindVictim() is { } victim)
        {
            policy.Evict(victim);
            _nodes.Remove(victim.Hash);
        }
    }

    public void Remove(int hash)
    {
        if (_nodes.Remove(hash, out var node))
        {
            policy.Remove(node);
        }
    }

    /// <summary>Forgets the keys that are no longer sampled, and what has become larger than the whole.</summary>
    public void Keep(Func<int, bool> isSampled)
    {
        foreach (var (hash, node) in _nodes)
        {
            if (!isSampled(hash) || Capacity.IsExceededBy(1, node.Weight))
            {
                Remove(hash);
            }
        }

        _nodes.TrimExcess();
    }

    public void Age(double by) => Hits *= by;

    private sealed class ShadowNode(int hash, long weight) : EvictionNode(hash, weight)
    {
        public override bool IsPinned => false;
    }
}
