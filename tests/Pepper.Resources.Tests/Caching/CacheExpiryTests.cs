using Pepper.Resources.Caching;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Caching;

public sealed class CacheExpiryTests : CacheTestBase
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    [Fact]
    public async Task TimeToLive_Passed_LoadsAnew()
    {
        await using var cache = NewExpiring();
        var first = await Touch(cache, "a");
        Time.Advance(Minute - Tick);
        Assert.Same(first, await Touch(cache, "a"));

        Time.Advance(Tick);
        Assert.False(cache.TryGet("a", out _));
        var second = await Touch(cache, "a");

        Assert.NotSame(first, second);
        await Until(() => first.Disposed == 1);
        Assert.Equal(1, cache.Statistics.Expirations);
    }

    [Fact]
    public async Task TimeToLive_PassedAndNobodyAsks_IsDestroyedByTheTimer()
    {
        await using var cache = NewExpiring();
        var a = await Touch(cache, "a");
        await PassAsync(Minute - Second);
        var b = await Touch(cache, "b");
        await PassAsync(Second);

        await Until(() => a.Disposed == 1);
        Assert.Equal((0, 1), (b.Disposed, cache.Count));
        await PassAsync(Minute - Second);
        await Until(() => b.Disposed == 1);
    }

    [Fact]
    public async Task TimeToLive_PassedWhileLeased_IsDestroyedAfterTheLease()
    {
        await using var cache = NewExpiring();
        var lease = await Get(cache, "a");
        var first = lease.Resource;
        await PassAsync(Minute);
        await Until(() => cache.Statistics.Detached == 1);

        var second = await Touch(cache, "a");
        Assert.NotSame(first, second);
        Assert.Equal(0, first.Disposed);
        lease.Dispose();
        await Until(() => first.Disposed == 1);
        Assert.Equal(0, second.Disposed);
    }

    [Fact]
    public async Task IdleTimeout_GetsInBetween_PutItOff()
    {
        await using var cache = NewCache(static options => options.IdleTimeout = Minute);
        var thing = await Touch(cache, "a");
        for (var i = 0; i < 3; i++)
        {
            Time.Advance(Minute - Tick);
            Assert.Same(thing, await Touch(cache, "a"));
        }

        Time.Advance(Minute);
        Assert.False(cache.TryGet("a", out _));
    }

    [Fact]
    public async Task IdleTimeout_HeldForLong_CountsFromTheReturn()
    {
        await using var cache = NewCache(static options => options.IdleTimeout = Minute);
        var lease = await Get(cache, "a");
        var thing = lease.Resource;
        await PassAsync(Minute * 10);
        lease.Dispose();
        Time.Advance(Minute - Tick);

        Assert.Same(thing, await Touch(cache, "a"));
        Time.Advance(Minute);
        Assert.False(cache.TryGet("a", out _));

        // A sweep of the time before may set the timer only now.
        await PoolTestBase.PassTimeUntil(Time, () => thing.Disposed == 1);
    }

    [Fact]
    public async Task Lifetime_PerEntry_HoldsForThatEntry()
    {
        await using var cache = NewCache(static options =>
        {
            options.TimeToLive = Minute;
            options.Lifetime = static (key, _) => key switch
            {
                "short" => Second,
                "throws" => throw new InvalidOperationException("no idea"),
                "negative" => -Second,
                _ => null,
            };
            options.Capacity = 10;
        });
        foreach (var key in (string[])["short", "throws", "negative", "usual"])
        {
            await Touch(cache, key);
        }

        Time.Advance(Second);
        Assert.False(cache.TryGet("short", out _));
        Time.Advance(Minute - Second - Tick);
        Assert.Equal(["negative", "throws", "usual"], cache.GetEntries().Select(static entry => entry.Key).Order());
        Time.Advance(Tick);
        Assert.Empty(cache.GetEntries());
        Assert.Equal(2, Log.Lines.Count(static line => line.Id == 1605));
    }

    [Fact]
    public async Task WallClock_Jumps_ChangesNothing()
    {
        await using var cache = NewExpiring();
        var thing = await Touch(cache, "a");
        Time.SetUtcNow(Time.GetUtcNow() + TimeSpan.FromDays(365));
        Assert.Same(thing, await Touch(cache, "a"));
    }

    [Fact]
    public async Task RefreshAfter_Passed_ServesTheOldOneAndLoadsOnce()
    {
        await using var cache = NewRefreshing();
        var first = await Touch(cache, "a");
        var gate = HoldLoads();
        Time.Advance(Minute);

        for (var i = 0; i < 10; i++)
        {
            Assert.Same(first, await Touch(cache, "a"));
        }

        await Until(() => Source.Loads == 2);
        gate.SetResult();
        await Until(() => first.Disposed == 1);
        Assert.Equal(2, (await Touch(cache, "a")).Number);
        Assert.Equal(2, Source.Loads);
        Assert.Equal(1, cache.Statistics.Misses);
    }

    [Fact]
    public async Task RefreshAfter_LoadFails_KeepsTheOldOneAndTriesLater()
    {
        await using var cache = NewRefreshing(static options => options.RefreshRetryDelay = Second);
        var first = await Touch(cache, "a");
        FailLoads();
        Time.Advance(Minute);
        Assert.Same(first, await Touch(cache, "a"));
        await Until(() => cache.Statistics is { LoadFailures: 1, Loading: 0 });

        Assert.Same(first, await Touch(cache, "a"));
        Assert.Equal(2, Source.Loads);
        Source.OnLoad = null;
        Time.Advance(Second);
        Assert.Same(first, await Touch(cache, "a"));
        await Until(() => first.Disposed == 1);
        Assert.Equal(3, (await Touch(cache, "a")).Number);
    }

    [Fact]
    public async Task RefreshAfter_ExpiresMeanwhile_GetsJoinTheRefresh()
    {
        await using var cache = NewRefreshing();
        await Touch(cache, "a");
        var gate = HoldLoads();
        Time.Advance(Minute);
        await Touch(cache, "a");
        await Until(() => Source.Loads == 2);
        Time.Advance(Minute);

        var caller = cache.GetOrAddAsync("a", Stop).AsTask();
        await Until(() => cache.Statistics.Misses == 2);
        gate.SetResult();
        using var lease = await Within(caller);

        Assert.Equal(2, lease.Resource.Number);
        Assert.Equal(2, Source.Loads);
    }

    [Fact]
    public async Task RefreshAfter_RemovedMeanwhile_IsNotResurrected()
    {
        await using var cache = NewRefreshing();
        await Touch(cache, "a");
        var gate = HoldLoads();
        Time.Advance(Minute);
        await Touch(cache, "a");
        await Until(() => Source.Loads == 2);

        cache.Remove("a");
        CachedThing successor = new("a", 77);
        Assert.True(await cache.PutAsync("a", successor, Stop));
        gate.SetResult();

        await Until(() => Source.Made.Count == 2 && Source.Made.All(static thing => thing.Disposed == 1));
        Assert.Same(successor, await Touch(cache, "a"));
        Assert.Equal(0, successor.Disposed);
    }

    [Fact]
    public async Task RefreshAfter_EvictedMeanwhile_DoesNotComeBack()
    {
        await using var cache = NewRefreshing(static options => options.Capacity = 1);
        await Touch(cache, "a");
        var gate = HoldLoads(of: "a");
        Time.Advance(Minute);
        await Touch(cache, "a");
        await Until(() => Source.Loads == 2);
        var b = await Touch(cache, "b");

        gate.SetResult();

        await Until(() => Source.Made.Count(static thing => thing is { Key: "a", Disposed: 1 }) == 2);
        Assert.False(cache.TryGet("a", out _));
        Assert.Same(b, await Touch(cache, "b"));
    }

    [Fact]
    public async Task RefreshAsync_Fresh_ReplacesIt()
    {
        await using var cache = NewCache();
        var lease = await Get(cache, "a");
        await Within(cache.RefreshAsync("a", cancellationToken: Stop));

        var second = await Touch(cache, "a");
        Assert.Equal((1, 2), (lease.Resource.Number, second.Number));
        lease.Dispose();
        await Until(() => Source.Made.First().Disposed == 1);
        await Within(cache.RefreshAsync("new", cancellationToken: Stop));
        Assert.True(cache.TryGet("new", out var added));
        added.Dispose();
    }

    [Fact]
    public async Task RefreshAsync_Fails_ThrowsAndKeepsTheOldOne()
    {
        await using var cache = NewExpiring();
        var first = await Touch(cache, "a");
        FailLoads();

        await Assert.ThrowsAsync<IOException>(() => Within(cache.RefreshAsync("a", cancellationToken: Stop)));

        Assert.Same(first, await Touch(cache, "a"));
        Assert.Equal((0, 0), (cache.Statistics.Leases, cache.Statistics.StaleServed));
    }

    [Fact]
    public async Task ServeStaleFor_LoadFails_ServesTheOldOneUpToItsAge()
    {
        await using var cache = NewExpiring(static options =>
        {
            options.ServeStaleFor = Minute;
            options.RefreshRetryDelay = Second;
        });
        var first = await Touch(cache, "a");
        FailLoads();
        Time.Advance(Minute);

        Assert.Same(first, await Touch(cache, "a"));
        Assert.Equal((2, 1), (Source.Loads, cache.Statistics.StaleServed));

        // For a while nothing is tried again.
        Assert.Same(first, await Touch(cache, "a"));
        Assert.Equal((2, 2), (Source.Loads, cache.Statistics.StaleServed));
        Time.Advance(Second);
        Assert.Same(first, await Touch(cache, "a"));
        Assert.Equal(3, Source.Loads);

        Time.Advance(Minute - Second);
        await Assert.ThrowsAsync<IOException>(() => Get(cache, "a"));
        await Until(() => first.Disposed == 1);
    }

    [Fact]
    public async Task ServeStaleFor_LoadSucceeds_GivesTheNewOne()
    {
        await using var cache = NewExpiring(static options => options.ServeStaleFor = Minute);
        var first = await Touch(cache, "a");
        Time.Advance(Minute);

        Assert.False(cache.TryGet("a", out _));
        Assert.Equal(2, (await Touch(cache, "a")).Number);
        await Until(() => first.Disposed == 1);
        Assert.Equal(1, cache.Statistics.Expirations);
    }

    /// <summary>A cache whose entries live for a minute.</summary>
    private ResourceCache<string, CachedThing> NewExpiring(
        Action<ResourceCacheOptions<string, CachedThing>>? configure = null) =>
        NewCache(options =>
        {
            options.TimeToLive = Minute;
            configure?.Invoke(options);
        });

    /// <summary>A cache whose entries are renewed after a minute, and expire after two.</summary>
    private ResourceCache<string, CachedThing> NewRefreshing(
        Action<ResourceCacheOptions<string, CachedThing>>? configure = null) =>
        NewCache(options =>
        {
            options.TimeToLive = Minute * 2;
            options.RefreshAfter = Minute;
            configure?.Invoke(options);
        });

    /// <summary>Loads from now on, or those of a key, end when the gate is opened.</summary>
    private TaskCompletionSource HoldLoads(string? of = null)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = (key, _) => of is null || key == of ? gate.Task : Task.CompletedTask;
        return gate;
    }

    private void FailLoads() => Source.OnLoad = static (_, _) => throw new IOException("down");
}
