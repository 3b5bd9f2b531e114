using Pepper.Resources.Caching;

namespace Pepper.Resources.Tests.Caching;

/// <summary>
/// Factories that give what is in the cache already, as one does that asks its source whether anything has changed.
/// </summary>
public sealed class CacheSameInstanceTests : CacheTestBase
{
    [Fact]
    public async Task RefreshAsync_FactoryGivesWhatIsThere_RenewsIt()
    {
        await using var cache = NewCache(static options => options.TimeToLive = TimeSpan.FromMinutes(1));
        var thing = await Touch(cache, "a");
        Time.Advance(TimeSpan.FromSeconds(40));

        await Within(cache.RefreshAsync("a", (_, _) => ValueTask.FromResult(thing), Stop));

        Time.Advance(TimeSpan.FromSeconds(40));
        Assert.Same(thing, await Touch(cache, "a"));
        await AssertAloneAsync(cache, thing);
    }

    [Fact]
    public async Task RefreshAfter_FactoryGivesWhatIsThere_KeepsItAlsoWithoutRoomForAnother()
    {
        CachedThing? known = null;
        await using var cache = NewCache(options =>
        {
            options.Capacity = 1;
            options.MaxWeight = 1;
            options.WhenFull = CacheFullMode.Wait;
            options.RefreshAfter = TimeSpan.FromMinutes(1);
            options.Loader = async (key, token) => known ??= await Source.LoadAsync(key, token);
        });
        using var held = await Get(cache, "a");
        Time.Advance(TimeSpan.FromMinutes(1));
        await Touch(cache, "a");

        await Until(() => cache.Statistics is { Loads: 2, Loading: 0 });

        await AssertAloneAsync(cache, held.Resource);

        // Its place is its own again, and no more than that.
        held.Dispose();
        known = null;
        Assert.Equal("b", (await Touch(cache, "b")).Key);
    }

    [Fact]
    public async Task GetOrAddAsync_FactoryPutsItselfWhatItGives_KeepsIt()
    {
        await using var cache = NewCache();
        CachedThing thing = new("a", 1);

        using var lease = await cache.GetOrAddAsync(
            "a",
            async (key, _) =>
            {
                // The put ends the load; what it gives then is not late, as it is there.
                await cache.PutAsync(key, thing, Stop);
                return thing;
            },
            Stop).AsTask().WaitAsync(Guard, Stop);

        await Until(() => cache.Statistics.Loading == 0);
        await AssertAloneAsync(cache, thing);
        Assert.Same(thing, lease.Resource);
    }

    [Fact]
    public async Task LoadTimeout_WhatComesLateIsThere_KeepsIt()
    {
        await using var cache = NewCache(static options => options.LoadTimeout = TimeSpan.FromSeconds(5));
        var thing = await Touch(cache, "a");
        var gate = new TaskCompletionSource<CachedThing>(TaskCreationOptions.RunContinuationsAsynchronously);
        var refresh = cache.RefreshAsync("a", (_, _) => new ValueTask<CachedThing>(gate.Task), Stop);
        await PassAsync(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<ResourceTimeoutException>(() => Within(refresh));

        gate.SetResult(thing);

        await Until(() => cache.Statistics.Loading == 0);
        await AssertAloneAsync(cache, thing);
    }

    private static async Task AssertAloneAsync(ResourceCache<string, CachedThing> cache, CachedThing thing)
    {
        await Until(() => cache.Statistics.Destroying == 0);
        Assert.Equal(0, thing.Disposed);
        Assert.True(cache.TryGet(thing.Key, out var lease));
        Assert.Same(thing, lease.Resource);
        lease.Dispose();
        Assert.Equal((1, 0), (cache.Count, cache.Statistics.Detached));
        Assert.All(cache.Statistics.Removals, static row => Assert.Equal(0, row.Value));
    }
}
