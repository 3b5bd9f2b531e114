using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Pepper.Resources.Connections;

namespace Pepper.Resources.Tests.Connections;

/// <summary>Commands, readers and transactions of pooled connections.</summary>
public sealed class PooledDbCommandTests : SqliteTest
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Close_InATransaction_RollsItBack(bool isSync)
    {
        await using var pool = NewPool();
        var source = pool.AsDataSource(SqliteFactory.Instance);
        var connection = await source.OpenConnectionAsync();
        await ScalarAsync(connection, "CREATE TABLE t (a)");
        var transaction = isSync ? connection.BeginTransaction() : await connection.BeginTransactionAsync();
        await ScalarAsync(connection, "INSERT INTO t VALUES (1)");
        Assert.Same(connection, transaction.Connection);

        if (isSync)
        {
            connection.Close();
        }
        else
        {
            await connection.CloseAsync();
        }

        await using var next = await source.OpenConnectionAsync();
        Assert.Equal(0L, await ScalarAsync(next, "SELECT count(*) FROM t"));
        Assert.Null(transaction.Connection);
        Assert.Equal(1, pool.Statistics.Size);
        await using var fresh = await next.BeginTransactionAsync();
        await fresh.CommitAsync();
        transaction.Dispose();
    }

    [Fact]
    public async Task Transaction_CommitRollbackAndSavepoint_DoSo()
    {
        await using var pool = NewPool();
        await using var connection = await pool.AsDataSource(SqliteFactory.Instance).OpenConnectionAsync();
        await ScalarAsync(connection, "CREATE TABLE t (a)");

        await using (var transaction = await connection.BeginTransactionAsync(IsolationLevel.Serializable))
        {
            Assert.Equal(IsolationLevel.Serializable, transaction.IsolationLevel);
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await connection.BeginTransactionAsync());
            await ScalarAsync(connection, "INSERT INTO t VALUES (1)");
            Assert.True(transaction.SupportsSavepoints);
            await transaction.SaveAsync("here");
            await ScalarAsync(connection, "INSERT INTO t VALUES (2)");
            await transaction.RollbackAsync("here");
            await transaction.ReleaseAsync("here");
            await transaction.CommitAsync();
            Assert.Null(transaction.Connection);
        }

        Assert.Equal(1L, await ScalarAsync(connection, "SELECT count(*) FROM t"));
        using (var transaction = connection.BeginTransaction())
        {
            Scalar(connection, "INSERT INTO t VALUES (3)");
            transaction.Save("here");
            transaction.Rollback("here");
            transaction.Release("here");
            transaction.Rollback();
        }

        using (var transaction = connection.BeginTransaction())
        {
            Scalar(connection, "INSERT INTO t VALUES (4)");
            transaction.Commit();
        }

        using (connection.BeginTransaction())
        {
            Scalar(connection, "INSERT INTO t VALUES (5)");
        }

        Assert.Equal("1,4", Scalar(connection, "SELECT group_concat(a) FROM t"));
    }

    [Fact]
    public async Task Command_SetUpBeforeTheConnectionIsOpen_RunsAfterwards()
    {
        await using var pool = NewPool();
        await using var connection = pool.AsDataSource(SqliteFactory.Instance).CreateConnection();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT $a + $b";
        foreach (var (name, value) in new[] { ("$a", 40), ("$b", 2) })
        {
            var parameter = Assert.IsType<SqliteParameter>(command.CreateParameter());
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        var closed = await Assert.ThrowsAsync<InvalidOperationException>(() => command.ExecuteScalarAsync());
        Assert.Contains("closed", closed.Message, StringComparison.Ordinal);
        await connection.OpenAsync();
        await command.PrepareAsync();
        Assert.Equal(42L, await command.ExecuteScalarAsync());
        await connection.CloseAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => command.ExecuteScalarAsync());
        connection.Open();
        command.Prepare();
        Assert.Equal(42L, command.ExecuteScalar());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reader_WithCloseConnection_ClosesThePooledOne(bool isSync)
    {
        await using var pool = NewPool();
        await using var connection = await pool.AsDataSource(SqliteFactory.Instance).OpenConnectionAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT 1 AS a, 'x' AS b, 2.5 AS c, NULL AS d UNION ALL SELECT 2, 'y', 3.5, NULL";
        var reader = isSync
            ? command.ExecuteReader(CommandBehavior.CloseConnection)
            : await command.ExecuteReaderAsync(CommandBehavior.CloseConnection);
        Assert.True(isSync ? reader.Read() : await reader.ReadAsync());
        Assert.Equal(
            (4, 1, 1L, 1m, "x", "x", 2.5, 2.5f, "b", 1),
            (reader.FieldCount, reader.GetInt32(0), reader.GetInt64(0), reader.GetDecimal(0), reader.GetString(1), reader["b"],
                reader.GetDouble(2), reader.GetFloat(2), reader.GetName(1), reader.GetOrdinal("b")));
        Assert.True(reader.IsDBNull(3));
        Assert.True(reader.HasRows);

        if (isSync)
        {
            reader.Dispose();
        }
        else
        {
            await reader.DisposeAsync();
        }

        Assert.True(reader.IsClosed);
        Assert.Equal(ConnectionState.Closed, connection.State);
        Assert.Equal(1, pool.Statistics.Idle);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Close_WithAReaderOpen_EndsItBeforeTheNextHolder(bool isSync)
    {
        await using var pool = NewPool();
        var source = pool.AsDataSource(SqliteFactory.Instance);
        var connection = await source.OpenConnectionAsync();
        await ScalarAsync(connection, "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)");
        var command = connection.CreateCommand();
        command.CommandText = "SELECT a FROM t";
        var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());

        if (isSync)
        {
            connection.Dispose();
        }
        else
        {
            await connection.DisposeAsync();
        }

        Assert.True(reader.IsClosed);
        await using var next = await source.OpenConnectionAsync();
        Assert.Equal(1, pool.Statistics.Size);

        // What read the table would keep it from being dropped.
        await ScalarAsync(next, "DROP TABLE t");
        command.Dispose();
    }

    [Fact]
    public async Task Command_OfTheDataSource_OpensAndClosesForItself()
    {
        await using var pool = NewPool();
        await using var source = pool.AsDataSource(SqliteFactory.Instance);

        await using (var command = source.CreateCommand("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)"))
        {
            Assert.Equal(2, await command.ExecuteNonQueryAsync());
        }

        await using (var command = source.CreateCommand("SELECT a FROM t ORDER BY a"))
        {
            await using var reader = await command.ExecuteReaderAsync();
            Assert.True(await reader.ReadAsync() && await reader.ReadAsync());
            Assert.Equal(2, reader.GetInt32(0));
            Assert.Equal(1, pool.Statistics.InUse);
        }

        Assert.Equal(0, pool.Statistics.InUse);
    }

    [Fact]
    public async Task Command_OfAnotherProvider_IsRefused()
    {
        await using var pool = NewPool();
        await using var connection = pool.AsDataSource(SqliteFactory.Instance).CreateConnection();
        await using var command = connection.CreateCommand();
        await using var other = new SqliteConnection();

        Assert.Throws<ArgumentException>(() => command.Connection = other);
        Assert.Throws<NotSupportedException>(() => connection.ConnectionString = "Data Source=other");
        command.Connection = null;
        await Assert.ThrowsAsync<InvalidOperationException>(() => command.ExecuteNonQueryAsync());
    }
}
