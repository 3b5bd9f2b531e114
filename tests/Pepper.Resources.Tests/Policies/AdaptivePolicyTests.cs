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

    [Theory]
    [InlineData(40_000, null, 2000, null)]
    [InlineData(null, 400_000, null, 20_000)]
    [InlineData(40_000, 400_000, 30_000, 20_000)]
    public void Capacity_MadeSmaller_IsJudgedByALargerSample(int? count, int? weight, int? smallerCount, int? smallerWeight)
    {
        var policy = new AdaptivePolicy(new EvictionCapacity(count, weight));
        var cache = new TestCache(policy);
        foreach (var key in Requests.Scan(45_000))
        {
            cache.Ask(key, weight: 10);
        }

        policy.Capacity = new EvictionCapacity(smallerCount, smallerWeight);

        // 2000 entries: half of them is sampled, where a 64th was before, which would be 31.
        cache.Ask(-1, weight: 10);
        Assert.All(policy.Shadows, shadow => Assert.Equal(1000, shadow.Room(weight: 10)));
        foreach (var key in Requests.Recency(80_000, 2000))
        {
            cache.Ask(key, weight: 10);
        }

        Assert.Equal(2000, policy.Count);
        Assert.Equal("lru", policy.Deciding);
        Assert.All(policy.Shadows, shadow => Assert.InRange(shadow.Count, 900, 1000));
    }

    [Fact]
    public void Capacity_MadeSmallerWhileAllIsPinned_KeepsTheLargerSample()
    {
        var policy = new AdaptivePolicy(new EvictionCapacity(40_000));
        foreach (var key in Requests.Scan(40_000))
        {
            policy.Add(new TestNode(key) { Pinned = true });
        }

        policy.Capacity = new EvictionCapacity(2000);
        for (var key = 0; key < 100; key++)
        {
            policy.Add(new TestNode(key));
        }

        Assert.All(policy.Shadows, shadow => Assert.Equal(1000, shadow.Room(weight: 1)));
    }

    [Fact]
    public void Capacity_MadeALittleSmaller_KeepsWhatTheMiniaturesKnow()
    {
        var policy = new AdaptivePolicy(new EvictionCapacity(20_000));
        new TestCache(policy).HitRate(Requests.Scan(20_000));
        var before = policy.Shadows.ToList();

        policy.Capacity = new EvictionCapacity(18_000);

        Assert.Equal(before, policy.Shadows);
        Assert.All(policy.Shadows, shadow => Assert.Equal(18_000 / 32, shadow.Room(weight: 1)));
    }

    [Fact]
    public void Add_EntriesBecomeHeavier_AreJudgedByALargerSample()
    {
        var policy = new AdaptivePolicy(new EvictionCapacity(null, 200_000));
        var cache = new TestCache(policy);
        foreach (var key in Requests.Scan(20_000))
        {
            cache.Ask(key, weight: 10);
        }

        // There is room for 400 of these, and in a 32nd of the cache for 12.
        foreach (var key in Requests.Zipf(60_000, 2000))
        {
            cache.Ask(key, weight: 500);
        }

        Assert.All(policy.Shadows, shadow => Assert.Equal(400, shadow.Room(weight: 500)));
    }

    [Fact]
    public void Add_HeavierThanAMiniature_LeavesTheMiniaturesAlone()
    {
        var policy = new AdaptivePolicy(new EvictionCapacity(null, 200_000));
        var cache = new TestCache(policy);
        foreach (var key in Requests.Scan(20_000))
        {
            cache.Ask(key, weight: 10);
        }

        var room = policy.Shadows[0].Room(weight: 1);
        var before = policy.Shadows.Select(shadow => shadow.Count).ToList();
        Assert.All(before, count => Assert.InRange(count, 500, 1000));

        // More than a miniature holds, and a twentieth of the cache.
        foreach (var key in Enumerable.Range(0, 200))
        {
            cache.Ask(key, weight: room + 1);
        }

        Assert.Equal(before, policy.Shadows.Select(shadow => shadow.Count));
        Assert.InRange(policy.Count, 1, 31);
    }

    [Fact]
    public void Capacity_LessThanAnEntry_TakesItOutOfTheMiniatures()
    {
        var shadow = new ShadowCache(new LruPolicy(new EvictionCapacity(null, 100), 1));
        shadow.Ask(1, weight: 30);
        shadow.Ask(2, weight: 10);
        shadow.Ask(3, weight: 10);

        shadow.Capacity = new EvictionCapacity(null, 25);
        shadow.Keep(_ => true);
        shadow.Ask(2, weight: 10);
        shadow.Ask(3, weight: 10);

        Assert.Equal((2, 2.0), (shadow.Count, shadow.Hits));
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

internal static class ShadowCacheChecks
{
    /// <summary>How many entries of a weight there is room for.</summary>
    public static long Room(this ShadowCache shadow, long weight) =>
        Math.Min(shadow.Capacity.MaxCount ?? long.MaxValue, (shadow.Capacity.MaxWeight ?? long.MaxValue) / weight);
}
