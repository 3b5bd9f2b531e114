using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Caching;

public sealed class CacheReportTests : CacheTestBase
{
    [Fact]
    public async Task Meter_AfterSomeUse_ShowsTheTruth()
    {
        using MetricListener listener = new(Monitor);
        await using var cache = NewCache(static options => options.Capacity = 2);
        var lease = await Get(cache, "a");
        await Touch(cache, "b");
        await Touch(cache, "c");
        await Touch(cache, "a");
        cache.Remove("a");
        Source.OnLoad = static (_, _) => throw new IOException("down");
        await Assert.ThrowsAsync<IOException>(() => Get(cache, "d"));
        await Until(() => cache.Statistics.Destroying == 0);

        Assert.Equal(3, listener.Count("pepperpy_cache_load_time_seconds", "cache=tenants"));
        Assert.Equal(1, listener.Read("pepperpy_cache_hits_total")["cache=tenants"]);
        Assert.Equal(4, listener.Read("pepperpy_cache_misses_total")["cache=tenants"]);
        Assert.Equal(1, listener.Read("pepperpy_cache_entries")["cache=tenants"]);
        Assert.Equal(1, listener.Read("pepperpy_cache_weight")["cache=tenants"]);
        Assert.Equal(1, listener.Read("pepperpy_cache_leased")["cache=tenants"]);
        Assert.Equal(1, listener.Read("pepperpy_cache_detached")["cache=tenants"]);
        Assert.Equal(1, listener.Read("pepperpy_cache_load_failures_total")["cache=tenants"]);
        Assert.Equal(0, listener.Read("pepperpy_cache_destroy_failures_total")["cache=tenants"]);
        var removals = listener.Read("pepperpy_cache_evictions_total");
        Assert.Equal(1, removals["cache=tenants,reason=evicted"]);
        Assert.Equal(1, removals["cache=tenants,reason=removed"]);
        Assert.Equal(2, listener.Read("pepperpy_resources_total")["type=custom,pool=tenants"]);
        Assert.Equal(1, listener.Read("pepperpy_resources_in_use")["type=custom,pool=tenants"]);
        lease.Dispose();
        await Until(() => cache.Statistics is { Detached: 0, Destroying: 0 });
        Assert.Equal(1, listener.Read("pepperpy_resources_total")["type=custom,pool=tenants"]);
    }

    [Fact]
    public async Task Statistics_LoadTime_IsThatOfTheLoads()
    {
        await using var cache = NewCache();
        Source.OnLoad = (_, _) =>
        {
            Time.Advance(TimeSpan.FromSeconds(2));
            return Task.CompletedTask;
        };
        await Touch(cache, "a");
        await Touch(cache, "b");

        Assert.Equal((2, TimeSpan.FromSeconds(4)), (cache.Statistics.Loads, cache.Statistics.LoadTime));
        Assert.Equal("lru", cache.Statistics.Eviction);
    }
}
