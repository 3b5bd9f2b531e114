using Pepper.Resources.Caching;

namespace Pepper.Resources.Tests.Caching;

public sealed class CacheOptionsTests
{
    [Fact]
    public void New_ManyFaults_AreListedAtOnce()
    {
        ResourceCacheOptions<string, object> options = new()
        {
            Name = " ",
            Capacity = 0,
            MaxWeight = 0,
            Eviction = "random",
            WhenFull = (CacheFullMode)9,
            TimeToLive = TimeSpan.Zero,
            RefreshAfter = TimeSpan.FromHours(1),
            ServeStaleFor = -TimeSpan.FromSeconds(1),
            RoomTimeout = TimeSpan.Zero,
            DestroyTimeout = TimeSpan.Zero,
            DisposeTimeout = -TimeSpan.FromSeconds(2),
            MaxConcurrentDestroys = 0,
            UniqueKeys = true,
        };

        var fault = Assert.Throws<ArgumentException>(() => new ResourceCache<string, object>(options));

        foreach (var part in (string[])
            ["Name must", "Capacity is 0", "MaxWeight is 0", "'random', but there are: adaptive", "WhenFull is 9",
                "TimeToLive is", "RefreshAfter is", "ServeStaleFor is", "RoomTimeout is", "DestroyTimeout is",
                "DisposeTimeout is", "MaxConcurrentDestroys is 0", "UniqueKeys allows"])
        {
            Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task New_OptionsChangedLater_AreNotFollowed()
    {
        ResourceCacheOptions<string, object> options = new() { Name = "first", Capacity = 1 };
        await using ResourceCache<string, object> cache = new(options, monitor: new ResourceMonitor());
        options.Name = "second";
        options.Capacity = 100;
        await cache.PutAsync("a", new object(), TestContext.Current.CancellationToken);
        await cache.PutAsync("b", new object(), TestContext.Current.CancellationToken);

        Assert.Equal(("first", 1), (cache.Name, cache.Count));
    }

    [Fact]
    public async Task New_NoBounds_HoldsAll()
    {
        await using ResourceCache<int, object> cache = new(
            new ResourceCacheOptions<int, object> { Capacity = null }, monitor: new ResourceMonitor());
        for (var key = 0; key < 1_000; key++)
        {
            await cache.PutAsync(key, new object(), TestContext.Current.CancellationToken);
        }

        Assert.Equal(1_000, cache.Count);
        Assert.Null(cache.Statistics.Capacity);
    }
}
