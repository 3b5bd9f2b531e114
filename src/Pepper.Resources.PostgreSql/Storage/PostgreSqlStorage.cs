using System.Buffers;
using System.Data;
using System.Data.Common;
using Npgsql;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;
using Pepper.Resources.Providers;

namespace Pepper.Resources.PostgreSql;

/// <summary>The table of entries in a PostgreSQL database.</summary>
internal sealed class PostgreSqlStorage : SqlStorage
{
    // An entry of an index has less than a third of a page.
    private const int LongestKey = 2000;

    private readonly string _table;
    private readonly ResourcePool<DbConnection> _pool;

    internal PostgreSqlStorage(string name, PostgreSqlStorageOptions options, TimeProvider timeProvider)
        : base(
            options.Table, new StorageCapabilities { MaxContentBytes = options.MaxContentBytes, MaxKeyBytes = LongestKey },
            timeProvider)
    {
        _table = options.Table;
        _pool = ConnectionPool.Create(
            NpgsqlFactory.Instance, options.ConnectionString,
            new ResourcePoolOptions { Name = name, MinSize = 0, MaxSize = options.MaxConnections });
    }

    protected override async ValueTask OpenAsync(CancellationToken cancellationToken) =>
        await RunAsync(isWrite: true, async (connection, ct) =>
        {
            // Two who make a table at once get in each other's way, even with IF NOT EXISTS: the lock, which ends with the
            // transaction, makes them take turns.
            var transaction = await connection.BeginTransactionAsync(ct).ConfigureAwait(false);
            await using var _ = transaction.ConfigureAwait(false);
            var command = connection.CreateCommand();
            await using var __ = command.ConfigureAwait(false);
            command.Transaction = transaction;
            command.CommandText =
                $"""
                SELECT pg_advisory_xact_lock(hashtext('pepper'), hashtext('{_table}'));
                CREATE TABLE IF NOT EXISTS {_table} (key bytea NOT NULL PRIMARY KEY, etag text NOT NULL, modified bigint NOT NULL,
                  expires bigint, metadata bytea NOT NULL, size bigint NOT NULL, content bytea NOT NULL);
                CREATE INDEX IF NOT EXISTS {_table}_expires ON {_table} (expires) WHERE expires IS NOT NULL;
                """;
            await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            await transaction.CommitAsync(ct).ConfigureAwait(false);
            return 0;
        }, cancellationToken).ConfigureAwait(false);

    protected override ValueTask CloseAsync() => _pool.DisposeAsync();

    protected override async ValueTask<TResult> UseAsync<TResult>(
        bool isWrite, Func<DbConnection, CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken)
    {
        var lease = await _pool.AcquireAsync(cancellationToken).ConfigureAwait(false);
        await using var _ = lease.ConfigureAwait(false);
        var connection = lease.Resource;
        try
        {
            return await work(connection, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (connection.State != ConnectionState.Open)
        {
            lease.Invalidate(failure);
            throw;
        }
    }

    // The driver sends a stream part by part, as it comes.
    protected override object GetContentValue(ReadOnlySequence<byte> content) =>
        content.IsSingleSegment ? base.GetContentValue(content) : new SequenceStream(content);
}
