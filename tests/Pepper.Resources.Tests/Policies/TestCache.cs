using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

/// <summary>The smallest cache that a policy can serve: keys alone, one thread.</summary>
internal sealed class TestCache(IEvictionPolicy policy, bool makesRoomFirst = false)
{
    public Dictionary<int, TestNode> Nodes { get; } = [];

    public IEvictionPolicy Policy => policy;

    public long Hits { get; private set; }

    public static double HitRate(string name, IEnumerable<int> requests, int capacity, bool makesRoomFirst = false)
    {
        var cache = new TestCache(EvictionPolicies.Create(name, new EvictionCapacity(capacity)), makesRoomFirst);
        return cache.HitRate(requests);
    }

    public double HitRate(IEnumerable<int> requests)
    {
        var before = Hits;
        var count = 0;
        foreach (var key in requests)
        {
            Ask(key);
            count++;
        }

        return (double)(Hits - before) / count;
    }

    public void Ask(int key, long weight = 1)
    {
        if (Nodes.TryGetValue(key, out var node))
        {
            Hits++;
            if (policy.OnHit(node))
            {
                policy.Maintain();
            }

            return;
        }

        if (makesRoomFirst)
        {
            MakeRoom(1, weight);
        }

        policy.Add(Nodes[key] = new TestNode(key, weight));
        MakeRoom(0, 0);
    }

    private void MakeRoom(long count, long weight)
    {
        while (policy.Capacity.IsExceededBy(policy.Count + count, policy.Weight + weight) &&
            policy.FindVictim() is TestNode victim)
        {
            policy.Evict(victim);
            Nodes.Remove(victim.Key);
        }
    }
}
