using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

public sealed class AdaptivePolicyTests
{
    [Fact]
    public void Deciding_AtFirst_IsTheDefault() =>
        Assert.Equal("s3-fifo", new AdaptivePolicy(new EvictionCapacity(100)).Deciding);

    [Fact]
    public void Deciding_PhaseChanges_FollowsThem()
    {
        IEvictionPolicy policy = new AdaptivePolicy(new EvictionCapacity(200));
        var cache = new TestCache(policy);

        cache.HitRate(Requests.Recency(40_000, 200, firstKey: 100_000));
        Assert.Equal("lru", policy.Deciding);

        cache.HitRate(Requests.Loop(40_000, 300));
        Assert.Equal("lfu", policy.Deciding);
        Assert.InRange(cache.HitRate(Requests.Loop(3000, 300)), 0.3, 1);

        cache.HitRate(Requests.Recency(40_000, 200, seed: 2, firstKey: 200_000));
        Assert.Equal("lru", policy.Deciding);
        Assert.InRange(cache.HitRate(Requests.Recency(5000, 200, seed: 3, firstKey: 210_000)), 0.65, 1);
    }

    [Fact]
    public void Deciding_NothingToChooseBetween_Stays()
    {
        var policy = new AdaptivePolicy(new EvictionCapacity(300));

        // Everything fits: all policies hit the same.
        new TestCache(policy).HitRate(Requests.Zipf(50_000, 200));

        Assert.Equal("s3-fifo", policy.Deciding);
    }

    [Fact]
    public void Add_LargeCache_IsJudgedByASampleOfLimitedSize()
    {
        var policy = new AdaptivePolicy(new EvictionCapacity(20_000));
        var cache = new TestCache(policy);

        cache.HitRate(Requests.Recency(200_000, 20_000));

        Assert.Equal("lru", policy.Deciding);
        Assert.Equal(20_000, policy.Count);
        Assert.All(policy.Shadows, shadow => Assert.InRange(shadow.Count, 300, 2 * AdaptivePolicy.MaxSampled));
    }

    [Fact]
    public void Change_NodesInOrder_AreHandedOverWithTheirOrder()
    {
        var lru = new LruPolicy(new EvictionCapacity(10), 1);
        var nodes = Enumerable.Range(0, 6).Select(key => new TestNode(key)).ToList();
        nodes.ForEach(lru.Add);
        lru.OnHit(nodes[1]);
        lru.OnHit(nodes[3]);
        lru.Maintain();

        var s3 = new S3FifoPolicy(new EvictionCapacity(10));
        while (lru.TryGiveUp(out var node, out var isProven))
        {
            s3.TakeOver(node, isProven);
        }

        Assert.Equal(0, lru.Count);
        Assert.Equal([0, 2, 4, 5, 1, 3], s3.Queues.SelectMany(PolicyChecks.NodesOf).Cast<TestNode>().Select(node => node.Key));
        Assert.Equal(4, s3.Queues.First().Count);
    }

    [Theory]
    [InlineData("lru", "lfu")]
    [InlineData("lfu", "s3-fifo")]
    [InlineData("s3-fifo", "lru")]
    [InlineData("lfu", "lru")]
    public void Change_UsedPolicies_LoseNoNode(string from, string to)
    {
        var cache = new TestCache(EvictionPolicies.Create(from, new EvictionCapacity(100)));
        cache.HitRate(Requests.Zipf(5000, 500));
        var old = (QueuedPolicy)cache.Policy;
        var next = (QueuedPolicy)EvictionPolicies.Create(to, new EvictionCapacity(100));
        while (old.TryGiveUp(out var node, out var isProven))
        {
            next.TakeOver(node, isProven);
        }

        Assert.Equal((0, 0), (old.Count, old.Weight));
        Assert.Equal((100, 100), (next.Count, next.Weight));
        PolicyChecks.AssertHolds(next, cache.Nodes.Values);
        Assert.NotNull(next.FindVictim());
    }

    [Fact]
    public void Remove_SampledKey_IsForgottenByTheShadowsToo()
    {
        var policy = new AdaptivePolicy(new EvictionCapacity(100));
        var node = new TestNode(1);
        policy.Add(node);
        Assert.All(policy.Shadows, shadow => Assert.Equal(1, shadow.Count));

        policy.Remove(node);

        Assert.All(policy.Shadows, shadow => Assert.Equal(0, shadow.Count));
    }

    [Fact]
    public void Capacity_Set_IsTakenOnByAll()
    {
        var policy = new AdaptivePolicy(new EvictionCapacity(100)) { Capacity = new EvictionCapacity(50, 70) };

        Assert.Equal(new EvictionCapacity(50, 70), policy.Current.Capacity);
        Assert.All(policy.Shadows, shadow => Assert.Equal(new EvictionCapacity(50, 70), shadow.Capacity));
    }
}
