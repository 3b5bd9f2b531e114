using System.Globalization;
using Microsoft.Data.Sqlite;
using Pepper.Resources.Pooling;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Sqlite;

/// <summary>
/// A memory in a SQLite database: words by FTS5's bm25, vectors all compared. Several processes may use one file.
/// </summary>
/// <remarks>
/// Safe from any thread. Reads see the state of one moment and run beside a write; writes come one after another. SQLite itself
/// is synchronous: an operation occupies the caller's thread while it runs. Times to live are by the wall clock of the time
/// provider, as they outlive the process.
/// </remarks>
public sealed class SqliteMemoryStore : MemoryStore, IAsyncDisposable
{
    private readonly ResourcePool<SqliteMemoryConnection> _connections;
    private readonly SemaphoreSlim _writer = new(1, 1);
    private int _dimensions;

    private SqliteMemoryStore(SqliteMemoryOptions options, TimeProvider? timeProvider)
        : base(options.Store, timeProvider)
    {
        _connections = new ResourcePool<SqliteMemoryConnection>(
            ResourceFactory.Create(_ => ValueTask.FromResult(SqliteMemoryConnection.Open(options))),
            new ResourcePoolOptions { Name = "sqlite-memory", MinSize = 0, MaxSize = options.MaxConnections });
        Capabilities = FullCapabilities(isPersistent: true, TimeSpan.FromTicks(1));
    }

    /// <inheritdoc/>
    public override MemoryCapabilities Capabilities { get; }

    /// <summary>Opens a memory; makes the file and its tables where they are not there.</summary>
    /// <param name="options">Copied.</param>
    /// <param name="timeProvider">Where its time comes from; null: <see cref="TimeProvider.System"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">Options are faulty; the message lists all faults.</exception>
    /// <exception cref="SqliteException">The file cannot be used.</exception>
    /// <exception cref="ResourceException">The tables are of a later version.</exception>
    public static async ValueTask<SqliteMemoryStore> OpenAsync(
        SqliteMemoryOptions options, TimeProvider? timeProvider = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        var store = new SqliteMemoryStore(options.Freeze(), timeProvider);
        try
        {
            await store.WriteAsync(static (connection, _) => connection.Run(SqliteMemorySchema.Create), cancellationToken)
                .ConfigureAwait(false);
            var version = await store.ReadAsync(static (connection, _) => Convert.ToInt32(
                connection.Scalar("SELECT value FROM pepper_memory_settings WHERE name = 'version'"),
                    CultureInfo.InvariantCulture),
                cancellationToken).ConfigureAwait(false);
            return version == SqliteMemorySchema.Version
                ? store
                : throw new ResourceException(
                    $"The memory in '{options.Path}' has tables of version {version}; this library knows version "
                    + $"{SqliteMemorySchema.Version}.", options.Path, ResourceType.Memory);
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits for operations that run, and closes all connections. Twice is harmless.</summary>
    public ValueTask DisposeAsync() => _connections.DisposeAsync();

    /// <inheritdoc/>
    public override async ValueTask<int> RemoveExpiredAsync(CancellationToken cancellationToken = default) =>
        await WriteAsync(static (connection, now) => Remove(connection, "expires <= @now", ("@now", now)), cancellationToken)
            .ConfigureAwait(false);

    /// <inheritdoc/>
    protected override ValueTask<IReadOnlyList<MemoryResult>> ExecuteAsync(
        IReadOnlyList<MemoryOperation> operations, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(operations);
        return SqlMemory.IsWriting(operations)
            ? WriteAsync(Run, cancellationToken)
            : ReadAsync(Run, cancellationToken);

        IReadOnlyList<MemoryResult> Run(SqliteMemoryConnection connection, long now) =>
            RunAll(connection, operations, now, cancellationToken);
    }

    /// <inheritdoc/>
    protected override ValueTask<IReadOnlyList<MemoryNamespace>> ReadNamespacesAsync(
        MemoryNamespace prefix, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return ReadAsync<IReadOnlyList<MemoryNamespace>>(
            (connection, now) =>
            {
                using var reader = connection.Read(
                    "SELECT DISTINCT ns FROM pepper_memory_entries WHERE ns >= @from AND (@to IS NULL OR ns < @to) "
                    + "AND expires > @now",
                    ("@from", prefix.Path), ("@to", prefix.PathEnd), ("@now", now));
                List<MemoryNamespace> found = [];
                while (reader.Read())
                {
                    found.Add(MemoryNamespace.Parse(reader.GetString(0)));
                }

                return found;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    protected override ValueTask<int> RemoveNamespaceAsync(MemoryNamespace ns, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return WriteAsync(
            (connection, now) =>
            {
                const string Range = "ns >= @from AND ns < @to";
                var live = Convert.ToInt32(
                    connection.Scalar(
                        $"SELECT count(*) FROM pepper_memory_entries WHERE {Range} AND expires > @now",
                        ("@from", ns.Path), ("@to", ns.PathEnd), ("@now", now)),
                    CultureInfo.InvariantCulture);
                Remove(connection, Range, ("@from", ns.Path), ("@to", ns.PathEnd));
                return live;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    protected override async ValueTask<int?> AgreeOnDimensionsAsync(int? proposed, CancellationToken cancellationToken)
    {
        const string Ask = "SELECT value FROM pepper_memory_settings WHERE name = 'dimensions'";
        if (Volatile.Read(ref _dimensions) is var known and > 0)
        {
            return known;
        }

        var agreed = await ReadAsync(static (connection, _) => connection.Scalar(Ask), cancellationToken).ConfigureAwait(false);
        if (agreed is null && proposed is { } wanted)
        {
            agreed = await WriteAsync(
                (connection, _) =>
                {
                    connection.Run(
                        "INSERT OR IGNORE INTO pepper_memory_settings (name, value) VALUES ('dimensions', @value)",
                        ("@value", wanted));
                    return connection.Scalar(Ask);
                },
                cancellationToken).ConfigureAwait(false);
        }

        if (agreed is null)
        {
            return null;
        }

        Volatile.Write(ref _dimensions, Convert.ToInt32(agreed, CultureInfo.InvariantCulture));
        return _dimensions;
    }

    private static int Remove(SqliteMemoryConnection connection, string condition, params (string, object?)[] parameters)
    {
        var removed = 0;
        foreach (var (table, column) in SqliteMemorySchema.Parts)
        {
            removed = connection.Run(
                $"DELETE FROM {table} WHERE {column} IN (SELECT id FROM pepper_memory_entries WHERE {condition})", parameters);
        }

        return removed;
    }

    private MemoryResult[] RunAll(
        SqliteMemoryConnection connection, IReadOnlyList<MemoryOperation> operations, long now,
        CancellationToken cancellationToken)
    {
        var session = new SqliteMemorySession(connection, Fusion, now, cancellationToken);
        var results = new MemoryResult[operations.Count];
        for (var index = 0; index < results.Length; index++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            results[index] = operations[index] switch
            {
                MemoryGet get => session.Get(get),
                MemoryPut put => session.Put(put, NewETag(), index),
                MemoryDelete delete => session.Delete(delete, index),
                var other => session.Search((MemorySearch)other),
            };
        }

        if (TakesSweep(operations))
        {
            Remove(connection, "expires <= @now", ("@now", now));
        }

        return results;
    }

    private async ValueTask<T> ReadAsync<T>(
        Func<SqliteMemoryConnection, long, T> read, CancellationToken cancellationToken)
    {
        var lease = await _connections.AcquireAsync(cancellationToken).ConfigureAwait(false);
        await using (lease.ConfigureAwait(false))
        {
            using var transaction = lease.Resource.Begin(isWriting: false);
            return read(lease.Resource, Time.GetUtcNow().UtcTicks);
        }
    }

    private async ValueTask<T> WriteAsync<T>(
        Func<SqliteMemoryConnection, long, T> write, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // First come, first served, before SQLite's own lock, for which one polls.
        await _writer.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var lease = await _connections.AcquireAsync(cancellationToken).ConfigureAwait(false);
            await using (lease.ConfigureAwait(false))
            {
                using var transaction = lease.Resource.Begin(isWriting: true);
                var result = write(lease.Resource, Time.GetUtcNow().UtcTicks);
                transaction.Commit();
                return result;
            }
        }
        finally
        {
            _writer.Release();
        }
    }
}
