using System.Buffers;
using System.Data;
using System.Data.Common;

namespace Pepper.Resources.Providers;

/// <summary>
/// A storage as one table of a database, through ADO.NET: what is the same for every database with an upsert. Each operation is
/// one statement, so that it happens as a whole or not at all; conditions on ETags are in the statement.
/// </summary>
/// <remarks>Safe from any thread. Values are parameters throughout; nothing of a key becomes a part of a statement.</remarks>
public abstract partial class SqlStorage : IStorage, IExpiringStorage, IPrefixStorage, IAsyncDisposable
{
    // A part of a content is cut by the database, whose numbers for this have 32 bits.
    private const long LongestPart = 1 << 30;

    private readonly SqlStorageStatements _sql;
    private readonly SqlStorageStatements _blobSql;
    private readonly TimeProvider _timeProvider;
    private int _isClosed;
    private int _isDisposed;

    /// <summary>Makes the storage. The table is made by whoever derives from this.</summary>
    /// <param name="table">The table's name, as it is to stand in statements.</param>
    /// <param name="capabilities">The storage's limits: a content of less than 1 GiB.</param>
    /// <param name="timeProvider">The wall clock by which entries expire.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    protected SqlStorage(string table, StorageCapabilities capabilities, TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(capabilities);
        ArgumentNullException.ThrowIfNull(timeProvider);
        _sql = new SqlStorageStatements(table, "@content");
        _blobSql = new SqlStorageStatements(table, "zeroblob(@size)");
        Capabilities = capabilities;
        _timeProvider = timeProvider;
    }

    /// <inheritdoc/>
    public StorageCapabilities Capabilities { get; }

    /// <inheritdoc/>
    public TimeSpan TimeToLiveGranularity => TimeSpan.FromMilliseconds(1);

    private DateTimeOffset Now => _timeProvider.GetUtcNow();

    /// <inheritdoc/>
    public ValueTask<StorageEntry?> StatAsync(string key, CancellationToken cancellationToken = default)
    {
        var bytes = StorageRules.GetKeyBytes(key, Capabilities);
        return RunAsync(isWrite: false, (connection, ct) => StatAsync(connection, key, bytes, ct), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ExistsAsync(string key, CancellationToken cancellationToken = default) =>
        await StatAsync(key, cancellationToken).ConfigureAwait(false) is not null;

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(string key, string? ifMatch = null, CancellationToken cancellationToken = default)
    {
        var bytes = StorageRules.GetKeyBytes(key, Capabilities);
        return RunAsync(isWrite: true, async (connection, ct) =>
        {
            var command = Command(connection, ifMatch is null ? _sql.Delete : _sql.DeleteIfMatch, bytes, Now);
            await using var _ = command.ConfigureAwait(false);
            AddMatch(command, ifMatch);
            var isDeleted = await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false) > 0;
            return isDeleted || ifMatch is null
                ? isDeleted : throw await ConflictAsync(connection, key, bytes, ifMatch, ct).ConfigureAwait(false);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<StoragePage> ListAsync(StorageListOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (prefix, after, size) = StorageRules.CheckList(options, Capabilities);
        var end = StorageRules.GetPrefixEnd(prefix);
        return RunAsync(isWrite: false, async (connection, ct) =>
        {
            var command = Command(connection, end is null ? _sql.List : _sql.ListPrefix, after, Now);
            await using var _ = command.ConfigureAwait(false);
            Add(command, "@limit", DbType.Int64, size + 1L);
            if (end is not null)
            {
                Add(command, "@prefix", DbType.Binary, prefix);
                Add(command, "@end", DbType.Binary, end);
            }

            List<StorageEntry> entries = [];
            var last = Array.Empty<byte>();
            var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            await using var __ = reader.ConfigureAwait(false);
            while (await reader.ReadAsync(ct).ConfigureAwait(false))
            {
                if (entries.Count == size)
                {
                    return new StoragePage(entries, StorageRules.GetContinuation(last));
                }

                last = reader.GetFieldValue<byte[]>(5);
                entries.Add(ReadEntry(reader, StorageRules.GetKey(last)));
            }

            return new StoragePage(entries, null);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<StorageEntry?> SetTimeToLiveAsync(
        string key, TimeSpan? timeToLive, string? ifMatch = null, CancellationToken cancellationToken = default)
    {
        var bytes = StorageRules.GetKeyBytes(key, Capabilities);
        StorageRules.CheckTimeToLive(timeToLive);
        // One moment for all of it: a time that is over at once is set all the same.
        var now = Now;
        return RunAsync(isWrite: true, async (connection, ct) =>
        {
            // The change holds the row until its end, so what is read in it is what was written.
            var transaction = await connection.BeginTransactionAsync(ct).ConfigureAwait(false);
            await using var _ = transaction.ConfigureAwait(false);
            var command = Command(connection, ifMatch is null ? _sql.SetExpiry : _sql.SetExpiryIfMatch, bytes, now);
            await using var __ = command.ConfigureAwait(false);
            command.Transaction = transaction;
            Add(command, "@etag", DbType.String, StorageRules.NewETag());
            Add(command, "@expires", DbType.Int64, StorageRules.GetExpiry(timeToLive, now)?.UtcTicks);
            AddMatch(command, ifMatch);
            if (await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false) == 0)
            {
                return ifMatch is null
                    ? null : throw await ConflictAsync(connection, key, bytes, ifMatch, ct, transaction).ConfigureAwait(false);
            }

            var entry = await StatAsync(connection, key, bytes, ct, transaction, now).ConfigureAwait(false);
            await transaction.CommitAsync(ct).ConfigureAwait(false);
            return entry;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<int> PurgeExpiredAsync(CancellationToken cancellationToken = default) =>
        RunAsync(isWrite: true, async (connection, ct) =>
        {
            var command = Command(connection, _sql.Purge, null, Now);
            await using var _ = command.ConfigureAwait(false);
            return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int> DeletePrefixAsync(string prefix, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        var bytes = StorageRules.GetPrefixBytes(prefix);
        return RunAsync(isWrite: true, async (connection, ct) =>
        {
            var command = Command(connection, _sql.DeletePrefix, null, Now);
            await using var _ = command.ConfigureAwait(false);
            Add(command, "@prefix", DbType.Binary, bytes);
            Add(command, "@end", DbType.Binary, StorageRules.GetPrefixEnd(bytes));
            return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }, cancellationToken);
    }

    /// <summary>Asks the table whether it is there.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Healthy, or what the database says.</returns>
    public async ValueTask<ProviderHealth> CheckHealthAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await RunAsync(isWrite: false, async (connection, ct) =>
            {
                var command = Command(connection, _sql.Probe, null, null);
                await using var _ = command.ConfigureAwait(false);
                await command.ExecuteScalarAsync(ct).ConfigureAwait(false);
                return ProviderHealth.Healthy;
            }, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is DbException or ResourceException)
        {
            return new ProviderHealth(ResourceHealth.Unhealthy, failure.Message);
        }
    }

    /// <summary>Closes it: whatever comes later is refused. Twice is harmless.</summary>
    /// <returns>Ends when all of its connections are closed.</returns>
    public async ValueTask DisposeAsync()
    {
        Volatile.Write(ref _isClosed, 1);
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        try
        {
            await CloseAsync().ConfigureAwait(false);
            GC.SuppressFinalize(this);
        }
        catch
        {
            // It is closed for all use, but what it holds is still there: the next call tries again.
            Volatile.Write(ref _isDisposed, 0);
            throw;
        }
    }

    /// <summary>
    /// Makes the table where it is not there. Its columns: <c>key</c> (bytes, the primary key), <c>etag</c> (text),
    /// <c>modified</c> and <c>expires</c> (64-bit numbers, the latter may be NULL), <c>metadata</c> (bytes), <c>size</c> (64-bit)
    /// and <c>content</c> (bytes). Twice is harmless.
    /// </summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Ends when it can be used.</returns>
    protected internal abstract ValueTask OpenAsync(CancellationToken cancellationToken);

    /// <summary>Closes all connections. Called once; also when <see cref="OpenAsync"/> failed or was never called.</summary>
    /// <returns>Ends when they are closed.</returns>
    protected abstract ValueTask CloseAsync();

    /// <summary>Runs one operation, unless the storage is closed or the operation is cancelled already.</summary>
    /// <typeparam name="TResult">What the operation yields.</typeparam>
    /// <param name="isWrite">Whether it writes.</param>
    /// <param name="work">The operation.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>What the operation yields.</returns>
    /// <exception cref="ObjectDisposedException">The storage is closed.</exception>
    protected ValueTask<TResult> RunAsync<TResult>(
        bool isWrite, Func<DbConnection, CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isClosed) != 0, this);
        cancellationToken.ThrowIfCancellationRequested();
        return UseAsync(isWrite, work, cancellationToken);
    }

    /// <summary>Lends a connection for one operation. Whoever derives from this implements it and calls
    /// <see cref="RunAsync"/>.</summary>
    /// <typeparam name="TResult">What the operation yields.</typeparam>
    /// <param name="isWrite">Whether it writes.</param>
    /// <param name="work">The operation.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>What the operation yields.</returns>
    protected abstract ValueTask<TResult> UseAsync<TResult>(
        bool isWrite, Func<DbConnection, CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken);

    private async ValueTask<StorageEntry?> StatAsync(
        DbConnection connection, string key, byte[] bytes, CancellationToken cancellationToken, DbTransaction? transaction = null,
        DateTimeOffset? now = null)
    {
        var command = Command(connection, _sql.Stat, bytes, now ?? Now);
        await using var _ = command.ConfigureAwait(false);
        command.Transaction = transaction;
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? ReadEntry(reader, key) : null;
    }

    private async ValueTask<StorageConflictException> ConflictAsync(
        DbConnection connection, string key, byte[] bytes, string? ifMatch, CancellationToken cancellationToken,
        DbTransaction? transaction = null)
    {
        var there = await StatAsync(connection, key, bytes, cancellationToken, transaction).ConfigureAwait(false);

        // Somebody may have written meanwhile: then what is there is not what stood in the way, and is not told.
        return StorageRules.Conflict(key, ifMatch, there?.ETag == ifMatch ? null : there?.ETag);
    }

    private static StorageEntry ReadEntry(DbDataReader reader, string key) => new()
    {
        Key = key,
        ETag = reader.GetString(0),
        ModifiedAt = new DateTimeOffset(reader.GetInt64(1), TimeSpan.Zero),
        ExpiresAt = reader.IsDBNull(2) ? null : new DateTimeOffset(reader.GetInt64(2), TimeSpan.Zero),
        Metadata = StorageRules.ReadMetadata(reader.GetFieldValue<byte[]>(3)),
        Size = reader.GetInt64(4),
    };

    private static DbCommand Command(DbConnection connection, string text, byte[]? key, DateTimeOffset? now)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        if (key is not null)
        {
            Add(command, "@key", DbType.Binary, key);
        }

        if (now is { } time)
        {
            Add(command, "@now", DbType.Int64, time.UtcTicks);
        }

        return command;
    }

    private static void AddMatch(DbCommand command, string? ifMatch)
    {
        if (ifMatch is not null)
        {
            Add(command, "@match", DbType.String, ifMatch);
        }
    }

    private static void Add(DbCommand command, string name, DbType type, object? value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.DbType = type;
        parameter.Value = value ?? DBNull.Value;
        command.Parameters.Add(parameter);
    }
}
