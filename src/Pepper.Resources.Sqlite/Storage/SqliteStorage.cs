using System.Buffers;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Sqlite;

/// <summary>The table of entries in a SQLite database.</summary>
internal sealed class SqliteStorage : SqlStorage
{
    private const string Table = "pepper_storage";

    private const string Schema =
        $"""
        CREATE TABLE IF NOT EXISTS {Table} (key BLOB NOT NULL PRIMARY KEY, etag TEXT NOT NULL, modified INTEGER NOT NULL,
          expires INTEGER, metadata BLOB NOT NULL, size INTEGER NOT NULL, content BLOB NOT NULL);
        CREATE INDEX IF NOT EXISTS {Table}_expires ON {Table} (expires) WHERE expires IS NOT NULL;
        """;

    private readonly string _path;
    private readonly SqliteWriters _writers;
    private readonly ResourcePool<DbConnection> _pool;

    protected override bool HasBlobs => true;

    internal SqliteStorage(string name, SqliteStorageOptions options, TimeProvider timeProvider)
        : base(Table, new StorageCapabilities { MaxContentBytes = options.MaxContentBytes }, timeProvider)
    {
        SQLitePCL.Batteries_V2.Init();
        _path = Path.GetFullPath(options.Path);
        _writers = SqliteWriters.Enter(_path);
        _pool = ConnectionPool.Create(
            SqliteFactory.Instance,
            new SqliteConnectionStringBuilder { DataSource = _path }.ToString(),
            new ResourcePoolOptions { Name = name, MinSize = 0, MaxSize = options.MaxConnections },
            new DbConnectionFactoryOptions
            {
                // The log is flushed at each commit: what was acknowledged survives a power cut.
                InitializationCommand = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
            });
    }

    protected override async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        await RunAsync(isWrite: true, async (connection, ct) =>
        {
            var command = connection.CreateCommand();
            await using var _ = command.ConfigureAwait(false);
            command.CommandText = Schema;
            return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
    }

    protected override async ValueTask CloseAsync()
    {
        await _pool.DisposeAsync().ConfigureAwait(false);
        _writers.Leave();
    }

    protected override async ValueTask<TResult> UseAsync<TResult>(
        bool isWrite, Func<DbConnection, CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken)
    {
        // SQLite's own wait for a writer sleeps for whole seconds here: those of this process wait for each other instead. The
        // provider's methods block, so they run on a thread of the pool and not on the caller's.
        using var turn = isWrite ? await _writers.EnterAsync(cancellationToken).ConfigureAwait(false) : default;
        return await Task.Run(async () =>
        {
            var lease = await _pool.AcquireAsync(cancellationToken).ConfigureAwait(false);
            await using var _ = lease.ConfigureAwait(false);
            return await work(lease.Resource, cancellationToken).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
    }

    protected override ValueTask WriteBlobAsync(
        DbConnection connection, byte[] key, ReadOnlySequence<byte> content, CancellationToken cancellationToken)
    {
        using var blob = OpenBlob(connection, key, isReadOnly: false);
        foreach (var part in content)
        {
            for (var rest = part.Span; rest.Length > 0; rest = rest[Math.Min(StorageContent.PartBytes, rest.Length)..])
            {
                cancellationToken.ThrowIfCancellationRequested();
                blob.Write(rest[..Math.Min(StorageContent.PartBytes, rest.Length)]);
            }
        }

        return default;
    }

    protected override ValueTask ReadBlobAsync(
        DbConnection connection, byte[] key, long offset, Memory<byte> part, CancellationToken cancellationToken)
    {
        using var blob = OpenBlob(connection, key, isReadOnly: true);
        blob.Position = offset;
        for (var rest = part.Span; rest.Length > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var read = blob.Read(rest[..Math.Min(StorageContent.PartBytes, rest.Length)]);
            rest = read > 0 ? rest[read..] : throw new EndOfStreamException("The content is shorter than its entry says.");
        }

        return default;
    }

    // Deferred: it takes no writer's turn.
    protected override ValueTask<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellationToken) =>
        new(((SqliteConnection)connection).BeginTransaction(deferred: true));

    private static SqliteBlob OpenBlob(DbConnection connection, byte[] key, bool isReadOnly)
    {
        var database = (SqliteConnection)connection;
        using var command = database.CreateCommand();
        command.CommandText = $"SELECT rowid FROM {Table} WHERE key = @key";
        command.Parameters.AddWithValue("@key", key);
        return new SqliteBlob(database, Table, "content", (long)command.ExecuteScalar()!, isReadOnly);
    }
}
