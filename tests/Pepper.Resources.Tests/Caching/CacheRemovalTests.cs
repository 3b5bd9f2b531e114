using Pepper.Resources.Caching;

namespace Pepper.Resources.Tests.Caching;

public sealed class CacheRemovalTests : CacheTestBase
{
    [Fact]
    public async Task Evict_WhileLeased_SkipsItAndTakesAnother()
    {
        await using var cache = NewCache();
        using var oldest = await Get(cache, "a");
        var b = await Touch(cache, "b");
        await Touch(cache, "c");
        await Touch(cache, "d");

        await Until(() => b.Disposed == 1);
        Assert.Equal(0, oldest.Resource.Disposed);
        Assert.True(cache.TryGet("a", out var again));
        again.Dispose();
        Assert.Equal((3, 1), (cache.Count, cache.Statistics.Evictions));
    }

    [Fact]
    public async Task Evict_DetachingWhileLeased_DestroysOnceAfterTheLastLease()
    {
        await using var cache = NewCache(static options =>
        {
            options.WhenFull = CacheFullMode.Detach;
            options.Capacity = 1;
        });
        var first = await Get(cache, "a");
        Assert.True(cache.TryGet("a", out var second));
        await Touch(cache, "b");
        await Touch(cache, "c");

        Assert.Equal((1, 1), (cache.Count, cache.Statistics.Detached));
        Assert.Equal(0, first.Resource.Disposed);
        var thing = first.Resource;
        first.Dispose();
        first.Dispose();
        Assert.Equal(0, second.Resource.Disposed);
        second.Dispose();
        await Until(() => thing.Disposed == 1 && cache.Statistics.Destroying == 0);
        Assert.Equal(0, cache.Statistics.Detached);
    }

    [Fact]
    public async Task Remove_WhileLeased_GivesNobodyAndDestroysAfterTheLease()
    {
        await using var cache = NewCache();
        var lease = await Get(cache, "a");
        var thing = lease.Resource;

        Assert.True(cache.Remove("a"));
        Assert.False(cache.Remove("a"));
        Assert.False(cache.TryGet("a", out _));
        var next = await Touch(cache, "a");
        Assert.NotSame(thing, next);
        Assert.Equal(0, thing.Disposed);
        lease.Dispose();
        await Until(() => thing.Disposed == 1);
        Assert.Equal(0, next.Disposed);
    }

    [Fact]
    public async Task Put_OverWhatIsLeased_OldOneLivesUntilItsLeaseEnds()
    {
        await using var cache = NewCache();
        var lease = await Get(cache, "a");
        CachedThing other = new("a", 99);

        Assert.True(await cache.PutAsync("a", other, Stop));

        Assert.Same(other, await Touch(cache, "a"));
        Assert.Equal(0, lease.Resource.Disposed);
        var old = lease.Resource;
        lease.Dispose();
        await Until(() => old.Disposed == 1);
        Assert.Equal(1, cache.Statistics.Removals[CacheRemovalReason.Replaced]);
    }

    [Fact]
    public async Task Put_TheSameInstanceAgain_DestroysNothing()
    {
        await using var cache = NewCache();
        CachedThing thing = new("a", 1);
        Assert.True(await cache.PutAsync("a", thing, Stop));
        Assert.True(await cache.PutAsync("a", thing, Stop));

        Assert.Same(thing, await Touch(cache, "a"));
        Assert.Equal(0, thing.Disposed);
        Assert.Equal(0, cache.Statistics.Destroying);
    }

    [Fact]
    public async Task Put_DuringALoad_ServesWhoWaitsAndDestroysTheLateOne()
    {
        await using var cache = NewCache();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = (_, _) => gate.Task;
        var waiting = cache.GetOrAddAsync("a", Stop).AsTask();
        await Until(() => Source.Loads == 1);
        CachedThing put = new("a", 99);

        Assert.True(await cache.PutAsync("a", put, Stop));

        using var lease = await Within(waiting);
        Assert.Same(put, lease.Resource);
        gate.SetResult();
        await Until(() => Source.Made.Any(static thing => thing.Disposed == 1));
        Assert.Same(put, await Touch(cache, "a"));
    }

    [Fact]
    public async Task Remove_DuringALoad_IsNotResurrected()
    {
        await using var cache = NewCache();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = (_, _) => gate.Task;
        var early = cache.GetOrAddAsync("a", Stop).AsTask();
        await Until(() => Source.Loads == 1);

        Assert.True(cache.Remove("a"));
        Source.OnLoad = null;
        var successor = await Touch(cache, "a");
        gate.SetResult();
        var lease = await Within(early);

        Assert.NotSame(successor, lease.Resource);
        Assert.Same(successor, await Touch(cache, "a"));
        var late = lease.Resource;
        Assert.Equal(0, late.Disposed);
        lease.Dispose();
        await Until(() => late.Disposed == 1);
        Assert.Equal(0, successor.Disposed);
    }

    [Fact]
    public async Task Clear_WithLeasesAndLoads_LeavesNothing()
    {
        await using var cache = NewCache();
        var held = await Get(cache, "a");
        var idle = await Touch(cache, "b");
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = (_, _) => gate.Task;
        var loading = cache.GetOrAddAsync("c", Stop).AsTask();
        await Until(() => Source.Loads == 3);

        cache.Clear();

        Assert.Equal(0, cache.Count);
        await Until(() => idle.Disposed == 1);
        gate.SetResult();
        (await Within(loading)).Dispose();
        held.Dispose();
        await Until(() => Source.Made.All(static thing => thing.Disposed == 1));
        Assert.False(cache.TryGet("c", out _));
        Assert.Equal(2, cache.Statistics.Removals[CacheRemovalReason.Cleared]);
    }

    [Fact]
    public async Task Invalidate_ByAHolder_EndsItForNewOnesOnly()
    {
        await using var cache = NewCache();
        var first = await Get(cache, "a");
        var second = await Get(cache, "a");
        var thing = first.Resource;

        first.Invalidate(new IOException("broken pipe"));

        Assert.Same(thing, first.Resource);
        Assert.False(cache.TryGet("a", out _));
        first.Dispose();
        Assert.Equal(0, thing.Disposed);
        second.Dispose();
        await Until(() => thing.Disposed == 1);
        Assert.Equal(1, cache.Statistics.Removals[CacheRemovalReason.Invalidated]);
        Assert.Contains(Log.Lines, static line => line.Id == 1606 && line.Text.Contains("broken pipe", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Destroy_ThrowsOrHangs_OthersGoOnAndItIsCounted()
    {
        await using var cache = NewCache(static options =>
        {
            options.MaxConcurrentDestroys = 1;
            options.DestroyTimeout = TimeSpan.FromSeconds(5);
        });
        var never = new TaskCompletionSource();
        (await Touch(cache, "throws")).OnDispose = static () => throw new IOException("dispose fails");
        var hangs = await Touch(cache, "hangs");
        hangs.OnDispose = () => never.Task;
        var fine = await Touch(cache, "fine");

        cache.Remove("throws");
        cache.Remove("hangs");
        cache.Remove("fine");
        await Until(() => hangs.Disposed == 1 && Time.ActiveTimers > 0 && cache.Statistics.DestroyFailures == 1);
        Assert.Equal(0, fine.Disposed);
        Time.Advance(TimeSpan.FromSeconds(5));

        await Until(() => fine.Disposed == 1 && cache.Statistics.Destroying == 0);
        Assert.Equal((2, 1), (cache.Statistics.DestroyFailures, cache.Statistics.DestroysAbandoned));
        Assert.Contains(Log.Lines, static line => line.Id == 1603);
        Assert.Contains(Log.Lines, static line => line.Id == 1604);
        never.SetResult();
    }

    [Fact]
    public async Task Destroy_BlocksItsThread_IsGivenUpAsWell()
    {
        using ManualResetEventSlim gate = new();
        await using var cache = NewCache(options =>
        {
            options.MaxConcurrentDestroys = 1;
            options.DestroyTimeout = TimeSpan.FromSeconds(5);
            options.Destroy = (removal, _) =>
            {
                if (removal.Key == "blocks")
                {
                    gate.Wait(Guard, CancellationToken.None);
                }

                return removal.Resource.DisposeAsync();
            };
        });
        await Touch(cache, "blocks");
        var fine = await Touch(cache, "fine");

        cache.Remove("blocks");
        cache.Remove("fine");
        await Until(() => Time.ActiveTimers > 0);
        Time.Advance(TimeSpan.FromSeconds(5));

        await Until(() => fine.Disposed == 1);
        gate.Set();
        await Until(() => Source.Made.All(static thing => thing.Disposed == 1));
        Assert.Equal(1, cache.Statistics.DestroysAbandoned);
    }

    [Fact]
    public async Task Destroy_OwnDelegate_LearnsKeyAndReason()
    {
        var told = new TaskCompletionSource<CacheRemoval<string, CachedThing>>();
        await using var cache = NewCache(options => options.Destroy = (removal, _) =>
        {
            told.TrySetResult(removal);
            return default;
        });
        var thing = await Touch(cache, "a");
        cache.Remove("a");

        Assert.Equal(new("a", thing, CacheRemovalReason.Removed), await Within(told.Task));
        Assert.Equal(0, thing.Disposed);
    }

    [Fact]
    public async Task DisposeAsync_DuringALoad_TellsWhoWaitsAndDestroysTheResult()
    {
        var cache = NewCache();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = (_, _) => gate.Task;
        var waiting = cache.GetOrAddAsync("a", Stop).AsTask();
        await Until(() => Source.Loads == 1);

        var disposing = cache.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Within(waiting));
        Assert.False(disposing.IsCompleted);
        gate.SetResult();
        await Within(disposing);

        Assert.All(Source.Made, static thing => Assert.Equal(1, thing.Disposed));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Get(cache, "a"));
        Assert.False(cache.TryGet("a", out _));
        CachedThing late = new("a", 9);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => cache.PutAsync("a", late, Stop).AsTask());
        await Until(() => late.Disposed == 1);
        Assert.Equal(0, Monitor.Sources.Count);
    }

    [Fact]
    public async Task DisposeAsync_LeasesOut_WaitsToItsLimitSaysSoAndDestroysAtTheReturn()
    {
        var cache = NewCache(static options => options.DisposeTimeout = TimeSpan.FromSeconds(7));
        var lease = await Get(cache, "a");
        var idle = await Touch(cache, "b");
        var thing = lease.Resource;

        var disposing = cache.DisposeAsync().AsTask();
        await Until(() => idle.Disposed == 1 && Time.ActiveTimers > 0 && cache.Statistics.Destroying == 0);
        Assert.False(disposing.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(7));
        await Within(disposing);

        Assert.Equal(0, thing.Disposed);
        Assert.Same(thing, lease.Resource);
        Assert.Contains(Log.Lines, static line => line.Id == 1608);
        lease.Dispose();
        await Until(() => thing.Disposed == 1 && Monitor.Sources.Count == 0);
        await cache.DisposeAsync();
    }

    [Fact]
    public async Task UniqueKeys_GetOfWhatWasEvictedWhileLeased_TakesTheSameBack()
    {
        await using var cache = NewCache(static options =>
        {
            options.WhenFull = CacheFullMode.Detach;
            options.Capacity = 1;
            options.UniqueKeys = true;
        });
        var lease = await Get(cache, "a");
        await Touch(cache, "b");
        Assert.Equal(1, cache.Statistics.Detached);

        using (var again = await Get(cache, "a"))
        {
            Assert.Same(lease.Resource, again.Resource);
            Assert.Equal(0, cache.Statistics.Detached);
            lease.Dispose();
        }

        Assert.Equal(0, Source.Made.First().Disposed);
        Assert.Equal(2, Source.Loads);
    }

    [Fact]
    public async Task UniqueKeys_GetOfWhatWasRemovedWhileLeased_WaitsForItsEnd()
    {
        await using var cache = NewCache(static options => options.UniqueKeys = true);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var lease = await Get(cache, "a");
        lease.Resource.OnDispose = () => gate.Task;
        cache.Remove("a");

        var next = cache.GetOrAddAsync("a", Stop).AsTask();
        lease.Dispose();
        await Until(() => cache.Statistics.Destroying == 1);
        Assert.False(next.IsCompleted);
        Assert.Equal(1, Source.Loads);
        gate.SetResult();

        using var second = await Within(next);
        Assert.Equal(2, second.Resource.Number);
    }
}
