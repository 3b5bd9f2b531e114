using Pepper.Resources.Caching;

namespace Pepper.Resources.Tests.Caching;

public sealed class CacheRoomTests : CacheTestBase
{
    [Fact]
    public async Task Grow_AllLeased_GrowsAndShrinksAsLeasesEnd()
    {
        await using var cache = NewCache();
        var leases = new List<Lease<CachedThing>>();
        for (var i = 0; i < 10; i++)
        {
            leases.Add(await Get(cache, $"k{i}"));
        }

        Assert.Equal((10, 0), (cache.Count, cache.Statistics.Evictions));
        leases.ForEach(static lease => lease.Dispose());

        Assert.Equal((3, 7), (cache.Count, cache.Statistics.Evictions));
        await Until(() => Source.Made.Count(static thing => thing.Disposed == 1) == 7);
    }

    [Fact]
    public async Task Wait_AllLeased_WaitsInOrderForALeaseToEnd()
    {
        await using var cache = NewCache(static options => options.WhenFull = CacheFullMode.Wait);
        var leases = await HoldAllAsync(cache);
        var first = cache.GetOrAddAsync("x", Stop).AsTask();
        await Until(() => cache.Statistics.Waiting == 1);
        var second = cache.GetOrAddAsync("y", Stop).AsTask();
        await Until(() => cache.Statistics.Waiting == 2);
        Assert.Equal(3, Source.Loads);

        leases[0].Dispose();
        using var x = await Within(first);
        Assert.Equal("x", x.Resource.Key);
        Assert.False(second.IsCompleted);
        leases[1].Dispose();
        using var y = await Within(second);
        Assert.Equal(3, cache.Count);
        leases[2].Dispose();
    }

    [Fact]
    public async Task Wait_VictimIsBeingDestroyed_LoadsWhenItIsGone()
    {
        await using var cache = NewCache(static options =>
        {
            options.WhenFull = CacheFullMode.Wait;
            options.Capacity = 1;
        });
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var a = await Touch(cache, "a");
        a.OnDispose = () => gate.Task;

        var caller = cache.GetOrAddAsync("b", Stop).AsTask();
        await Until(() => a.Disposed == 1);
        Assert.Equal(1, Source.Loads);
        gate.SetResult();
        using var b = await Within(caller);
        Assert.Equal(2, Source.Loads);
    }

    [Fact]
    public async Task Wait_RoomTimeoutPassed_SaysSo()
    {
        await using var cache = NewCache(static options =>
        {
            options.WhenFull = CacheFullMode.Wait;
            options.RoomTimeout = TimeSpan.FromSeconds(3);
        });
        var leases = await HoldAllAsync(cache);
        var caller = cache.GetOrAddAsync("x", Stop).AsTask();
        await Until(() => cache.Statistics.Waiting == 1 && Time.ActiveTimers > 0);
        Time.Advance(TimeSpan.FromSeconds(3));

        var failure = await Assert.ThrowsAsync<CacheFullException>(() => Within(caller));
        Assert.Contains("RoomTimeout (00:00:03)", failure.Message, StringComparison.Ordinal);
        leases.ForEach(static lease => lease.Dispose());
        await Touch(cache, "x");
        Assert.Equal(0, cache.Statistics.Waiting);
    }

    [Fact]
    public async Task Wait_CallerLeaves_LosesNoPlace()
    {
        await using var cache = NewCache(static options => options.WhenFull = CacheFullMode.Wait);
        var leases = await HoldAllAsync(cache);
        using CancellationTokenSource leaving = new();
        var caller = cache.GetOrAddAsync("x", leaving.Token).AsTask();
        await Until(() => cache.Statistics.Waiting == 1);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
        await Until(() => cache.Statistics is { Waiting: 0, Loading: 0 });

        leases.ForEach(static lease => lease.Dispose());
        for (var i = 0; i < 10; i++)
        {
            await Touch(cache, $"n{i}");
        }
    }

    [Fact]
    public async Task Wait_FailedLoadsAndRemovals_LoseNoPlace()
    {
        await using var cache = NewCache(static options => options.WhenFull = CacheFullMode.Wait);
        for (var round = 0; round < 20; round++)
        {
            Source.OnLoad = static (_, _) => throw new IOException("down");
            await Assert.ThrowsAsync<IOException>(() => Get(cache, "bad"));
            Source.OnLoad = null;
            await Touch(cache, $"k{round}");
            cache.Remove($"k{round - 1}");
            await cache.PutAsync("put", new CachedThing("put", round), Stop).AsTask().WaitAsync(Guard, Stop);
            await Within(cache.RefreshAsync("put", cancellationToken: Stop));
        }

        var leases = await HoldAllAsync(cache);
        Assert.Equal(3, cache.Count);
        leases.ForEach(static lease => lease.Dispose());
    }

    [Fact]
    public async Task Reject_AllLeased_ThrowsAtOnceAndPutIsRefused()
    {
        await using var cache = NewCache(static options => options.WhenFull = CacheFullMode.Reject);
        var leases = await HoldAllAsync(cache);

        var failure = await Assert.ThrowsAsync<CacheFullException>(() => Get(cache, "x"));
        Assert.Contains("3 entries", failure.Message, StringComparison.Ordinal);
        CachedThing refused = new("y", 0);
        Assert.False(await cache.PutAsync("y", refused, Stop));
        await Until(() => refused.Disposed == 1);
        Assert.Equal(3, Source.Loads);

        leases[1].Dispose();
        await Touch(cache, "x");
        leases[0].Dispose();
        leases[2].Dispose();
    }

    [Fact]
    public async Task Weight_TooMuch_EvictsUntilItFits()
    {
        await using var cache = NewWeighted();
        await Touch(cache, "4:a");
        await Touch(cache, "4:b");
        await Touch(cache, "9:c");

        Assert.Equal(["9:c"], cache.GetEntries().Select(static entry => entry.Key));
        Assert.Equal((9, 2), (cache.Statistics.Weight, cache.Statistics.Evictions));
    }

    [Fact]
    public async Task Weight_OversizeEntry_IsServedNotKeptAndEvictsNobody()
    {
        await using var cache = NewWeighted();
        var small = await Touch(cache, "4:a");
        var lease = await Get(cache, "11:b");
        var big = lease.Resource;

        Assert.Equal(0, big.Disposed);
        Assert.Equal(["4:a"], cache.GetEntries().Select(static entry => entry.Key));
        lease.Dispose();
        await Until(() => big.Disposed == 1);
        Assert.Equal(0, small.Disposed);
        Assert.Equal(1, cache.Statistics.Removals[CacheRemovalReason.Rejected]);
        Assert.Contains(Log.Lines, static line => line.Id == 1607);
    }

    [Theory]
    [InlineData("x:throws")]
    [InlineData("-1:negative")]
    public async Task Weight_WeigherFails_ServesWithoutKeepingAndLeavesTheOldOne(string key)
    {
        await using var cache = NewWeighted();
        var lease = await Get(cache, key);
        var served = lease.Resource;
        lease.Dispose();
        await Until(() => served.Disposed == 1);

        CachedThing put = new(key, 0);
        Assert.False(await cache.PutAsync(key, put, Stop));
        await Until(() => put.Disposed == 1);
        Assert.Equal((0, 0L), (cache.Count, cache.Statistics.Weight));
    }

    [Fact]
    public async Task Weight_StrictAndLeased_WaitsUntilThereIsRoom()
    {
        await using var cache = NewWeighted(static options => options.WhenFull = CacheFullMode.Wait);
        var a = await Get(cache, "6:a");
        var waits = cache.GetOrAddAsync("5:b", Stop).AsTask();
        await Until(() => Source.Loads == 2);
        Assert.False(waits.IsCompleted);

        a.Dispose();
        using var b = await Within(waits);
        Assert.Equal(5, cache.Statistics.Weight);
    }

    [Fact]
    public async Task Weight_RejectAndLeased_TellsAndDestroysWhatWasLoaded()
    {
        await using var cache = NewWeighted(static options => options.WhenFull = CacheFullMode.Reject);
        using var a = await Get(cache, "6:a");

        await Assert.ThrowsAsync<CacheFullException>(() => Get(cache, "5:b"));
        await Until(() => Source.Made.Any(static thing => thing is { Key: "5:b", Disposed: 1 }));
        Assert.False(await cache.PutAsync("5:c", new CachedThing("5:c", 0), Stop));
        Assert.Equal(1, cache.Count);
    }

    [Theory]
    [InlineData("lru")]
    [InlineData("s3-fifo")]
    [InlineData("lfu")]
    [InlineData("adaptive")]
    public async Task Evict_AnyPolicy_HoldsItsCapacityAndDestroysEachOnce(string policy)
    {
        await using (var cache = NewCache(options =>
        {
            options.Eviction = policy;
            options.Capacity = 10;
        }))
        {
            Random random = new(6);
            for (var i = 0; i < 2_000; i++)
            {
                using var lease = await Get(cache, $"k{random.Next(40)}");
                Assert.Equal(0, lease.Resource.Disposed);
                Assert.True(cache.Count <= 10);
            }

            Assert.Equal(10, cache.Count);
        }

        Assert.All(Source.Made, static thing => Assert.Equal(1, thing.Disposed));
    }

    private static async Task<List<Lease<CachedThing>>> HoldAllAsync(ResourceCache<string, CachedThing> cache)
    {
        List<Lease<CachedThing>> leases = [];
        foreach (var key in (string[])["a", "b", "c"])
        {
            leases.Add(await Get(cache, key));
        }

        return leases;
    }

    /// <summary>A cache of weight ten, whose keys say what they weigh.</summary>
    private ResourceCache<string, CachedThing> NewWeighted(
        Action<ResourceCacheOptions<string, CachedThing>>? configure = null) => NewCache(options =>
    {
        options.Capacity = null;
        options.MaxWeight = 10;
        options.Weigher = static (key, _) => int.Parse(key.Split(':')[0], System.Globalization.CultureInfo.InvariantCulture);
        configure?.Invoke(options);
    });
}
