using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

/// <summary>The smallest cache that a policy can serve: keys alone, one thread.</summary>
internal sealed class TestCache(IEvictionPolicy policy)
{
    public Dictionary<int, TestNode> Nodes { get; } = [];

    public IEvictionPolicy Policy => policy;

    public long Hits { get; private set; }

    public static double HitRate(string name, IEnumerable<int> requests, int capacity)
    {
        var cache = new TestCache(EvictionPolicies.Create(name, new EvictionCapacity(capacity)));
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

        policy.Add(Nodes[key] = new TestNode(key, weight));
        while (policy.IsOverCapacity && policy.FindVictim() is TestNode victim)
        {
            policy.Evict(victim);
            Nodes.Remove(victim.Key);
        }
    }
}
