using System.Data.Common;
using Microsoft.Data.Sqlite;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;
using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Connections;

public sealed class ConnectionResourceTests : SqliteTest
{
    [Fact]
    public async Task Initialize_OpensAConnection_AndCleanupClosesEverything()
    {
        var resource = New();
        Assert.False(System.IO.File.Exists(File));

        await resource.InitializeAsync();
        await using (var lease = await resource.GetConnectionAsync())
        {
            await ScalarAsync(lease.Resource, "CREATE TABLE t (a)");
        }

        Assert.Equal(1, resource.Pool.Statistics.Size);
        Assert.True(!OperatingSystem.IsLinux() || Handles() > 0);
        await resource.DisposeAsync();

        Assert.Equal(0, Handles());
        System.IO.File.Delete(File);
    }

    [Fact]
    public void Create_Defaults_AreTheDocumentedOnes()
    {
        var resource = new ConnectionResource(SqliteFactory.Instance, ConnectionString, monitor: Monitor);

        Assert.Equal(ResourceType.Connection, resource.Metadata.Type);
        Assert.Matches("^[0-9a-f]{32}$", resource.Metadata.Id);
        Assert.Equal("system", resource.Metadata.Owner);
        Assert.Null(resource.Metadata.TimeToLive);
        Assert.Empty(resource.Metadata.Labels);
        Assert.Equal(10, resource.Pool.Statistics.MaxSize);
        Assert.Equal(resource.Metadata.Id, resource.Pool.Name);
    }

    [Fact]
    public void Create_Options_AreTakenAndCopied()
    {
        var pool = new ResourcePoolOptions { MinSize = 20, MaxWaiters = 3 };
        var resource = new ConnectionResource(
            SqliteFactory.Instance,
            ConnectionString,
            new ConnectionResourceOptions
            {
                Id = "orders",
                Owner = "ann",
                TimeToLive = TimeSpan.FromMinutes(1),
                Labels = new Dictionary<string, string> { ["env"] = "test" },
                PoolSize = 5,
                Pool = pool,
            },
            monitor: Monitor);

        Assert.Equal("orders", resource.Metadata.Id);
        Assert.Equal("ann", resource.Metadata.Owner);
        Assert.Equal(TimeSpan.FromMinutes(1), resource.Metadata.TimeToLive);
        Assert.Equal("test", resource.Metadata.Labels["env"]);
        Assert.Equal("orders", resource.Pool.Name);
        Assert.Equal(5, resource.Pool.Statistics.MaxSize);
        Assert.Equal(5, resource.Pool.Statistics.MinSize);
        Assert.Equal(20, pool.MinSize);
    }

    [Fact]
    public void Create_PoolOfNoSize_NamesTheOption()
    {
        var thrown = Assert.Throws<ArgumentException>(() => New(new ConnectionResourceOptions { PoolSize = 0 }));

        Assert.Contains("PoolSize", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetConnection_NotInitializedOrDisposed_Throws()
    {
        var resource = New();
        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(async () => await resource.GetConnectionAsync());
        Assert.Contains("initialize it", thrown.Message, StringComparison.Ordinal);

        await resource.InitializeAsync();
        await resource.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await resource.GetConnectionAsync());
    }

    [Fact]
    public async Task GetConnection_PoolOfOne_WaitsForTheReturn()
    {
        await using var resource = New(new ConnectionResourceOptions { PoolSize = 1 });
        await resource.InitializeAsync();
        var first = await resource.GetConnectionAsync();
        var connection = first.Resource;
        var waiting = resource.GetConnectionAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        Assert.Equal(1, resource.Pool.Statistics.Waiting);

        await first.DisposeAsync();

        await using var second = await waiting.WaitAsync(Guard);
        Assert.Same(connection, second.Resource);
        Assert.Equal(1, resource.Pool.Statistics.Size);
    }

    [Fact]
    public async Task GetConnection_IsAUse_AndSaysWhoHoldsIt()
    {
        var time = new ManualTimeProvider();
        await using var resource = New(time: time);
        await resource.InitializeAsync();
        time.Advance(TimeSpan.FromMinutes(1));

        await using var lease = await resource.GetConnectionAsync();

        Assert.Equal(time.GetUtcNow(), resource.LastUsedAt);
        Assert.Equal(nameof(GetConnection_IsAUse_AndSaysWhoHoldsIt), Assert.Single(resource.Pool.GetLeases()).CallSite.Member);
    }

    [Fact]
    public async Task Initialize_NoSuchDatabase_FailsAndLeavesNothingOpen()
    {
        var resource = new ConnectionResource(
            SqliteFactory.Instance, $"Data Source={At("no/such/folder.db")}", new ConnectionResourceOptions { Id = "orders" },
            monitor: Monitor);

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => resource.InitializeAsync());

        Assert.Equal("orders", thrown.ResourceId);
        Assert.IsType<SqliteException>(thrown.GetBaseException());
        Assert.Equal(ResourceState.Failed, resource.State);
        await resource.DisposeAsync();
        Assert.Equal(0, resource.Pool.Statistics.Size);
        Assert.Equal(0, Handles());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Initialize_FailsOnce_RecoversWithTheDatabase(int minSize)
    {
        Directory.CreateDirectory(At("later"));
        Directory.Delete(At("later"));
        await using var resource = new ConnectionResource(
            SqliteFactory.Instance,
            $"sqlite:///{At("later/test.db")}",
            new ConnectionResourceOptions { Pool = new ResourcePoolOptions { MinSize = minSize } },
            monitor: Monitor);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => resource.InitializeAsync());

        Directory.CreateDirectory(At("later"));
        await resource.InitializeAsync();

        await using var lease = await resource.GetConnectionAsync();
        Assert.Equal(1L, await ScalarAsync(lease.Resource, "SELECT 1"));
    }

    [Fact]
    public async Task Dispose_WhileAConnectionIsLent_LeavesItToItsHolderAndClosesItAtItsReturn()
    {
        var resource = New();
        await resource.InitializeAsync();
        var lease = await resource.GetConnectionAsync();

        await resource.DisposeAsync();

        Assert.Equal(1L, await ScalarAsync(lease.Resource, "SELECT 1"));
        await lease.DisposeAsync();
        await Eventually.HoldsAsync(() => Handles() == 0);
    }

    [Fact]
    public async Task Register_WithAManager_IsOneResourceAndItsPool()
    {
        await using var manager = new ResourceManager(monitor: Monitor);
        await manager.RegisterAsync(New(new ConnectionResourceOptions { Id = "orders" }));

        await using (var lease = await manager.AcquireAsync<ConnectionResource>("orders"))
        await using (var connection = await lease.Resource.GetConnectionAsync())
        {
            Assert.Equal(1L, await ScalarAsync(connection.Resource, "SELECT 1"));
        }

        await manager.ReleaseAsync("orders");
        Assert.Equal(0, Handles());
    }

    private ConnectionResource New(ConnectionResourceOptions? options = null, TimeProvider? time = null) =>
        new(SqliteFactory.Instance, $"sqlite:///{File}", options, time, Monitor);
}
