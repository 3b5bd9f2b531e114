using Pepper.Resources.Caching;
using Pepper.Resources.Tests.Stress;

namespace Pepper.Resources.Tests.Caching;

public sealed class CacheGetTests : CacheTestBase
{
    [Fact]
    public async Task GetOrAddAsync_TwiceTheSameKey_LoadsOnceAndLendsTheSame()
    {
        await using var cache = NewCache();

        using var first = await Get(cache, "a");
        using var second = await Get(cache, "a");

        Assert.Same(first.Resource, second.Resource);
        Assert.NotEqual(first, second);
        Assert.Equal(1, Source.Loads);
        Assert.Equal((1, 1, 0.5), (cache.Statistics.Hits, cache.Statistics.Misses, cache.Statistics.HitRate));
        Assert.Equal((2, 1), (cache.Statistics.Leases, cache.Statistics.Leased));
    }

    [Fact]
    public async Task TryGet_NothingThere_IsFalseAndStale()
    {
        await using var cache = NewCache();

        Assert.False(cache.TryGet("a", out var lease));
        Assert.True(lease.IsStale);
        lease.Dispose();
        Assert.Equal(1, cache.Statistics.Misses);
    }

    [Fact]
    public async Task TryGet_WhatWasPut_GivesIt()
    {
        await using var cache = NewCache();
        CachedThing thing = new("a", 0);

        Assert.True(await cache.PutAsync("a", thing, Stop));

        Assert.True(cache.TryGet("a", out var lease));
        Assert.Same(thing, lease.Resource);
        lease.Dispose();
        Assert.Equal(1, cache.Statistics.Hits);
    }

    [Fact]
    public async Task GetOrAddAsync_HundredCallersMiss_OneLoadServesAll()
    {
        await using var cache = NewCache();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = (_, _) => gate.Task;

        var callers = Enumerable.Range(0, 100).Select(_ => Task.Run(() => Get(cache, "a"), Stop)).ToArray();
        await Until(() => cache.Statistics.Misses == 100);
        gate.SetResult();
        var leases = await Within(Task.WhenAll(callers));

        Assert.Equal(1, Source.Loads);
        Assert.Single(leases.Select(static lease => lease.Resource).Distinct());
        Assert.Equal(100, cache.Statistics.Leases);
        foreach (var lease in leases)
        {
            lease.Dispose();
        }

        Assert.Equal(0, cache.Statistics.Leases);
        Assert.Equal(0, leases[0].IsStale ? 0 : 1);
    }

    [Fact]
    public async Task GetOrAddAsync_StarterAndMostCancel_TheRestIsServed()
    {
        await using var cache = NewCache();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = (_, token) => gate.Task.WaitAsync(token);
        using CancellationTokenSource leaving = new();

        var left = Enumerable.Range(0, 9).Select(_ => cache.GetOrAddAsync("a", leaving.Token).AsTask()).ToArray();
        var stays = cache.GetOrAddAsync("a", Stop).AsTask();
        await leaving.CancelAsync();
        foreach (var caller in left)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
        }

        gate.SetResult();
        using var lease = await Within(stays);
        Assert.Equal("a", lease.Resource.Key);
        Assert.Equal(1, cache.Statistics.Leases);
        Assert.Equal(1, Source.Loads);
    }

    [Fact]
    public async Task GetOrAddAsync_AllCancel_LoadIsCancelledAndItsLateResultDestroyed()
    {
        await using var cache = NewCache();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        CancellationToken seen = default;
        Source.OnLoad = (_, token) =>
        {
            seen = token;
            return gate.Task;
        };
        using CancellationTokenSource leaving = new();

        var callers = Enumerable.Range(0, 5).Select(_ => cache.GetOrAddAsync("a", leaving.Token).AsTask()).ToArray();
        await Until(() => Source.Loads == 1);
        await leaving.CancelAsync();
        foreach (var caller in callers)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
        }

        await Until(() => seen.IsCancellationRequested);
        gate.SetResult();
        await Until(() => Source.Made.Any(static thing => thing.Disposed == 1));
        Assert.False(cache.TryGet("a", out _));
        Assert.Equal(1, cache.Statistics.Removals[CacheRemovalReason.TooLate]);

        Source.OnLoad = null;
        var next = await Touch(cache, "a");
        Assert.Equal(2, next.Number);
    }

    [Fact]
    public async Task GetOrAddAsync_LoadFails_AllGetTheSameFailureAndItIsNotKept()
    {
        await using var cache = NewCache();
        var failure = new InvalidOperationException("no such tenant");
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = async (_, _) =>
        {
            await gate.Task;
            throw failure;
        };

        var callers = Enumerable.Range(0, 10).Select(_ => cache.GetOrAddAsync("a", Stop).AsTask()).ToArray();
        gate.SetResult();
        foreach (var caller in callers)
        {
            Assert.Same(failure, await Assert.ThrowsAsync<InvalidOperationException>(() => caller));
        }

        Source.OnLoad = null;
        Assert.Equal(2, (await Touch(cache, "a")).Number);
        Assert.Equal((1, 1), (cache.Statistics.Loads, cache.Statistics.LoadFailures));
        Assert.Contains(Log.Lines, static line => line.Id == 1601);
    }

    [Fact]
    public async Task GetOrAddAsync_FailuresKept_AreToldWithoutALoadUntilTheirTime()
    {
        await using var cache = NewCache(static options => options.FailureTimeToLive = TimeSpan.FromSeconds(10));
        Source.OnLoad = static (_, _) => throw new InvalidOperationException("down");

        await Assert.ThrowsAsync<InvalidOperationException>(() => Get(cache, "a"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Get(cache, "a"));
        Assert.Equal(1, Source.Loads);

        Time.Advance(TimeSpan.FromSeconds(10));
        Source.OnLoad = null;
        Assert.Equal(2, (await Touch(cache, "a")).Number);
    }

    [Fact]
    public async Task GetOrAddAsync_FactoryReturnsNull_IsAFailure()
    {
        await using var cache = NewCache();

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => cache.GetOrAddAsync("a", static (_, _) => new ValueTask<CachedThing>((CachedThing)null!), Stop).AsTask());
        Assert.Contains("tenants", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetOrAddAsync_FactoryReadsAmbientContext_FindsNone()
    {
        await using var cache = NewCache();
        AsyncLocal<string?> ambient = new() { Value = "mine" };
        string? seen = "unset";
        Source.OnLoad = (_, _) =>
        {
            seen = ambient.Value;
            return Task.CompletedTask;
        };

        await Touch(cache, "a");

        Assert.Null(seen);
        Assert.Equal("mine", ambient.Value);
    }

    [Fact]
    public async Task GetOrAddAsync_WithoutFactoryOrLoader_Throws()
    {
        await using var cache = NewCache(static options => options.Loader = null);
        await Assert.ThrowsAsync<InvalidOperationException>(() => cache.GetOrAddAsync("a", Stop).AsTask());
    }

    [Fact]
    public async Task GetOrAddAsync_LoadTimeout_TellsAndDestroysWhatComesLate()
    {
        await using var cache = NewCache(static options => options.LoadTimeout = TimeSpan.FromSeconds(5));
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = (_, _) => gate.Task;

        var caller = cache.GetOrAddAsync("a", Stop).AsTask();
        await Until(() => Source.Loads == 1 && Time.ActiveTimers > 0);
        Time.Advance(TimeSpan.FromSeconds(5));

        var failure = await Assert.ThrowsAsync<ResourceTimeoutException>(() => Within(caller));
        Assert.Equal((ResourceStage.Create, TimeSpan.FromSeconds(5)), (failure.Stage, failure.Timeout));
        Assert.Contains("LoadTimeout", failure.Message, StringComparison.Ordinal);
        gate.SetResult();
        await Until(() => Source.Made.Any(static thing => thing.Disposed == 1));
        Assert.False(cache.TryGet("a", out _));
    }

    [Fact]
    public async Task Dispose_OneLeaseTwiceFromTwoThreads_EndsOneLoan()
    {
        await using var cache = NewCache();
        foreach (var round in Rounds.UpTo(2_000))
        {
            var kept = await Get(cache, "a");
            var twice = await Get(cache, "a");
            using Barrier both = new(2);
            void End()
            {
                both.SignalAndWait(Stop);
                twice.Dispose();
            }

            var other = Task.Run(End, Stop);
            End();
            await other;
            Assert.Equal(1, cache.Statistics.Leases);
            Assert.False(kept.IsStale);
            Assert.Equal(0, kept.Resource.Disposed);
            kept.Dispose();
        }

        Assert.Equal(1, Source.Loads);
    }

    [Fact]
    public async Task Lease_AfterItsEnd_NeverReachesALaterLoan()
    {
        await using var cache = NewCache();
        var first = await Get(cache, "a");
        first.Dispose();
        var second = await Get(cache, "b");

        first.Dispose();
        first.Invalidate();
        Assert.Throws<ObjectDisposedException>(() => first.Resource);
        Assert.Equal("b", second.Resource.Key);
        Assert.Throws<NotSupportedException>(() => second.Detach());
        second.Dispose();
        Assert.True(cache.TryGet("b", out var third));
        third.Dispose();
    }

    [Fact]
    public async Task TryGet_AndDispose_AllocateNothing()
    {
        await using var cache = NewCache();
        await Touch(cache, "a");
        AssertHitsAllocateNothing(cache, "a");
    }

    [Fact]
    public async Task Statistics_MoreLeasesOutThanLoansInReach_CountEveryHit()
    {
        await using var cache = NewCache();
        await Touch(cache, "a");
        List<Lease<CachedThing>> held = [];
        for (var i = 0; i < 500; i++)
        {
            Assert.True(cache.TryGet("a", out var lease));
            held.Add(lease);
        }

        Assert.Equal((500, 500, 1), (cache.Statistics.Hits, cache.Statistics.Leases, cache.Statistics.Leased));
        held.ForEach(static lease => lease.Dispose());
        for (var i = 0; i < 500; i++)
        {
            Assert.True(cache.TryGet("a", out var lease));
            lease.Dispose();
        }

        Assert.Equal((1_000, 0), (cache.Statistics.Hits, cache.Statistics.Leases));
    }

    [Fact]
    public async Task GetEntries_SomeLeased_ListsAll()
    {
        await using var cache = NewCache();
        var a = await Touch(cache, "a");
        using var b = await Get(cache, "b");

        var entries = cache.GetEntries().OrderBy(static entry => entry.Key).ToList();

        Assert.Equal([new("a", a), new("b", b.Resource)], entries);
        Assert.Equal(2, cache.Count);
    }

    [Fact]
    public async Task Get_NullKey_Throws()
    {
        await using var cache = NewCache();
        Assert.Throws<ArgumentNullException>(() => cache.TryGet(null!, out _));
        Assert.Throws<ArgumentNullException>(() => cache.Remove(null!));
        Assert.Throws<ArgumentNullException>(() => { _ = cache.GetOrAddAsync(null!, Stop); });
        Assert.Throws<ArgumentNullException>(() => { _ = cache.PutAsync("a", null!, Stop); });
    }

    [Fact]
    public async Task Get_OwnComparer_FindsWhatItSaysIsEqual()
    {
        await using var cache = NewCache(static options => options.Comparer = StringComparer.OrdinalIgnoreCase);
        var thing = await Touch(cache, "Tenant");
        Assert.Same(thing, await Touch(cache, "TENANT"));
        Assert.True(cache.Remove("tenant"));
    }
}
