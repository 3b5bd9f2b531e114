using Pepper.Resources.Caching;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Acceptance;

/// <summary>The validation at the end of requirement 006.</summary>
public sealed class R006Tests
{
    [Fact]
    public async Task Coordinator_AcquireCacheCleanup_GivesTheSameInstancesAndLeavesNoPool()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var coordinator = ResourceCoordinator.CreateBuilder()
            .UseMonitor(new ResourceMonitor())
            .AddPool("test", ResourceFactory.Create(static _ => new ValueTask<Box>(new Box())))
            .AddCache<string, Box>(ResourceCoordinator.DefaultCache)
            .Build();
        await coordinator.StartAsync(stop);

        var first = await coordinator.AcquireAsync<Box>("test", stop);
        var resource = first.Resource;
        await first.DisposeAsync();
        await using (var second = await coordinator.AcquireAsync<Box>("test", stop))
        {
            Assert.Same(resource, second.Resource);
        }

        var cache = coordinator.GetCache<string, Box>(ResourceCoordinator.DefaultCache);
        var cached = new Box();
        Assert.True(await cache.PutAsync("test", cached, stop));
        Assert.True(coordinator.TryGetCached<Box>("test", out var lease));
        Assert.Same(cached, lease.Resource);
        lease.Dispose();
        Assert.True(cache.Statistics.HitRate > 0);

        await coordinator.CleanupAsync(stop);
        Assert.Empty(coordinator.Pools);
        Assert.Empty(coordinator.Caches);
        Assert.True(cached.IsDisposed);
        Assert.False(coordinator.TryGetCached<Box>("test", out _));
    }

    private sealed class Box : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
