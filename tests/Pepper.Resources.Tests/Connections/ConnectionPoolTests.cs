using Microsoft.Data.Sqlite;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Lifecycle;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Connections;

public sealed class ConnectionPoolTests : SqliteTest
{
    [Fact]
    public async Task Acquire_GivesBackAndLendsTheSameConnectionAgain()
    {
        await using var pool = NewPool();
        SqliteConnection first;
        await using (var lease = await pool.AcquireAsync())
        {
            first = Assert.IsType<SqliteConnection>(lease.Resource);
            Assert.Equal(1L, await ScalarAsync(first, "SELECT 1"));
        }

        await using var again = await pool.AcquireAsync();
        Assert.Same(first, again.Resource);
    }

    [Fact]
    public async Task Acquire_ClosedBehindThePoolsBack_IsNotLentAgain()
    {
        await using var pool = NewPool();
        System.Data.Common.DbConnection first;
        await using (var lease = await pool.AcquireAsync())
        {
            first = lease.Resource;
            await first.CloseAsync();
        }

        await using var again = await pool.AcquireAsync();

        Assert.NotSame(first, again.Resource);
        Assert.Equal(1L, await ScalarAsync(again.Resource, "SELECT 1"));
        Assert.Equal(1, pool.Statistics.Size);
    }

    [Fact]
    public async Task Return_RunsTheResetCommand_AndAFailureDestroysTheConnection()
    {
        await using var pool = NewPool(
            connection: new DbConnectionFactoryOptions { ResetCommand = "DROP TABLE IF EXISTS temp.scratch" });
        System.Data.Common.DbConnection first;
        await using (var lease = await pool.AcquireAsync())
        {
            first = lease.Resource;
            await ScalarAsync(first, "CREATE TEMP TABLE scratch (a)");
        }

        await using (var lease = await pool.AcquireAsync())
        {
            Assert.Same(first, lease.Resource);
            Assert.Equal(0L, await ScalarAsync(first, "SELECT count(*) FROM temp.sqlite_master"));
        }

        await using var broken = NewPool(connection: new DbConnectionFactoryOptions { ResetCommand = "no such command" });
        await using (var lease = await broken.AcquireAsync())
        {
            first = lease.Resource;
        }

        await using var next = await broken.AcquireAsync();
        Assert.NotSame(first, next.Resource);
    }

    [Fact]
    public async Task Dispose_ClosesEveryHandleToTheFile()
    {
        var pool = NewPool(maxSize: 3);
        var leases = new List<Lease<System.Data.Common.DbConnection>>();
        for (var index = 0; index < 3; index++)
        {
            leases.Add(await pool.AcquireAsync());
            await ScalarAsync(leases[index].Resource, "CREATE TABLE IF NOT EXISTS t (a)");
        }

        foreach (var lease in leases)
        {
            await lease.DisposeAsync();
        }

        Assert.True(!OperatingSystem.IsLinux() || Handles() >= 3);
        await pool.DisposeAsync();

        Assert.Equal(0, Handles());
        System.IO.File.Delete(File);
    }

    [Fact]
    public void Acquire_Blocking_OnEveryThreadAtOnce_IsBoundedAndServesAll()
    {
        var pool = NewPool(maxSize: 2);
        var inside = 0;
        var most = 0;
        RealThreads.Run(6, _ =>
        {
            for (var round = 0; round < 50; round++)
            {
                using var lease = pool.Acquire(TimeSpan.FromSeconds(30));
                var now = Interlocked.Increment(ref inside);
                InterlockedMax(ref most, now);
                Assert.Equal(1L, Scalar(lease.Resource, "SELECT 1"));
                Interlocked.Decrement(ref inside);
            }
        });

        Assert.InRange(most, 1, 2);
        Assert.Equal(0, pool.Statistics.InUse);
        Assert.True(pool.DisposeAsync().AsTask().Wait(Guard));
    }

    [Fact]
    public async Task Create_IsAConnectionPoolWhateverTheOptionsSay_AndCopiesThem()
    {
        var options = Options();
        options.Type = ResourceType.File;
        await using var pool = ConnectionPool.Create(SqliteFactory.Instance, ConnectionString, options, monitor: Monitor);
        await using var lease = await pool.AcquireAsync();
        using var metrics = new MetricRecorder(Monitor);

        Assert.Equal(ResourceType.File, options.Type);
        Assert.False(options.EmitDatabaseMetrics);
        Assert.Equal(1, metrics.Observe("pepperpy_resources_total")["pepperpy_resources_total{pool=db,type=connection}"]);
        Assert.Equal(
            1,
            metrics.Observe("db.client.connection.count")[
                "db.client.connection.count{db.client.connection.pool.name=db,db.client.connection.state=used}"]);
    }

    [Fact]
    public async Task Acquire_NoSuchDatabase_ThrowsTheProvidersFailure()
    {
        await using var pool = ConnectionPool.Create(
            SqliteFactory.Instance, $"Data Source={At("no/such/folder.db")}", Options(), monitor: Monitor);

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(async () => await pool.AcquireAsync());

        Assert.IsType<SqliteException>(thrown.InnerException);
        Assert.Equal(ResourceType.Connection, thrown.ResourceType);
        Assert.Equal(0, pool.Statistics.Size);
    }

    private static void InterlockedMax(ref int place, int value)
    {
        var seen = Volatile.Read(ref place);
        while (value > seen)
        {
            var before = Interlocked.CompareExchange(ref place, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
