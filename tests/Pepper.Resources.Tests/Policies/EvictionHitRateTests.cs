using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

/// <summary>On generated traces, which come out the same in each run: each policy does well what it is there for.</summary>
public sealed class EvictionHitRateTests
{
    [Fact]
    public void HitRate_ScansBetweenPopularKeys_HurtLruMost()
    {
        var requests = Requests.ZipfWithScans(40, 400, 2000, 600).ToList();

        var lru = TestCache.HitRate("lru", requests, 200);

        Assert.InRange(TestCache.HitRate("s3-fifo", requests, 200), lru + 0.04, 1);
        Assert.InRange(TestCache.HitRate("lfu", requests, 200), lru + 0.02, 1);
        Assert.InRange(TestCache.HitRate("adaptive", requests, 200), lru + 0.04, 1);
    }

    [Fact]
    public void HitRate_LoopLargerThanTheCache_LeavesLruNothing()
    {
        var requests = Requests.Loop(50_000, 300).ToList();

        Assert.Equal(0, TestCache.HitRate("lru", requests, 200));
        Assert.InRange(TestCache.HitRate("s3-fifo", requests, 200), 0.25, 1);
        Assert.InRange(TestCache.HitRate("lfu", requests, 200), 0.45, 1);
        Assert.InRange(TestCache.HitRate("adaptive", requests, 200), 0.4, 1);
    }

    [Fact]
    public void HitRate_RecentKeysOnly_IsBestUnderLru()
    {
        var requests = Requests.Recency(100_000, 200).ToList();

        var lru = TestCache.HitRate("lru", requests, 200);

        Assert.InRange(lru, 0.7, 1);
        Assert.InRange(TestCache.HitRate("s3-fifo", requests, 200), 0.45, lru);
        Assert.InRange(TestCache.HitRate("lfu", requests, 200), 0.55, lru);
        Assert.InRange(TestCache.HitRate("adaptive", requests, 200), lru - 0.01, lru);
    }

    [Theory]
    [InlineData("s3-fifo")]
    [InlineData("lfu")]
    [InlineData("adaptive")]
    public void HitRate_PopularKeys_IsMuchBetterThanUnderLru(string name)
    {
        var requests = Requests.Zipf(100_000, 5000).ToList();

        Assert.InRange(TestCache.HitRate(name, requests, 500), TestCache.HitRate("lru", requests, 500) + 0.05, 1);
    }

    [Theory]
    [InlineData("s3-fifo")]
    [InlineData("lfu")]
    [InlineData("adaptive")]
    [InlineData("lru")]
    public void HitRate_AgentsThatAskForFewThings_IsOver80Percent(string name)
    {
        // A fleet of agents that ask for the tools and models of their tenants: few of them all the time, and many now and then.
        var requests = Requests.Zipf(100_000, 1000, 1.2).ToList();

        Assert.InRange(TestCache.HitRate(name, requests, 200), 0.8, 1);
    }

    [Theory]
    [InlineData("s3-fifo")]
    [InlineData("lfu")]
    [InlineData("adaptive")]
    public void HitRate_PopularityMovesOn_IsFollowed(string name)
    {
        var requests = Requests.Shifting(100_000, 1000, 10_000).ToList();

        Assert.InRange(TestCache.HitRate(name, requests, 200), TestCache.HitRate("lru", requests, 200), 1);
    }

    [Theory]
    [InlineData("s3-fifo")]
    [InlineData("lfu")]
    [InlineData("adaptive")]
    [InlineData("lru")]
    public void HitRate_CacheOfFive_StillLearnsWhatIsPopular(string name) =>
        Assert.InRange(TestCache.HitRate(name, Requests.Zipf(20_000, 50), 5), 0.25, 1);

    [Fact]
    public void HitRate_Lru_IsExactlyThatOfALinkedList()
    {
        var requests = Requests.Zipf(20_000, 500).ToList();
        var order = new LinkedList<int>();
        var hits = 0;
        foreach (var key in requests)
        {
            if (order.Remove(key))
            {
                hits++;
            }
            else if (order.Count == 50)
            {
                order.RemoveFirst();
            }

            order.AddLast(key);
        }

        Assert.Equal((double)hits / requests.Count, TestCache.HitRate("lru", requests, 50));
    }

    [Theory]
    [InlineData("s3-fifo")]
    [InlineData("lfu")]
    [InlineData("adaptive")]
    [InlineData("lru")]
    public void HitRate_ByWeightAlone_IsThatOfTheSameCapacityByNumber(string name)
    {
        var requests = Requests.Zipf(30_000, 2000).ToList();
        var byWeight = new TestCache(EvictionPolicies.Create(name, new EvictionCapacity(null, 2000)));

        foreach (var key in requests)
        {
            byWeight.Ask(key, weight: 10);
            Assert.InRange(byWeight.Policy.Weight, 0, 2000);
        }

        var rate = (double)byWeight.Hits / requests.Count;
        Assert.InRange(rate, TestCache.HitRate(name, requests, 200) - 0.03, TestCache.HitRate(name, requests, 200) + 0.03);
    }
}
