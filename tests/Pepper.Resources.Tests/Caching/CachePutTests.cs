using Pepper.Resources.Caching;
using Pepper.Resources.Tests.Stress;

namespace Pepper.Resources.Tests.Caching;

public sealed class CachePutTests : CacheTestBase
{
    [Fact]
    public async Task Put_TheSameInstanceWithACancelledToken_DestroysNothing()
    {
        await using var cache = NewCache();
        using var lease = await Get(cache, "a");
        var thing = lease.Resource;

        await PutAndForgetAsync(cache, "a", thing, new CancellationToken(canceled: true));

        await AssertStaysAsync(cache, "a", thing);
    }

    [Fact]
    public async Task Put_TheSameInstanceWithoutRoom_DestroysNothing()
    {
        await using var cache = NewCache(static options =>
        {
            options.WhenFull = CacheFullMode.Reject;
            options.Capacity = 1;
        });
        using var lease = await Get(cache, "a");

        Assert.True(await Within(cache.PutAsync("a", lease.Resource, Stop).AsTask()));

        await AssertStaysAsync(cache, "a", lease.Resource);
    }

    [Fact]
    public async Task Put_TheSameInstanceAndItsWeigherFails_DestroysNothing()
    {
        var asked = 0;
        await using var cache = NewCache(options => options.Weigher = (_, _) => asked++ == 0 ? 1 : -1);
        using var lease = await Get(cache, "a");

        Assert.True(await Within(cache.PutAsync("a", lease.Resource, Stop).AsTask()));

        await AssertStaysAsync(cache, "a", lease.Resource);
    }

    [Fact]
    public async Task Put_GoesAtOnceAsAllElseIsLeased_SaysThatItWasNotKept()
    {
        await using var cache = NewCache(static options => options.Capacity = 1);
        using var lease = await Get(cache, "a");
        CachedThing put = new("b", 100);

        Assert.False(await Within(cache.PutAsync("b", put, Stop).AsTask()));

        await Until(() => put.Disposed == 1);
        Assert.False(cache.TryGet("b", out _));
    }

    [Fact]
    public async Task Put_DuringARefreshWhoseLoadFailsThen_EndsTheRefresh()
    {
        await using var cache = NewCache(static options => options.Capacity = 2);
        foreach (var round in Rounds.UpTo(3_000))
        {
            var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var gate = new TaskCompletionSource<CachedThing>();
            var refresh = cache.RefreshAsync(
                "a",
                (_, _) =>
                {
                    started.SetResult();
                    return new ValueTask<CachedThing>(gate.Task);
                },
                Stop);
            await Within(started.Task);

            // The failure comes after the put, and before the caller of the refresh has looked, as often as can be.
            Assert.True(cache.PutAsync("a", new CachedThing("a", round), Stop).IsCompletedSuccessfully);
            gate.SetException(new InvalidOperationException("The source is gone."));

            await Within(refresh);
        }
    }

    private static async Task PutAndForgetAsync(
        ResourceCache<string, CachedThing> cache, string key, CachedThing thing, CancellationToken cancellationToken)
    {
        try
        {
            await Within(cache.PutAsync(key, thing, cancellationToken).AsTask());
        }
        catch (OperationCanceledException)
        {
            // Either answer is right: what counts is what becomes of the resource.
        }
    }

    /// <summary>Destructions go in order, so that once a later one was done, an earlier one would have been.</summary>
    private static async Task AssertStaysAsync(ResourceCache<string, CachedThing> cache, string key, CachedThing thing)
    {
        await Until(() => cache.Statistics.Destroying == 0);
        Assert.Equal(0, thing.Disposed);
        Assert.True(cache.TryGet(key, out var again));
        Assert.Same(thing, again.Resource);
        again.Dispose();
        Assert.All(cache.Statistics.Removals, static row => Assert.Equal(0, row.Value));
    }
}
