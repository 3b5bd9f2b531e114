using Pepper.Resources;
using Pepper.Resources.Pooling;

namespace Pepper.IntegrationTests.Dashboard;

public sealed class PoolMetricsTests
{
    [Fact]
    public async Task Scrape_PoolWithALeaseOut_ShowsItUntilThePoolIsGone()
    {
        await using var server = await MetricsServer.StartAsync();
        var pool = new ResourcePool<object>(
            ResourceFactory.Create(static _ => ValueTask.FromResult(new object())),
            new ResourcePoolOptions { Name = "orders", MinSize = 0, MaxSize = 3, Type = ResourceType.Socket },
            monitor: server.Monitor);
        var lease = await pool.AcquireAsync();

        var text = await server.ScrapeAsync();
        Assert.Contains("\npepperpy_resources_in_use{pool=\"orders\",type=\"socket\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("\npepperpy_pool_resources{pool=\"orders\",state=\"in_use\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("\npepperpy_pool_max{pool=\"orders\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains(
            "\npepperpy_resource_acquisition_seconds_count{outcome=\"ok\",pool=\"orders\",type=\"socket\"} 1\n", text,
            StringComparison.Ordinal);

        await lease.DisposeAsync();
        text = await server.ScrapeAsync();
        Assert.Contains("\npepperpy_pool_resources{pool=\"orders\",state=\"idle\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("\npepperpy_resources_in_use{pool=\"orders\",type=\"socket\"} 0\n", text, StringComparison.Ordinal);

        await pool.DisposeAsync();
        Assert.DoesNotContain("\npepperpy_pool_max{pool=\"orders\"}", await server.ScrapeAsync(), StringComparison.Ordinal);
    }
}
