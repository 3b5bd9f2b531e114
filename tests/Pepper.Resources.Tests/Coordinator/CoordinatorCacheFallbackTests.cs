using Pepper.Resources.Caching;
using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Coordinator;

/// <summary>Caches that stand in for a pool which cannot serve.</summary>
public sealed class CoordinatorCacheFallbackTests : PoolTestBase
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private readonly TestFactory _replica = new();
    private readonly TestFactory _known = new();
    private int _loads;

    [Fact]
    public async Task Acquire_PrimaryWorks_AsksNoCache()
    {
        await using var coordinator = NewCoordinator();
        await Put(coordinator);

        await using var lease = await Acquire(coordinator);

        Assert.Equal(("primary", false), (lease.Source, lease.IsOutdated));
        Assert.Equal((0, 0), (Known(coordinator).Statistics.Hits, Known(coordinator).Statistics.Misses));
    }

    [Fact]
    public async Task Acquire_AllPoolsFail_TheCacheServesWhatItHasAndTheLeaseSaysSo()
    {
        await using var coordinator = NewCoordinator();
        using var listener = new MetricListener(Monitor);
        var known = await Put(coordinator);
        Break();

        await using var lease = await Acquire(coordinator);

        Assert.Same(known, lease.Resource);
        Assert.Equal(("known", true), (lease.Source, lease.IsOutdated));
        Assert.Equal((0, 1L), (_loads, Known(coordinator).Statistics.Hits));
        Assert.Equal(1, _replica.Calls(Stage.Create));
        Assert.Equal(1, listener.Count("pepperpy_fallback_operations_total", "index=1"));
    }

    [Fact]
    public async Task Acquire_CacheWasAddedBeforeThePools_ServesBeforeThem()
    {
        await using var coordinator = NewCoordinator(static builder => builder
            .AddCacheFallback<string, TestResource>("primary", "known", "last", Minute).AddFallback("primary", "replica"));
        await Put(coordinator);
        Break();

        await using (var lease = await Acquire(coordinator))
        {
            Assert.Equal(("known", 0), (lease.Source, _replica.Calls(Stage.Create)));
        }

        _replica.Heal(Stage.Create);
        Known(coordinator).Clear();
        await using var live = await Acquire(coordinator);
        Assert.Equal(("replica", false), (live.Source, live.IsOutdated));
    }

    [Fact]
    public async Task Acquire_WhatIsCachedReachesMaxAge_IsServedNoMore()
    {
        await using var coordinator = NewCoordinator();
        await Put(coordinator);
        Break();
        Time.Advance(Minute - Tick);
        await (await Acquire(coordinator)).DisposeAsync();

        Time.Advance(Tick);
        var thrown = await Assert.ThrowsAsync<AllFallbacksFailedException>(() => Acquire(coordinator));

        Assert.Equal(3, thrown.Failures.Count);
        var missing = Assert.IsType<ResourceNotFoundException>(thrown.Failures[2]);
        Assert.Contains("'known'", missing.Message, StringComparison.Ordinal);
        Assert.Contains("maxAge (00:01:00)", missing.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("last", missing.Message, StringComparison.Ordinal);

        // The resource is in the cache still, which knows no end to its time, and is young again when it is put again.
        Assert.Equal(1, Known(coordinator).Count);
        Assert.True(Known(coordinator).TryGet("last", out var held));
        Assert.True(await Known(coordinator).PutAsync("last", held.Resource, Stop));
        held.Dispose();
        await (await Acquire(coordinator)).DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    public async Task Acquire_WhatIsCachedHasExpired_IsServedAsLongAsFailSafeKeepsIt(int keptFor)
    {
        await using var coordinator = NewCoordinator(
            static builder => builder.AddCacheFallback<string, TestResource>("primary", "known", "last", TimeSpan.MaxValue),
            options =>
            {
                options.TimeToLive = Minute;
                options.ServeStaleFor = TimeSpan.FromSeconds(keptFor);
            });
        await Put(coordinator);
        Break();
        Time.Advance(Minute + TimeSpan.FromSeconds(keptFor) - Tick);
        await using (var lease = await Acquire(coordinator))
        {
            Assert.True(lease.IsOutdated);
        }

        Assert.Equal(keptFor > 0 ? 1 : 0, Known(coordinator).Statistics.StaleServed);
        Time.Advance(Tick);
        await Assert.ThrowsAsync<AllFallbacksFailedException>(() => Acquire(coordinator));
        Assert.Equal(0, _loads);
    }

    [Fact]
    public async Task Acquire_StaleOneLeavesWhileItIsLent_IsDestroyedAfterItsLastLease()
    {
        await using var coordinator = NewCoordinator(configure: static options => options.IdleTimeout = Minute);
        var known = await Put(coordinator);
        Break();
        var first = await Acquire(coordinator);
        var second = await Acquire(coordinator);

        Known(coordinator).Remove("last");
        await first.DisposeAsync();

        Assert.Equal((0, 1), (known.Destroyed, Known(coordinator).Statistics.Detached));
        Assert.Same(known, second.Resource);
        await second.DisposeAsync();
        await Until(() => known.Destroyed == 1);
    }

    [Fact]
    public async Task Acquire_CacheHasAnIdleTimeout_BeingLentIsUse()
    {
        await using var coordinator = NewCoordinator(
            static builder => builder.AddCacheFallback<string, TestResource>("primary", "known", "last", TimeSpan.MaxValue),
            static options => options.IdleTimeout = Minute);
        await Put(coordinator);
        Break();
        for (var call = 0; call < 3; call++)
        {
            Time.Advance(Minute - Tick);
            (await Acquire(coordinator)).Dispose();
        }

        Time.Advance(Minute);
        await Assert.ThrowsAsync<AllFallbacksFailedException>(() => Acquire(coordinator));
    }

    [Fact]
    public async Task Dispose_LeaseOfAStandIn_LeavesNoMarkOnTheNext()
    {
        await using var coordinator = NewCoordinator();
        await Put(coordinator);
        Break();
        for (var call = 0; call < 100; call++)
        {
            (await Acquire(coordinator)).Dispose();
        }

        Assert.True(Known(coordinator).TryGet("last", out var usual));

        Assert.False(usual.IsOutdated);
        usual.Dispose();
    }

    [Fact]
    public async Task Acquire_CallerCancels_AsksNoCache()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var coordinator = NewCoordinator(
            static builder => builder.AddCacheFallback<string, TestResource>("primary", "known", "last", Minute));
        await Put(coordinator);
        using var source = new CancellationTokenSource();
        var asked = coordinator.AcquireAsync<TestResource>("primary", source.Token).AsTask();

        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.WaitAsync(Guard, Stop));
        Assert.Equal(0, Known(coordinator).Statistics.Hits);
        Factory.Open(Stage.Create);
    }

    [Fact]
    public async Task Acquire_PrimaryIsFull_TheCacheServesAtTheDeadline()
    {
        await using var coordinator = NewCoordinator(
            static builder => builder.AddCacheFallback<string, TestResource>("primary", "known", "last", TimeSpan.MaxValue));
        await Put(coordinator);
        await using var first = await Acquire(coordinator);
        await using var second = await Acquire(coordinator);
        var asked = Acquire(coordinator);

        await PassTimeUntil(() => asked.IsCompleted);

        await using var lease = await asked;
        Assert.Equal("known", lease.Source);
    }

    [Fact]
    public async Task Acquire_PrimaryIsDrained_AsksNoCache()
    {
        await using var coordinator = NewCoordinator();
        await Put(coordinator);
        await coordinator.Pools["primary"].DrainAsync(TimeSpan.FromSeconds(1), Stop);

        await Assert.ThrowsAsync<PoolClosedException>(() => Acquire(coordinator));
        Assert.Equal(0, Known(coordinator).Statistics.Hits);
    }

    [Fact]
    public async Task Acquire_CacheIsDisposed_TellsEveryFailure()
    {
        await using var coordinator = NewCoordinator();
        var known = await Put(coordinator);
        Break();
        await using var lease = await Acquire(coordinator);
        var disposal = Known(coordinator).DisposeAsync().AsTask();

        var thrown = await Assert.ThrowsAsync<AllFallbacksFailedException>(() => Acquire(coordinator));

        Assert.Equal(3, thrown.Failures.Count);
        Assert.Equal(0, known.Destroyed);
        await lease.DisposeAsync();
        await disposal.WaitAsync(Guard, Stop);
        await Until(() => known.Destroyed == 1);
    }

    [Fact]
    public void Build_CacheFallbacksThatDoNotFit_AreAllListed()
    {
        var builder = NewBuilder(static _ => { })
            .AddCache<int, TestResource>("numbered")
            .AddCacheFallback<string, TestResource>("nowhere", "known", "x", Minute)
            .AddCacheFallback<string, TestResource>("primary", "nothing", "x", TimeSpan.Zero)
            .AddCacheFallback<string, TestResource>("primary", "replica", "x", Minute)
            .AddCacheFallback<string, TestResource>("primary", "numbered", "x", Minute)
            .AddCacheFallback<string, string>("primary", "known", "x", Minute)
            .AddCacheFallback<string, TestResource>("primary", "known", "y", Minute)
            .AddCacheFallback<string, TestResource>("primary", "known", "z", Minute)
            .AddCacheFallback<string, TestResource>("primary", "known", "y", Minute * 2);

        var thrown = Assert.Throws<ArgumentException>(builder.Build);

        Assert.Contains("8 fault(s)", thrown.Message, StringComparison.Ordinal);
        string[] faults =
        [
            "'nowhere', which is no pool",
            "'nothing' cannot be a fallback of pool 'primary': maxAge is 00:00:00, but must be greater than zero",
            "'nothing' cannot be a fallback of pool 'primary': it is no cache",
            "'replica' cannot be a fallback of pool 'primary': it is no cache",
            $"'numbered' cannot be a fallback of pool 'primary': it lends {typeof(TestResource)} by System.Int32, "
                + $"not {typeof(TestResource)} by System.String",
            "was told that it lends System.String, not",
            $"it lends {typeof(TestResource)} by System.String, not System.String by",
            "'known' cannot be a fallback of pool 'primary': it has been asked",
        ];
        Assert.All(faults, fault => Assert.Contains(fault, thrown.Message, StringComparison.Ordinal));
    }

    private static ResourceCache<string, TestResource> Known(ResourceCoordinator coordinator) =>
        (ResourceCache<string, TestResource>)coordinator.Caches["known"];

    private static Task<Lease<TestResource>> Acquire(ResourceCoordinator coordinator) =>
        coordinator.AcquireAsync<TestResource>("primary", Stop).AsTask().WaitAsync(Guard, Stop);

    private async Task<TestResource> Put(ResourceCoordinator coordinator)
    {
        var resource = await _known.CreateAsync(default!, Stop);
        Assert.True(await Known(coordinator).PutAsync("last", resource, Stop));
        return resource;
    }

    /// <summary>Neither pool can make anything from now on.</summary>
    private void Break()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        _replica.Set(Stage.Create, Behaviour.ThrowsAsync);
    }

    private ResourceCoordinatorBuilder NewBuilder(
        Action<ResourceCoordinatorBuilder> addFallbacks, Action<ResourceCacheOptions<string, TestResource>>? configure = null)
    {
        var options = new ResourceCacheOptions<string, TestResource>
        {
            Loader = (_, _) => throw new InvalidOperationException($"Load {++_loads}: nothing is to be loaded."),
            Destroy = (removal, _) =>
            {
                removal.Resource.MarkDestroyed(DestroyReason.PoolClosed);
                return default;
            },
        };
        configure?.Invoke(options);

        // A test that fails while it holds something is not to hang in the end.
        var builder = ResourceCoordinator.CreateBuilder().UseTimeProvider(Time).UseMonitor(Monitor)
            .Configure(static options => options.StopTimeout = TimeSpan.Zero)
            .AddPool("primary", Factory, new ResourcePoolOptions { MinSize = 0, MaxSize = 2 })
            .AddPool("replica", _replica, new ResourcePoolOptions { MinSize = 0, MaxSize = 2 })
            .AddCache("known", options);
        addFallbacks(builder);
        return builder;
    }

    private ResourceCoordinator NewCoordinator(
        Action<ResourceCoordinatorBuilder>? addFallbacks = null,
        Action<ResourceCacheOptions<string, TestResource>>? configure = null) =>
        NewBuilder(
            addFallbacks ?? (static builder => builder.AddFallback("primary", "replica")
                .AddCacheFallback<string, TestResource>("primary", "known", "last", Minute)),
            configure).Build();
}
