using Pepper.Resources.Caching;

namespace Pepper.Resources.Tests.Caching;

/// <summary>
/// Leases of hits, some of which say by themselves what they hold, while the resource counts the others: nobody sees which.
/// </summary>
public sealed class CacheLoansTests : CacheTestBase
{
    // More than one processor publishes.
    private const int Many = 50;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public async Task Remove_ManyHitsHoldIt_IsDestroyedAfterTheLastWhicheverThatIs(int first)
    {
        await using var cache = NewCache();
        var thing = await Touch(cache, "a");
        var leases = Enumerable.Range(0, Many).Select(_ => Hit(cache, "a")).ToArray();
        Assert.Equal((Many, 1), (cache.Statistics.Leases, cache.Statistics.Leased));

        Assert.True(cache.Remove("a"));
        for (var i = 0; i < Many; i++)
        {
            Assert.Equal((0, 1, 0L), (thing.Disposed, cache.Statistics.Detached, cache.Statistics.Destroying));
            leases[(i * 7 + first) % Many].Dispose();
        }

        await Until(() => thing.Disposed == 1 && cache.Statistics is { Detached: 0, Destroying: 0, Leases: 0 });
    }

    [Fact]
    public async Task Grow_HeldByAHit_AnotherIsEvicted()
    {
        await using var cache = NewCache();
        var things = await FillAsync(cache);
        using var lease = Hit(cache, "a");
        await Touch(cache, "b");
        await Touch(cache, "c");

        await Touch(cache, "d");

        await Until(() => things[1].Disposed == 1);
        Assert.Equal(0, things[0].Disposed);
        Assert.Same(things[0], lease.Resource);
    }

    [Fact]
    public async Task Grow_AllHeldByHits_ShrinksAsTheyEnd()
    {
        await using var cache = NewCache();
        var things = await FillAsync(cache);
        var leases = new[] { Hit(cache, "a"), Hit(cache, "b"), Hit(cache, "c") };
        using var extra = await Get(cache, "d");
        Assert.Equal((4, 0L), (cache.Count, cache.Statistics.Evictions));

        leases[1].Dispose();

        await Until(() => things[1].Disposed == 1);
        Assert.Equal((3, 0, 0), (cache.Count, things[0].Disposed, things[2].Disposed));
        leases[0].Dispose();
        leases[2].Dispose();
        Assert.Equal(3, cache.Count);
    }

    [Fact]
    public async Task Detach_HeldByHits_GoesAfterTheLast()
    {
        await using var cache = NewCache(static options => (options.Capacity, options.WhenFull) = (1, CacheFullMode.Detach));
        var a = await Touch(cache, "a");
        var leases = new[] { Hit(cache, "a"), Hit(cache, "a") };

        await Touch(cache, "b");

        Assert.False(cache.TryGet("a", out _));
        Assert.Equal((1, 0), (cache.Statistics.Detached, a.Disposed));
        leases[0].Dispose();
        Assert.Equal(0, a.Disposed);
        leases[1].Dispose();
        await Until(() => a.Disposed == 1 && cache.Statistics.Detached == 0);
    }

    [Fact]
    public async Task Detach_HeldByAHitAndUnique_IsTakenInAgain()
    {
        await using var cache = NewCache(static options =>
            (options.Capacity, options.WhenFull, options.UniqueKeys) = (1, CacheFullMode.Detach, true));
        var a = await Touch(cache, "a");
        var lease = Hit(cache, "a");
        await Touch(cache, "b");

        var again = await Get(cache, "a");
        lease.Dispose();

        Assert.Same(a, again.Resource);
        Assert.Equal((0, 0), (a.Disposed, cache.Statistics.Detached));
        again.Dispose();
        Assert.Same(a, await Touch(cache, "a"));
    }

    [Fact]
    public async Task Wait_AllHeldByHits_IsServedWhenOneEnds()
    {
        await using var cache = NewCache(static options => options.WhenFull = CacheFullMode.Wait);
        await FillAsync(cache);
        var leases = new[] { Hit(cache, "a"), Hit(cache, "b"), Hit(cache, "c") };
        var caller = cache.GetOrAddAsync("d", Stop).AsTask();
        await Until(() => cache.Statistics.Waiting == 1);

        leases[2].Dispose();

        using var served = await Within(caller);
        Assert.Equal("d", served.Resource.Key);
        Assert.False(cache.TryGet("c", out _));
        leases[0].Dispose();
        leases[1].Dispose();
    }

    [Fact]
    public async Task Reject_AllHeldByHits_RejectsUntilOneEnds()
    {
        await using var cache = NewCache(static options => (options.Capacity, options.WhenFull) = (1, CacheFullMode.Reject));
        var a = await Touch(cache, "a");
        var lease = Hit(cache, "a");
        await Assert.ThrowsAsync<CacheFullException>(() => Get(cache, "b"));

        lease.Dispose();

        Assert.Equal("b", (await Touch(cache, "b")).Key);
        await Until(() => a.Disposed == 1);
    }

    [Fact]
    public async Task Invalidate_OneHitOfTwo_GoesAfterTheOther()
    {
        await using var cache = NewCache();
        var a = await Touch(cache, "a");
        var broken = Hit(cache, "a");
        var other = Hit(cache, "a");

        broken.Invalidate();
        broken.Dispose();

        Assert.False(cache.TryGet("a", out _));
        Assert.Same(a, other.Resource);
        Assert.Equal(0, a.Disposed);
        other.Dispose();
        await Until(() => a.Disposed == 1);
    }

    [Fact]
    public async Task IdleTimeout_HeldByAHit_IsNotSwept()
    {
        var minute = TimeSpan.FromMinutes(1);
        await using var cache = NewCache(options => options.IdleTimeout = minute);
        var a = await Touch(cache, "a");
        var b = await Touch(cache, "b");
        var lease = Hit(cache, "a");

        await PassAsync(minute);

        await Until(() => b.Disposed == 1);
        Assert.Equal((0, 1), (a.Disposed, cache.Count));
        lease.Dispose();
        Assert.Same(a, await Touch(cache, "a"));
    }

    private static async Task<CachedThing[]> FillAsync(ResourceCache<string, CachedThing> cache) =>
        [await Touch(cache, "a"), await Touch(cache, "b"), await Touch(cache, "c")];

    private static Lease<CachedThing> Hit(ResourceCache<string, CachedThing> cache, string key)
    {
        Assert.True(cache.TryGet(key, out var lease));
        return lease;
    }
}
