using System.Transactions;
using Npgsql;
using Pepper.Resources.Connections;

namespace Pepper.IntegrationTests.PostgreSql;

public sealed class DataSourceTests(PostgresFixture fixture) : PostgresTest(fixture)
{
    private const string Transaction = "SELECT coalesce(pg_current_xact_id_if_assigned()::text, 'none')";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Close_TransactionLeftOpen_IsRolledBack(bool isBlocking)
    {
        await using var source = NewSource();
        var table = await NewTableAsync(source);
        var connection = source.CreateConnection();
        await connection.OpenAsync();
        var session = await SessionAsync(connection);
        await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, $"INSERT INTO {table} VALUES (1)");
        Assert.NotEqual("none", await ScalarAsync<string>(connection, Transaction));

        if (isBlocking)
        {
            await Task.Run(connection.Close).WaitAsync(Guard);
        }
        else
        {
            await connection.CloseAsync();
        }

        await using var next = await source.OpenConnectionAsync();
        Assert.Equal(session, await SessionAsync(next));
        Assert.Equal("none", await ScalarAsync<string>(next, Transaction));
        Assert.Equal(0, await ScalarAsync<long>(next, $"SELECT count(*) FROM {table}"));
    }

    [Fact]
    public async Task Close_TransactionThatFailed_IsRolledBack()
    {
        await using var source = NewSource();
        int session;
        await using (var connection = await source.OpenConnectionAsync())
        {
            session = await SessionAsync(connection);
            await using var transaction = await connection.BeginTransactionAsync();
            await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(connection, "SELECT 1 / 0"));
        }

        await using var next = await source.OpenConnectionAsync();
        Assert.Equal(session, await SessionAsync(next));
    }

    [Fact]
    public async Task Commit_IsSeenByTheNextHolder()
    {
        await using var pool = NewPool();
        await using var source = pool.AsDataSource(NpgsqlFactory.Instance);
        var table = await NewTableAsync(source);
        await using (var connection = await source.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.Serializable);
            await ExecuteAsync(connection, $"INSERT INTO {table} VALUES (1)");
            await transaction.SaveAsync("one");
            await ExecuteAsync(connection, $"INSERT INTO {table} VALUES (2)");
            await transaction.RollbackAsync("one");
            await transaction.CommitAsync();
        }

        await using var lease = await pool.AcquireAsync();
        Assert.Equal(1, await ScalarAsync<int>(lease.Resource, $"SELECT sum(a)::int FROM {table}"));
    }

    [Fact]
    public async Task Close_ReaderLeftOpen_LeavesTheConnectionFit()
    {
        await using var source = NewSource();
        int session;
        await using (var connection = await source.OpenConnectionAsync())
        {
            session = await SessionAsync(connection);
            var command = connection.CreateCommand();
            command.CommandText = "SELECT * FROM generate_series(1, 100000)";
            var reader = await command.ExecuteReaderAsync();
            Assert.True(await reader.ReadAsync());
        }

        await using var next = await source.OpenConnectionAsync();
        Assert.Equal(session, await SessionAsync(next));
    }

    [Fact]
    public async Task Command_SetUpBeforeOpeningAndPrepared_RunsOnWhateverConnectionThereIs()
    {
        await using var source = NewSource();
        await using var connection = source.CreateConnection();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT @a + @b";
        command.Parameters.Add(new NpgsqlParameter<int>("a", 3));
        command.Parameters.Add(new NpgsqlParameter<int>("b", 4));
        await connection.OpenAsync();
        await command.PrepareAsync();
        Assert.Equal(7, await command.ExecuteScalarAsync());
        var session = await SessionAsync(connection);
        await connection.CloseAsync();
        await KillAsync(session);

        // The killed one is found out by the first query.
        await connection.OpenAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => command.ExecuteScalarAsync());
        await connection.CloseAsync();
        await connection.OpenAsync();

        Assert.Equal(7, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task CreateCommand_OfTheSource_LeasesForOneExecution()
    {
        await using var source = NewSource();
        for (var round = 0; round < 3; round++)
        {
            await using var command = source.CreateCommand("SELECT 42");
            Assert.Equal(42, await command.ExecuteScalarAsync());
        }

        await using var select = source.CreateCommand("SELECT a FROM generate_series(1, 3) AS a");
        await using (var reader = await select.ExecuteReaderAsync())
        {
            var rows = new List<int>();
            while (await reader.ReadAsync())
            {
                rows.Add(reader.GetInt32(0));
            }

            Assert.Equal([1, 2, 3], rows);
        }

        Assert.Equal(0, source.Pool.Statistics.InUse);
        Assert.Equal(1, source.Pool.Statistics.Created);
    }

    [Fact]
    public async Task ChangeDatabase_DestroysTheConnectionAtItsReturn()
    {
        await ExecuteAsAdminAsync("CREATE DATABASE elsewhere");
        await using var source = NewSource();
        await using (var connection = await source.OpenConnectionAsync())
        {
            await connection.ChangeDatabaseAsync("elsewhere");
            Assert.Equal("elsewhere", await ScalarAsync<string>(connection, "SELECT current_database()::text"));
        }

        await using var next = await source.OpenConnectionAsync();
        Assert.Equal("postgres", await ScalarAsync<string>(next, "SELECT current_database()::text"));
        await WaitForSessionsAsync(1);
    }

    [Fact]
    public async Task Dispose_OfTheSource_EndsTheSessionsOfItsOwnPool()
    {
        await using var pool = NewPool();
        var borrowed = pool.AsDataSource(NpgsqlFactory.Instance);
        var owning = NewSource();
        await (await borrowed.OpenConnectionAsync()).DisposeAsync();
        await (await owning.OpenConnectionAsync()).DisposeAsync();
        Assert.Equal(2, await CountSessionsAsync());

        await owning.DisposeAsync();
        await borrowed.DisposeAsync();

        await WaitForSessionsAsync(1);
        await LendAsync(pool);
        await pool.DisposeAsync();
        await WaitForSessionsAsync(0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Open_WithinATransactionScope_DoesNotJoinIt(bool isBlocking)
    {
        var table = $"t{Guid.NewGuid():N}";
        await ExecuteAsAdminAsync($"CREATE TABLE {table} (a int)");
        await using var source = NewSource();
        int session;
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            await using var connection = source.CreateConnection();
            if (isBlocking)
            {
                connection.Open();
            }
            else
            {
                await connection.OpenAsync();
            }

            session = await SessionAsync(connection);
            await ExecuteAsync(connection, $"INSERT INTO {table} VALUES (1)");
        }

        await using var next = await source.OpenConnectionAsync();
        Assert.Equal(session, await SessionAsync(next));
        Assert.Equal(1, await ScalarAsync<long>(next, $"SELECT count(*) FROM {table}"));
    }

    private PooledDbDataSource NewSource(DbConnectionFactoryOptions? connection = null) => ConnectionPool.CreateDataSource(
        NpgsqlFactory.Instance, ConnectionString, Options(), connection, monitor: Monitor);

    private static async Task<string> NewTableAsync(PooledDbDataSource source)
    {
        var table = $"t{Guid.NewGuid():N}";
        await using var connection = await source.OpenConnectionAsync();
        await ExecuteAsync(connection, $"CREATE TABLE {table} (a int)");
        return table;
    }
}
