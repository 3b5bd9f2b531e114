using Pepper.Resources.Caching;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Coordinator;

public sealed class CoordinatorCacheTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GetCache_OtherNameOrTypes_SaysWhatThereIs()
    {
        await using var coordinator = ResourceCoordinator.CreateBuilder().UseMonitor(new ResourceMonitor())
            .AddCache<string, object>("models").Build();

        var missing = Assert.Throws<ResourceNotFoundException>(() => coordinator.GetCache<string, object>("modules"));
        Assert.Contains("there are: models", missing.Message, StringComparison.Ordinal);
        var mistyped = Assert.Throws<InvalidCastException>(() => coordinator.GetCache<int, object>("models"));
        Assert.Contains("System.Int32", mistyped.Message, StringComparison.Ordinal);
        Assert.Same(coordinator.Caches["models"], coordinator.GetCache<string, object>("models"));
        Assert.False(coordinator.TryGetCached<object>("x", out _));
    }

    [Fact]
    public void Build_FaultyCacheAndNameTakenTwice_ListsBoth()
    {
        var builder = ResourceCoordinator.CreateBuilder().UseMonitor(new ResourceMonitor())
            .AddPool("models", static _ => new ValueTask<object>(new object()))
            .AddCache("models", new ResourceCacheOptions<string, object> { Capacity = 0 });

        var fault = Assert.Throws<ArgumentException>(builder.Build);

        Assert.Contains("'models' is taken twice", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Capacity is 0", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CleanupAsync_CacheThatDependsOnAPool_EndsTheCacheFirst()
    {
        List<string> order = [];
        await using var coordinator = ResourceCoordinator.CreateBuilder().UseMonitor(new ResourceMonitor())
            .AddCache(
                "models",
                new ResourceCacheOptions<string, object>
                {
                    Destroy = (_, _) =>
                    {
                        order.Add("cache");
                        return default;
                    },
                },
                "workers")
            .AddPool("workers", ResourceFactory.Create(
                static _ => new ValueTask<object>(new object()),
                destroy: (_, _, _) =>
                {
                    order.Add("pool");
                    return default;
                }))
            .Build();
        await coordinator.StartAsync(Stop);
        await coordinator.GetCache<string, object>("models").PutAsync("m", new object(), Stop);

        var snapshot = coordinator.GetSnapshot();
        await coordinator.CleanupAsync(Stop);

        Assert.Equal(["cache", "pool"], order);
        Assert.Equal(("models", 1), (Assert.Single(snapshot.Caches).Name, snapshot.Caches[0].Count));
        Assert.Contains("\"evicted\"", snapshot.ToJson(), StringComparison.OrdinalIgnoreCase);
        Assert.Empty(coordinator.Caches);
    }
}
