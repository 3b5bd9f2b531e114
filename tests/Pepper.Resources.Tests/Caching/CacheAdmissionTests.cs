using Pepper.Resources.Caching;
using Pepper.Resources.Policies;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Caching;

public sealed class CacheAdmissionTests : CacheTestBase
{
    [Fact]
    public async Task Doorkeeper_FullCache_KeepsWhatIsAskedForTwice()
    {
        await using var cache = NewCache(static options => options.Admission = "Doorkeeper");
        await FillAsync(cache);
        var first = await Touch(cache, "d");
        await Until(() => first.Disposed == 1);
        Assert.Equal(["a", "b", "c"], Keys(cache));
        Assert.Equal((0, 1), (cache.Statistics.Evictions, cache.Statistics.Rejections));

        var second = await Touch(cache, "d");
        Assert.Equal(["b", "c", "d"], Keys(cache));
        Assert.Equal((0, 1, 1), (second.Disposed, cache.Statistics.Evictions, cache.Statistics.Rejections));
        Assert.Equal(5, Source.Loads);
    }

    [Fact]
    public async Task Refused_SeveralWait_IsLentToAllAndDestroyedAfterTheLast()
    {
        using MetricListener listener = new(Monitor);
        await using var cache = NewCache(static options => options.AdmissionPolicy = new Asked(static _ => false));
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = (_, _) => gate.Task;
        var waiting = Enumerable.Range(0, 3).Select(_ => Get(cache, "a")).ToList();
        gate.SetResult();
        var leases = await Within(Task.WhenAll(waiting));

        var thing = Assert.Single(leases.Select(static lease => lease.Resource).Distinct());
        Assert.Equal((0, 1, 1), (cache.Count, cache.Statistics.Detached, Source.Loads));
        leases[0].Dispose();
        leases[1].Dispose();
        Assert.Equal(0, thing.Disposed);
        leases[2].Dispose();
        await Until(() => cache.Statistics is { Detached: 0, Destroying: 0 });
        Assert.Equal((1, 1), (thing.Disposed, cache.Statistics.Rejections));
        Assert.Equal(1, listener.Read("pepperpy_cache_evictions_total")["cache=tenants,reason=rejected"]);
    }

    [Fact]
    public async Task Refused_Put_IsNotKeptAndDestroyed()
    {
        await using var cache = NewCache(static options =>
        {
            options.AdmissionPolicy = new Asked(static request => request.FitsNow);
            options.WhenFull = CacheFullMode.Reject;
        });
        await FillAsync(cache);
        CachedThing refused = new("d", 4);
        Assert.False(await cache.PutAsync("d", refused, Stop));
        await Until(() => refused.Disposed == 1);
        Assert.Equal(["a", "b", "c"], Keys(cache));

        cache.Remove("c");
        await Until(() => cache.Statistics.Destroying == 0);
        Assert.True(await cache.PutAsync("d", new CachedThing("d", 5), Stop));
        Assert.Equal(["a", "b", "d"], Keys(cache));
    }

    [Fact]
    public async Task Asked_WhatReplacesAnotherOfItsKey_IsNot()
    {
        Asked policy = new(static _ => true);
        await using var cache = NewCache(options => options.AdmissionPolicy = policy);
        await Touch(cache, "a");
        policy.Answer = static _ => false;
        Assert.True(await cache.PutAsync("a", new CachedThing("a", 2), Stop));
        await Within(cache.RefreshAsync("a", cancellationToken: Stop));

        Assert.Single(policy.Requests);
        Assert.Equal(1, cache.Count);
        Assert.Equal(0, cache.Statistics.Rejections);
    }

    [Fact]
    public async Task Asked_Always_KnowsHowFullItIs()
    {
        Asked policy = new(static _ => true);
        await using var cache = NewCache(options =>
        {
            (options.AdmissionPolicy, options.Capacity, options.MaxWeight) = (policy, 10, 100);
            options.Weigher = static (key, _) => key.Length * 10;
        });
        await Touch(cache, "a");
        await Touch(cache, "bb");
        await Touch(cache, "cccccccccccc");

        // What is too heavy for the whole cache is refused before.
        Assert.Equal(
            [(10, 0, 0), (20, 1, 10)],
            policy.Requests.Select(static asked => (asked.Weight, asked.Count, asked.TotalWeight)));
        Assert.All(policy.Requests, static asked => Assert.Equal(new EvictionCapacity(10, 100), asked.Capacity));
        Assert.Equal(1, cache.Statistics.Rejections);
    }

    [Fact]
    public async Task ByWeight_Giant_PushesNobodyOut()
    {
        await using var cache = NewCache(static options =>
        {
            (options.Capacity, options.MaxWeight, options.Admission) = (null, 100, "by-weight");
            options.Weigher = static (key, _) => key == "giant" ? 26 : 25;
        });
        await FillAsync(cache);
        await Touch(cache, "d");
        var giant = await Touch(cache, "giant");

        await Until(() => giant.Disposed == 1);
        Assert.Equal(["a", "b", "c", "d"], Keys(cache));
    }

    [Fact]
    public async Task Throws_IsKeptAndReported()
    {
        using MetricListener listener = new(Monitor);
        await using var cache = NewCache(
            static options => options.AdmissionPolicy = new Asked(static _ => throw new InvalidOperationException("no idea")));
        var thing = await Touch(cache, "a");

        Assert.Same(thing, await Touch(cache, "a"));
        Assert.Contains("no idea", Assert.Single(Log.Lines, static line => line.Id == 1605).Text, StringComparison.Ordinal);
        Assert.Single(listener.Seen, static seen => seen.Name == "pepperpy_resource_errors_total"
            && seen.Tags.Contains("operation=admission", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Asked_Policy_HoldsNoLock()
    {
        ResourceCache<string, CachedThing>? cache = null;
        var isFree = false;
        Asked policy = new(_ =>
        {
            // Another thread, as a lock lets its holder in again.
            Thread other = new(() => GC.KeepAlive(cache!.Statistics));
            other.Start();
            isFree = other.Join(Guard);
            return true;
        });
        await using var made = NewCache(options => options.AdmissionPolicy = policy);
        cache = made;
        await Touch(made, "a");

        Assert.True(isFree);
    }

    [Fact]
    public async Task Refused_KeysUnique_TheNextWaitsForItsEnd()
    {
        await using var cache = NewCache(static options =>
        {
            options.AdmissionPolicy = new Asked(static _ => false);
            options.UniqueKeys = true;
        });
        var lease = await Get(cache, "a");
        var first = lease.Resource;
        var next = Get(cache, "a");
        await Until(() => cache.Statistics.Misses == 2);
        Assert.False(next.IsCompleted);

        lease.Dispose();
        using var second = await Within(next);
        Assert.NotSame(first, second.Resource);
        Assert.Equal(1, first.Disposed);
    }

    private static async Task FillAsync(ResourceCache<string, CachedThing> cache)
    {
        foreach (var key in (string[])["a", "b", "c"])
        {
            await Touch(cache, key);
        }
    }

    private static IEnumerable<string> Keys(ResourceCache<string, CachedThing> cache) =>
        cache.GetEntries().Select(static entry => entry.Key).Order();

    private sealed class Asked(Func<AdmissionRequest, bool> answer) : IAdmissionPolicy
    {
        public string Name => "asked";

        internal Func<AdmissionRequest, bool> Answer { get; set; } = answer;

        internal List<AdmissionRequest> Requests { get; } = [];

        public bool Admit(in AdmissionRequest request)
        {
            lock (Requests)
            {
                Requests.Add(request);
            }

            return Answer(request);
        }
    }
}
