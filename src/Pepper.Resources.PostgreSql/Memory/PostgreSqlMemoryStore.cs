using System.Data;
using System.Globalization;
using Npgsql;
using Pepper.Resources.Providers;

namespace Pepper.Resources.PostgreSql;

/// <summary>
/// A memory in a PostgreSQL database, for any number of processes: words by a tsvector's index and BM25, vectors all compared, by
/// the server where it has pgvector, and here where it has not.
/// </summary>
/// <remarks>
/// Safe from any thread. A search by itself, and a batch that only reads, see the state of one moment. Times to live are by the
/// wall clock of the time provider: those of the machines that share a memory should agree.
/// </remarks>
public sealed class PostgreSqlMemoryStore : MemoryStore, IAsyncDisposable
{
    private const int Attempts = 10;

    // What one exchange with the server may hold: texts, words and vectors of so many.
    private const int PutsTogether = 200;

    private readonly NpgsqlDataSource _source;
    private readonly PostgreSqlMemorySchema _schema;
    private readonly PostgreSqlWordStatistics _statistics;
    private int _dimensions;

    private PostgreSqlMemoryStore(
        NpgsqlDataSource source, PostgreSqlMemorySchema schema, PostgreSqlMemoryOptions options, TimeProvider? timeProvider)
        : base(options.Store, timeProvider)
    {
        _source = source;
        _schema = schema;
        _statistics = new PostgreSqlWordStatistics(schema, Time);
        Capabilities = FullCapabilities(isPersistent: true, TimeSpan.FromTicks(1));
    }

    /// <inheritdoc/>
    public override MemoryCapabilities Capabilities { get; }

    /// <summary>Whether the server compares the vectors, by pgvector.</summary>
    public bool UsesVectorExtension => _schema.VectorSchema is not null;

    /// <summary>Opens a memory; makes its schema and tables where they are not there.</summary>
    /// <param name="options">Copied.</param>
    /// <param name="timeProvider">Where its time comes from; null: <see cref="TimeProvider.System"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">Options are faulty; the message lists all faults.</exception>
    /// <exception cref="NpgsqlException">The database cannot be used.</exception>
    /// <exception cref="ResourceException">The tables are of another version.</exception>
    public static async ValueTask<PostgreSqlMemoryStore> OpenAsync(
        PostgreSqlMemoryOptions options, TimeProvider? timeProvider = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        var frozen = options.Freeze();
        var connection = new NpgsqlConnectionStringBuilder(frozen.ConnectionString);
        connection.MaxAutoPrepare = Math.Max(connection.MaxAutoPrepare, 40);
        var source = NpgsqlDataSource.Create(connection);
        try
        {
            var schema = await PostgreSqlMemorySchema.OpenAsync(source, frozen, cancellationToken).ConfigureAwait(false);
            return new PostgreSqlMemoryStore(source, schema, frozen, timeProvider);
        }
        catch
        {
            await source.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Closes the connections that are not in use, and the others once they are given back. Twice is harmless.</summary>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    /// <inheritdoc/>
    public override async ValueTask<int> RemoveExpiredAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return await TransactAsync(
            IsolationLevel.ReadCommitted, (connection, now) => SweepAsync(connection, now, cancellationToken), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override async ValueTask<IReadOnlyList<MemoryResult>> ExecuteAsync(
        IReadOnlyList<MemoryOperation> operations, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(operations);
        var isWriting = SqlMemory.IsWriting(operations);
        return await TransactAsync(
            isWriting ? IsolationLevel.ReadCommitted : IsolationLevel.RepeatableRead,
            (connection, now) => RunAllAsync(connection, operations, isWriting, now, cancellationToken), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override async ValueTask<IReadOnlyList<MemoryNamespace>> ReadNamespacesAsync(
        MemoryNamespace prefix, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        var connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return await connection.ReadAsync(
                $"SELECT DISTINCT ns FROM {_schema.Entries} WHERE ns >= $1 AND ($2::text IS NULL OR ns < $2) AND expires > $3",
                static row => MemoryNamespace.Parse(row.GetString(0)), cancellationToken, prefix.Path, prefix.PathEnd, Now())
                .ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override async ValueTask<int> RemoveNamespaceAsync(MemoryNamespace ns, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return await TransactAsync(
            IsolationLevel.ReadCommitted,
            async (connection, now) => Convert.ToInt32(
                await connection.ScalarAsync(
                    $"WITH gone AS (DELETE FROM {_schema.Entries} WHERE ns >= $1 AND ns < $2 RETURNING expires) "
                    + "SELECT count(*) FROM gone WHERE expires > $3", cancellationToken, ns.Path, ns.PathEnd, now)
                    .ConfigureAwait(false),
                CultureInfo.InvariantCulture),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override async ValueTask<int?> AgreeOnDimensionsAsync(int? proposed, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _dimensions) is var known and > 0)
        {
            return known;
        }

        var connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            if (proposed is { } wanted)
            {
                await connection.RunAsync(
                    $"INSERT INTO {_schema.Settings} (name, value) VALUES ('dimensions', $1) ON CONFLICT DO NOTHING",
                    cancellationToken, (long)wanted).ConfigureAwait(false);
            }

            var agreed = await connection.ScalarAsync(
                $"SELECT value FROM {_schema.Settings} WHERE name = 'dimensions'", cancellationToken).ConfigureAwait(false);
            if (agreed is null)
            {
                return null;
            }

            Volatile.Write(ref _dimensions, Convert.ToInt32(agreed, CultureInfo.InvariantCulture));
            return _dimensions;
        }
    }

    private long Now() => Time.GetUtcNow().UtcTicks;

    private async Task<IReadOnlyList<MemoryResult>> RunAllAsync(
        NpgsqlConnection connection, IReadOnlyList<MemoryOperation> operations, bool isWriting, long now,
        CancellationToken cancellationToken)
    {
        var session = new PostgreSqlMemorySession(connection, _schema, _statistics, Fusion, now, cancellationToken);
        if (isWriting && operations.Count > 1)
        {
            await session.LockAsync(operations).ConfigureAwait(false);
        }

        var results = new MemoryResult[operations.Count];
        for (var index = 0; index < results.Length; index++)
        {
            if (operations[index] is MemoryPut)
            {
                index += await PutAsync(session, operations, index, results).ConfigureAwait(false) - 1;
                continue;
            }

            results[index] = operations[index] switch
            {
                MemoryGet get => await session.GetAsync(get).ConfigureAwait(false),
                MemoryDelete delete => await session.DeleteAsync(delete, index).ConfigureAwait(false),
                var other => await session.SearchAsync((MemorySearch)other).ConfigureAwait(false),
            };
        }

        if (TakesSweep(operations))
        {
            await SweepAsync(connection, now, cancellationToken).ConfigureAwait(false);
        }

        return results;
    }

    /// <summary>The puts that follow each other from an index on; tells how many these were.</summary>
    private static async Task<int> PutAsync(
        PostgreSqlMemorySession session, IReadOnlyList<MemoryOperation> operations, int index, MemoryResult[] results)
    {
        List<(MemoryPut Put, string ETag)> puts =
        [
            .. operations.Skip(index).Take(PutsTogether).TakeWhile(static one => one is MemoryPut)
                .Select(static one => ((MemoryPut)one, NewETag())),
        ];
        await session.PutAsync(puts, index).ConfigureAwait(false);
        for (var number = 0; number < puts.Count; number++)
        {
            results[index + number] = new MemoryResult { ETag = puts[number].ETag };
        }

        return puts.Count;
    }

    // Those that another transaction holds are left for the next time, so that a sweep waits for nobody.
    private Task<int> SweepAsync(NpgsqlConnection connection, long now, CancellationToken cancellationToken) =>
        connection.RunAsync(
            $"DELETE FROM {_schema.Entries} WHERE id IN (SELECT id FROM {_schema.Entries} WHERE expires <= $1 "
            + "FOR UPDATE SKIP LOCKED)", cancellationToken, now);

    private async Task<T> TransactAsync<T>(
        IsolationLevel level, Func<NpgsqlConnection, long, Task<T>> work, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    var transaction = await connection.BeginTransactionAsync(level, cancellationToken).ConfigureAwait(false);
                    await using (transaction.ConfigureAwait(false))
                    {
                        var result = await work(connection, Now()).ConfigureAwait(false);
                        // From here on it is not given up, as nobody could tell what has become of it.
                        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
                        return result;
                    }
                }
            }
            catch (PostgresException failure) when (attempt < Attempts && failure.SqlState
                is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
            {
                // The server has undone all of it, so it can be done again.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }
}
