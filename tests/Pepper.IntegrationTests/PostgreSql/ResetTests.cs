using System.Data.Common;
using Npgsql;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;

namespace Pepper.IntegrationTests.PostgreSql;

public sealed class ResetTests(PostgresFixture fixture) : PostgresTest(fixture)
{
    private const string WorkMemory = "SELECT current_setting('work_mem')";
    private const string TemporaryTables = "SELECT count(*) FROM pg_class WHERE relname = 'mine' AND relpersistence = 't'";
    private const string Locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";

    // What ROLLBACK; DISCARD ALL does but for the statements that were prepared.
    private const string DiscardButStatements = "ROLLBACK; CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; "
        + "SELECT pg_advisory_unlock_all(); DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES";

    [Theory]
    [InlineData("DISCARD ALL")]
    [InlineData(DiscardButStatements)]
    public async Task Return_ResetCommand_LeavesNothingOfTheHolders(string reset)
    {
        await using var pool = NewPool(connection: new() { ResetCommand = reset });
        var session = await LeaveTracesAsync(pool);

        await using var lease = await pool.AcquireAsync();

        Assert.Equal(session, await SessionAsync(lease.Resource));
        Assert.Equal("4MB", await ScalarAsync<string>(lease.Resource, WorkMemory));
        Assert.Equal(0, await ScalarAsync<long>(lease.Resource, TemporaryTables));
        Assert.Equal(0, await ScalarAsync<long>(lease.Resource, Locks));
    }

    [Fact]
    public async Task Return_NoResetCommand_LeavesEverythingToTheNextHolder()
    {
        await using var pool = NewPool();
        var session = await LeaveTracesAsync(pool);

        await using var lease = await pool.AcquireAsync();

        Assert.Equal(session, await SessionAsync(lease.Resource));
        Assert.Equal("7MB", await ScalarAsync<string>(lease.Resource, WorkMemory));
        Assert.Equal(1, await ScalarAsync<long>(lease.Resource, TemporaryTables));
        Assert.Equal(1, await ScalarAsync<long>(lease.Resource, Locks));
    }

    [Fact]
    public async Task Return_TransactionThatDiscardAllCannotEnd_DestroysTheConnection()
    {
        await using var pool = NewPool(connection: new() { ResetCommand = "DISCARD ALL" });
        int session;
        await using (var lease = await pool.AcquireAsync())
        {
            session = await SessionAsync(lease.Resource);
            await ExecuteAsync(lease.Resource, "BEGIN");
        }

        Assert.NotEqual(session, await LendAsync(pool));
        await WaitForSessionsAsync(1);
        Assert.Equal(1, pool.Statistics.Destroyed);
    }

    [Theory]
    [InlineData("ROLLBACK")]
    [InlineData("ROLLBACK; DISCARD ALL")]
    [InlineData(DiscardButStatements)]
    public async Task Return_Rollback_EndsATransactionThatThereMayBeAndKeepsTheConnection(string reset)
    {
        await using var pool = NewPool(connection: new() { ResetCommand = reset });
        int session;
        await using (var lease = await pool.AcquireAsync())
        {
            session = await SessionAsync(lease.Resource);
            await ExecuteAsync(lease.Resource, "BEGIN");
            await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(lease.Resource, "SELECT 1 / 0"));
        }

        Assert.Equal(session, await LendAsync(pool));
        Assert.Equal(session, await LendAsync(pool));
    }

    [Fact]
    public async Task Return_StatementsPreparedByTheProvider_OutliveAResetThatSparesThem()
    {
        await using var pool = NewPreparingPool(DiscardButStatements);

        for (var loan = 0; loan < 5; loan++)
        {
            await using var lease = await pool.AcquireAsync();
            Assert.Equal(7, await ScalarAsync<int>(lease.Resource, "SELECT 3 + 4"));
        }

        Assert.Equal(1, pool.Statistics.Created);
    }

    [Fact]
    public async Task Return_DiscardAllWithStatementsPreparedByTheProvider_TakesThemFromUnderIt()
    {
        await using var pool = NewPreparingPool("DISCARD ALL");

        async Task LendSeveralTimesAsync()
        {
            for (var loan = 0; loan < 5; loan++)
            {
                await using var lease = await pool.AcquireAsync();
                await ScalarAsync<int>(lease.Resource, "SELECT 3 + 4");
            }
        }

        // Why the documentation advises against it.
        var thrown = await Assert.ThrowsAsync<PostgresException>(LendSeveralTimesAsync);
        Assert.Equal(PostgresErrorCodes.InvalidSqlStatementName, thrown.SqlState);
    }

    private ResourcePool<DbConnection> NewPreparingPool(string reset) => ConnectionPool.Create(
        NpgsqlFactory.Instance,
        $"{ConnectionString};Max Auto Prepare=10;Auto Prepare Min Usages=2",
        Options(),
        new DbConnectionFactoryOptions { ResetCommand = reset },
        monitor: Monitor);

    private static async Task<int> LeaveTracesAsync(ResourcePool<DbConnection> pool)
    {
        await using var lease = await pool.AcquireAsync();
        await ExecuteAsync(lease.Resource, "SET work_mem = '7MB'");
        await ExecuteAsync(lease.Resource, "CREATE TEMPORARY TABLE mine (a int)");
        await ExecuteAsync(lease.Resource, "SELECT pg_advisory_lock(4711)");
        return await SessionAsync(lease.Resource);
    }
}
