using System.Data.Common;
using Microsoft.Data.Sqlite;
using Pepper.Resources.Connections;
using Pepper.Resources.Files;
using Pepper.Resources.Tests.Connections;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Acceptance;

/// <summary>The validation that closes requirement 080.</summary>
public sealed class R080Tests : SqliteTest
{
    [Fact]
    public async Task Resources_AsTheRequirementValidatesThem()
    {
        using var metrics = new MetricRecorder(Monitor);
        await using var manager = new ResourceManager(monitor: Monitor);
        var database = new ConnectionResource(
            SqliteFactory.Instance, $"sqlite:///{File}", new ConnectionResourceOptions { PoolSize = 5 }, monitor: Monitor);
        var file = new FileResource(At("test.txt"), new FileResourceOptions { Mode = FileResourceMode.Write });

        await manager.RegisterAsync(database);
        await manager.RegisterAsync(file);
        Assert.Equal(ResourceState.Initialized, database.State);
        Assert.Equal(ResourceState.Initialized, file.State);

        await using (var held = await manager.AcquireAsync<ConnectionResource>(database.Metadata.Id))
        {
            DbConnection connection;
            await using (var lease = await held.Resource.GetConnectionAsync())
            {
                connection = lease.Resource;
                await ScalarAsync(connection, "CREATE TABLE orders (id INTEGER)");
                await ScalarAsync(connection, "INSERT INTO orders VALUES (7)");
                Assert.Equal(7L, await ScalarAsync(connection, "SELECT id FROM orders"));
            }

            Assert.Equal(0, held.Resource.Pool.Statistics.InUse);
            Assert.Equal(5, held.Resource.Pool.Statistics.MaxSize);
        }

        await using (var held = await manager.AcquireAsync<FileResource>(file.Metadata.Id))
        {
            await held.Resource.WriteTextAsync("test data");
        }

        Assert.Equal(1, metrics.Observe("pepperpy_resources_total")["pepperpy_resources_total{pool=registry,type=connection}"]);
        Assert.Equal(1, metrics.Observe("pepperpy_resources_total")["pepperpy_resources_total{pool=registry,type=file}"]);

        await manager.ReleaseAsync(database.Metadata.Id);
        await manager.ReleaseAsync(file.Metadata.Id);
        Monitor.RecordOperation("register", "connection", true, TimeSpan.FromMilliseconds(1));

        Assert.Equal("test data", await System.IO.File.ReadAllTextAsync(At("test.txt")));
        AssertMetrics(metrics);
        Assert.Equal(0, manager.Count);
        Assert.Equal(0, database.Pool.Statistics.Size);
        Assert.Equal(ResourceState.Disposed, database.State);
        Assert.Equal(ResourceState.Disposed, file.State);
        Assert.Equal(0, Handles());
        System.IO.File.Delete(File);
    }

    private static void AssertMetrics(MetricRecorder metrics)
    {
        Assert.Equal(2, metrics.Sum("pepperpy_resource_operations_total{operation=register,success=true,type=connection}"));
        Assert.Equal(1, metrics.Sum("pepperpy_resource_operations_total{operation=register,success=true,type=file}"));
        foreach (var type in new[] { "connection", "file" })
        {
            Assert.Equal(1, metrics.Sum($"pepperpy_resource_operations_total{{operation=acquire,success=true,type={type}}}"));
            Assert.Equal(1, metrics.Sum($"pepperpy_resource_operations_total{{operation=release,success=true,type={type}}}"));
            Assert.Equal(1, metrics.Sum($"pepperpy_resource_cleanups_total{{reason=released,type={type}}}"));

            // The one connection in the pool is a resource too, with a beginning and an end of its own.
            var resources = type == "connection" ? 2 : 1;
            Assert.Equal(resources, metrics.Count($"pepperpy_resource_init_duration_seconds{{type={type}}}"));
            Assert.Equal(resources, metrics.Count($"pepperpy_resource_cleanup_duration_seconds{{type={type}}}"));
        }

        Assert.Equal(2, metrics.Count("pepperpy_resource_duration_seconds{operation=register,type=connection}"));
        Assert.Empty(metrics.Series("pepperpy_resource_errors_total"));
        Assert.Empty(metrics.Observe("pepperpy_resources_total"));
    }
}
