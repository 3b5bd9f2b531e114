using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

/// <summary>Room made after a newcomer is in, or before it comes: a policy judges the same.</summary>
public sealed class EvictionOrderTests
{
    private const int Capacity = 100;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Lfu_NewcomersThatNobodyAsksForAgain_EvictNothingPopular(bool makesRoomFirst)
    {
        var cache = WithPopularKeys(makesRoomFirst);

        cache.HitRate(Requests.Scan(120));

        // Only the window's places are theirs, which are sixteen of the hundred at most.
        Assert.InRange(Popular(cache), 82, 90);
    }

    [Theory]
    [InlineData(false, 1, 4, 100)]
    [InlineData(true, 1, 4, 100)]
    [InlineData(false, 4, 1, 0)]
    [InlineData(true, 4, 1, 0)]
    public void Lfu_NewcomerLeavesTheWindow_TheOneAskedForLessGoes(bool makesRoomFirst, int newcomers, int others, int goes)
    {
        // Too few requests for the window to grow or shrink: it has two of the twenty places.
        var cache = new TestCache(new LfuPolicy(new EvictionCapacity(20), 1), makesRoomFirst);
        for (var key = 0; key < 20; key++)
        {
            Ask(key, others);
        }

        Ask(100, newcomers);
        // Two more fill the window, and 18 and 19 have left it before.
        Ask(101, others);
        Assert.Equal(20, cache.Nodes.Count);
        var before = cache.Nodes.Keys.ToHashSet();
        Assert.Contains(100, before);
        Ask(102, 1);

        before.ExceptWith(cache.Nodes.Keys);
        Assert.Equal(goes == 100 ? 100 : before.Min(), Assert.Single(before));
        Assert.Equal(goes != 100, cache.Nodes.ContainsKey(100));

        void Ask(int key, int times)
        {
            for (var i = 0; i < times; i++)
            {
                cache.Ask(key);
            }
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    public void Lfu_RoomMadeForSeveralAtOnce_JudgesForEachOfThem(int atOnce)
    {
        var cache = WithPopularKeys(makesRoomFirst: true);
        var next = 1_000_000;
        for (var round = 0; round < 120 / atOnce; round++)
        {
            // As where several creations are under way: all of them take their places before the first is there.
            for (var i = 0; i < atOnce; i++)
            {
                var victim = Assert.IsType<TestNode>(cache.Policy.FindVictim());
                cache.Policy.Evict(victim);
                cache.Nodes.Remove(victim.Key);
            }

            for (var i = 0; i < atOnce; i++)
            {
                cache.Policy.Add(cache.Nodes[next] = new TestNode(next));
                next++;
            }
        }

        Assert.InRange(Popular(cache), 82, 90);
    }

    [Fact]
    public void Lfu_RoomMadeForOneThatNeverComes_IsUsedByTheNext()
    {
        var cache = WithPopularKeys(makesRoomFirst: true);
        for (var round = 0; round < 120; round++)
        {
            var victim = Assert.IsType<TestNode>(cache.Policy.FindVictim());
            cache.Policy.Evict(victim);
            cache.Nodes.Remove(victim.Key);
            // The creation failed; the next one finds the place free.
            cache.Ask(1_000_000 + round);
        }

        Assert.InRange(Popular(cache), 82, 90);
        PolicyChecks.AssertHolds(cache.Policy, cache.Nodes.Values);
        // And the window has not become smaller by those that never came.
        cache.HitRate(Requests.Scan(20, 2_000_000));
        var policy = (LfuPolicy)cache.Policy;
        Assert.InRange(policy.Queues.ElementAt(1).Count, (policy.WindowShare * Capacity) - 1, Capacity);
    }

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(false, Capacity * 10)]
    [InlineData(true, Capacity * 10)]
    public void Lfu_WeightsDiffer_EvictNothingPopular(bool makesRoomFirst, int? maxCount)
    {
        var cache = new TestCache(new LfuPolicy(new EvictionCapacity(maxCount, Capacity * 10), 1), makesRoomFirst);
        for (var round = 0; round < 6; round++)
        {
            for (var key = 0; key < 85; key++)
            {
                cache.Ask(key, weight: 10);
            }
        }

        var random = new Random(1);
        for (var key = 0; key < 500; key++)
        {
            cache.Ask(1_000_000 + key, random.Next(1, 30));
        }

        Assert.InRange(Enumerable.Range(0, 85).Count(cache.Nodes.ContainsKey), 75, 85);
        PolicyChecks.AssertHolds(cache.Policy, cache.Nodes.Values);
        // The window's weight follows its share, give or take one newcomer, and a little room that none of them fits.
        var policy = (LfuPolicy)cache.Policy;
        var share = policy.Queues.ElementAt(1).Weight / (Capacity * 10.0);
        Assert.InRange(share, policy.WindowShare - 0.06, policy.WindowShare + 0.03);
    }

    [Fact]
    public void Lfu_ManyLightOnesGoForOneThatIsHeavy_TheWindowGrowsAgain()
    {
        var policy = new LfuPolicy(new EvictionCapacity(300, 1000), 1);
        var cache = new TestCache(policy, makesRoomFirst: true);
        for (var key = 0; key < 250; key++)
        {
            cache.Ask(key, weight: 4);
        }

        // It is popular, and so it stays.
        for (var i = 0; i < 5; i++)
        {
            cache.Ask(1000, weight: 200);
        }

        for (var key = 2000; key < 2040; key++)
        {
            cache.Ask(key, weight: 4);
        }

        Assert.True(cache.Nodes.ContainsKey(1000));
        Assert.InRange(cache.Nodes.Count, 190, 210);
        // The places of those that went are not waited for by anybody.
        Assert.InRange(policy.Queues.ElementAt(1).Weight, (policy.WindowShare * 1000) - 12, 1000);
    }

    [Theory]
    [InlineData("s3-fifo")]
    [InlineData("lru")]
    [InlineData("lfu")]
    [InlineData("adaptive")]
    public void HitRate_EitherOrder_IsTheSame(string name)
    {
        foreach (var requests in (List<int>[])
            [
                [.. Requests.Zipf(60_000, 2000)], [.. Requests.ZipfWithScans(20, 400, 2000, 600)],
                [.. Requests.Recency(60_000, 200)],
            ])
        {
            var after = TestCache.HitRate(name, requests, 200);
            var before = TestCache.HitRate(name, requests, 200, makesRoomFirst: true);
            Assert.InRange(before, after - 0.02, after + 0.02);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void HitRate_LoopUnderLfu_IsNotThatOfLru(bool makesRoomFirst) =>
        Assert.InRange(TestCache.HitRate("lfu", Requests.Loop(50_000, 300), 200, makesRoomFirst), 0.45, 1);

    private static int Popular(TestCache cache) => Enumerable.Range(0, 90).Count(cache.Nodes.ContainsKey);

    /// <summary>A full cache under lfu: 90 keys that were asked for six times each, and some that came once.</summary>
    private static TestCache WithPopularKeys(bool makesRoomFirst)
    {
        var cache = new TestCache(new LfuPolicy(new EvictionCapacity(Capacity), 1), makesRoomFirst);
        for (var round = 0; round < 6; round++)
        {
            cache.HitRate(Enumerable.Range(0, 90));
        }

        cache.HitRate(Enumerable.Range(500, 10));
        return cache;
    }
}
