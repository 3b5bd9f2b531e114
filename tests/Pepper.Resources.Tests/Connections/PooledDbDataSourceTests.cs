using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Connections;

public sealed class PooledDbDataSourceTests : SqliteTest
{
    [Fact]
    public async Task Open_LeasesAndClose_GivesBack()
    {
        await using var pool = NewPool();
        await using var source = pool.AsDataSource(SqliteFactory.Instance);
        await using var connection = source.CreateConnection();
        Assert.Equal(ConnectionState.Closed, connection.State);
        Assert.Equal(0, pool.Statistics.InUse);

        await connection.OpenAsync();
        Assert.Equal(ConnectionState.Open, connection.State);
        Assert.Equal(1, pool.Statistics.InUse);
        Assert.Equal(1L, await ScalarAsync(connection, "SELECT 1"));
        await connection.CloseAsync();

        Assert.Equal(ConnectionState.Closed, connection.State);
        Assert.Equal(0, pool.Statistics.InUse);
        Assert.Equal(1, pool.Statistics.Idle);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Open_TagIsInUse_LeaseShowsItAsItsCallSite(bool isSync)
    {
        await using var pool = NewPool(maxSize: 3);
        await using var source = pool.AsDataSource(SqliteFactory.Instance);
        using (LeaseTag.Use("orders: nightly"))
        {
            await using var tagged = isSync ? source.OpenConnection() : await source.OpenConnectionAsync();
            Assert.Equal("orders: nightly", Assert.Single(pool.GetLeases()).CallSite.Member);
            Assert.StartsWith("orders: nightly, for ", Assert.Single(pool.GetLeases()).ToString(), StringComparison.Ordinal);
        }

        await using var plain = isSync ? source.OpenConnection() : await source.OpenConnectionAsync();

        Assert.Equal("DbDataSource", Assert.Single(pool.GetLeases()).CallSite.Member);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Open_AgainAndAgain_UsesOneRealConnection(bool isSync)
    {
        await using var pool = NewPool();
        var source = pool.AsDataSource(SqliteFactory.Instance);
        for (var round = 0; round < 5; round++)
        {
            if (isSync)
            {
                using var connection = source.OpenConnection();
                Scalar(connection, "CREATE TEMP TABLE IF NOT EXISTS rounds (a); INSERT INTO rounds VALUES (1)");
            }
            else
            {
                await using var connection = await source.OpenConnectionAsync();
                await ScalarAsync(connection, "CREATE TEMP TABLE IF NOT EXISTS rounds (a); INSERT INTO rounds VALUES (1)");
            }
        }

        // A temporary table belongs to its connection: all five were written to one.
        using var last = source.OpenConnection();
        Assert.Equal(5L, Scalar(last, "SELECT count(*) FROM rounds"));
    }

    [Fact]
    public async Task Open_PoolBusy_WaitsAndThenNamesTheLimit()
    {
        await using var pool = NewPool();
        var source = pool.AsDataSource(SqliteFactory.Instance, TimeSpan.FromMilliseconds(20));
        await using var first = await pool.AsDataSource(SqliteFactory.Instance).OpenConnectionAsync();

        await Assert.ThrowsAsync<PoolExhaustedException>(async () => await source.OpenConnectionAsync());
        Assert.Throws<PoolExhaustedException>(() => source.OpenConnection());
        await using var second = pool.AsDataSource(SqliteFactory.Instance).CreateConnection();
        var waiting = second.OpenAsync();
        Assert.False(waiting.IsCompleted);
        await first.CloseAsync();
        await waiting.WaitAsync(Guard);

        Assert.Equal(ConnectionState.Open, second.State);
    }

    [Fact]
    public async Task Open_Cancelled_TakesNothing()
    {
        await using var pool = NewPool();
        var source = pool.AsDataSource(SqliteFactory.Instance);
        await using var first = await source.OpenConnectionAsync();
        using var cancellation = new CancellationTokenSource();
        await using var second = source.CreateConnection();
        var waiting = second.OpenAsync(cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Guard));
        Assert.Equal(ConnectionState.Closed, second.State);
        await first.CloseAsync();
        Assert.Equal(0, pool.Statistics.InUse);
        await second.OpenAsync();
    }

    [Fact]
    public async Task Open_Twice_IsRefused_CloseTwice_IsHarmless()
    {
        await using var pool = NewPool();
        await using var connection = await pool.AsDataSource(SqliteFactory.Instance).OpenConnectionAsync();

        Assert.Throws<InvalidOperationException>(() => connection.Open());
        await Assert.ThrowsAsync<InvalidOperationException>(() => connection.OpenAsync());
        connection.Close();
        await connection.CloseAsync();
        connection.Dispose();
        connection.Dispose();

        Assert.Throws<ObjectDisposedException>(() => connection.Open());
        Assert.Equal(0, pool.Statistics.InUse);
    }

    [Fact]
    public async Task StateChange_TellsOpenAndClosed()
    {
        await using var pool = NewPool();
        await using var connection = pool.AsDataSource(SqliteFactory.Instance).CreateConnection();
        List<string> changes = [];
        connection.StateChange += (_, change) => changes.Add($"{change.OriginalState} to {change.CurrentState}");

        await connection.OpenAsync();
        await connection.CloseAsync();
        connection.Open();
        connection.Close();

        Assert.Equal(["Closed to Open", "Open to Closed", "Closed to Open", "Open to Closed"], changes);
    }

    [Fact]
    public async Task Close_RealConnectionNoLongerOpen_IsNotLentAgain()
    {
        await using var pool = NewPool();
        var source = pool.AsDataSource(SqliteFactory.Instance);
        await using var connection = await source.OpenConnectionAsync();
        await ScalarAsync(connection, "CREATE TEMP TABLE mine (a)");
        RealOf(connection).Close();
        Assert.Equal(ConnectionState.Closed, connection.State);

        // Code that looks at the state opens it again: that is another real connection.
        await connection.OpenAsync();

        Assert.Equal(0L, await ScalarAsync(connection, "SELECT count(*) FROM temp.sqlite_master"));
        RealOf(connection).Close();
        connection.Close();
        Assert.Equal(0, pool.Statistics.InUse);
        connection.Open();
        Assert.Equal(1L, Scalar(connection, "SELECT 1"));
    }

    [Fact]
    public async Task ConnectionString_ShowsThePoolAndNoSecret()
    {
        var source = ConnectionPool.CreateDataSource(
            SqliteFactory.Instance, $"Data Source={File};Password=hunter2", Options(), monitor: Monitor);
        await using (source)
        {
            Assert.Equal("Pool=db", source.ConnectionString);
            Assert.Equal("Pool=db", source.CreateConnection().ConnectionString);
        }
    }

    [Fact]
    public async Task Dispose_OwnsThePoolItMade_AndNoOther()
    {
        await using var pool = NewPool();
        var borrowed = pool.AsDataSource(SqliteFactory.Instance);
        await borrowed.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => borrowed.CreateConnection());
        await using (await pool.AcquireAsync())
        {
            Assert.Equal(1, pool.Statistics.InUse);
        }

        var owning = ConnectionPool.CreateDataSource(SqliteFactory.Instance, ConnectionString, Options(), monitor: Monitor);
        await using (await owning.OpenConnectionAsync())
        {
            Assert.Equal(1, owning.Pool.Statistics.InUse);
        }

        await owning.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await owning.Pool.AcquireAsync());
        var third = ConnectionPool.CreateDataSource(SqliteFactory.Instance, ConnectionString, Options(), monitor: Monitor);
        third.Dispose();
        third.Dispose();
        Assert.Throws<ObjectDisposedException>(() => third.CreateConnection());

        // Without asynchrony the pool ends in the background; this waits for the same end.
        await third.Pool.DisposeAsync().AsTask().WaitAsync(Guard);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await third.Pool.AcquireAsync());
    }

    [Fact]
    public async Task AsDataSource_FaultyArguments_Throws()
    {
        await using var pool = NewPool();

        Assert.Throws<ArgumentNullException>(() => pool.AsDataSource(null!));
        Assert.Throws<ArgumentNullException>(() => ((IResourcePool<DbConnection>)null!).AsDataSource(SqliteFactory.Instance));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.AsDataSource(SqliteFactory.Instance, TimeSpan.FromSeconds(-1)));
    }

    [Fact]
    public void Stress_ManyThreads_EachInItsOwnTransaction_NothingIsLost()
    {
        const int Threads = 4;
        const int Rounds = 25;
        var pool = NewPool(maxSize: 2);
        var source = pool.AsDataSource(SqliteFactory.Instance);
        using (var connection = source.OpenConnection())
        {
            Scalar(connection, "PRAGMA journal_mode = WAL");
            Scalar(connection, "CREATE TABLE t (thread, round)");
        }

        RealThreads.Run(Threads, thread =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                using var connection = source.OpenConnection();
                using var transaction = connection.BeginTransaction();
                using var command = connection.CreateCommand();
                command.CommandText = $"INSERT INTO t VALUES ({thread}, {round})";
                Assert.Equal(1, command.ExecuteNonQuery());
                if (round % 2 == 0)
                {
                    transaction.Commit();
                }
            }
        });

        using (var connection = source.OpenConnection())
        {
            Assert.Equal((long)Threads * ((Rounds + 1) / 2), Scalar(connection, "SELECT count(*) FROM t"));
        }

        Assert.Equal(0, pool.Statistics.InUse);
        Assert.True(pool.DisposeAsync().AsTask().Wait(Guard));
    }

    /// <summary>The real connection behind a pooled one.</summary>
    private static DbConnection RealOf(DbConnection connection) => ((PooledDbConnection)connection).Inner;
}
