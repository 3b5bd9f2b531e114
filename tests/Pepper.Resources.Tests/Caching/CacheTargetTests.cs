using Pepper.Resources.Caching;
using Pepper.Resources.Tests.Policies;

namespace Pepper.Resources.Tests.Caching;

/// <summary>What is wanted of a cache in figures, as far as a test can hold it; bench/results has the whole of it.</summary>
public sealed class CacheTargetTests
{
    // What MemoryCache takes for an entry beside key and resource, by bench/results/caches.md.
    private const double MemoryCacheBytes = 164.9;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("s3-fifo")]
    [InlineData("lfu")]
    [InlineData("adaptive")]
    [InlineData("lru")]
    public async Task HitRate_AgentsThatAskForFewThings_IsOver80Percent(string eviction)
    {
        await using ResourceCache<int, object> cache = new(
            new ResourceCacheOptions<int, object> { Capacity = 200, Eviction = eviction }, monitor: new ResourceMonitor());
        foreach (var key in Requests.Zipf(50_000, 1000, 1.2))
        {
            using var lease = await cache.GetOrAddAsync(key, static (_, _) => new ValueTask<object>(new object()), Stop);
        }

        Assert.InRange(cache.Statistics.HitRate, 0.8, 1);
        Assert.Equal(200, cache.Count);
    }

    [Fact]
    public void Memory_OfAnEntry_Is30PercentBelowMemoryCaches()
    {
        // The entry; two buckets for each at most; and what the policy remembers of those that have left, 6 bytes as measured in
        // bench/results/caches-traces.md.
        const double buckets = 2 * 8;
        const double ghosts = 6;
        object shared = new();
        var entries = new CacheEntry<string>[1_000];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = new CacheEntry<string>("key", shared, i, weight: 1);
        }

        var entry = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / entries.Length;
        Assert.InRange(entry + buckets + ghosts, 1, MemoryCacheBytes * 0.7);
        GC.KeepAlive(entries);
    }
}
