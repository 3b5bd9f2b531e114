using System.Buffers;
using System.Data;
using System.Data.Common;

namespace Pepper.Resources.Providers;

/// <content>
/// How contents are written and read: what is held of one here is the content itself, once, and less than
/// <see cref="StorageContent.PartBytes"/> more.
/// </content>
public abstract partial class SqlStorage
{
    /// <summary>
    /// Whether the database lets parts of a content be written and read by themselves. Then contents of more than
    /// <see cref="StorageContent.PartBytes"/> go through <see cref="WriteBlobAsync"/> and <see cref="ReadBlobAsync"/>, and the
    /// database understands <c>zeroblob(size)</c>, a content of zeros that takes no memory. Default: no.
    /// </summary>
    protected virtual bool HasBlobs => false;

    /// <inheritdoc/>
    public ValueTask<StorageEntry> PutAsync(
        string key, ReadOnlyMemory<byte> content, StoragePutOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        var bytes = StorageRules.GetKeyBytes(key, Capabilities);
        StorageRules.CheckPut(key, options, Capabilities, canExpire: true);
        StorageRules.CheckSize(key, content.Length, Capabilities);
        return PutAsync(key, bytes, new ReadOnlySequence<byte>(content), options, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<StorageEntry> PutAsync(
        string key, Stream content, StoragePutOptions? options = null, CancellationToken cancellationToken = default)
    {
        var bytes = StorageRules.GetKeyBytes(key, Capabilities);
        StorageRules.CheckPut(key, options, Capabilities, canExpire: true);
        var all = await StorageContent.ReadAsync(key, content, Capabilities, cancellationToken).ConfigureAwait(false);
        return await PutAsync(key, bytes, all, options, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<StorageObject?> GetAsync(
        string key, StorageGetOptions? options = null, CancellationToken cancellationToken = default)
    {
        var bytes = StorageRules.GetKeyBytes(key, Capabilities);
        var range = options?.Range ?? StorageRange.From(0);
        var (entry, content) = await RunAsync(
            isWrite: false, (connection, ct) => HasBlobs
                ? GetBlobAsync(connection, key, bytes, range, options?.IfNoneMatch, ct)
                : GetAsync(connection, key, bytes, range, options?.IfNoneMatch, ct),
            cancellationToken).ConfigureAwait(false);
        StorageRules.CheckCondition(key, options?.IfMatch, ifAbsent: false, entry?.ETag);
        return entry is null ? null
            : options?.IfNoneMatch == entry.ETag ? new StorageObject(entry, Stream.Null, isNotModified: true)
            : new StorageObject(entry, new MemoryStream(content, writable: false));
    }

    /// <summary>What a statement is given as a content, where it is not written as a blob.</summary>
    /// <param name="content">The content, in one part or several.</param>
    /// <returns>A parameter's value. Default: an array, which is a copy of a content in several parts.</returns>
    protected virtual object GetContentValue(ReadOnlySequence<byte> content) => StorageContent.ToArray(content);

    /// <summary>Writes a content over the zeros that its row has. Called only where <see cref="HasBlobs"/> is set.</summary>
    /// <param name="connection">The connection, in a transaction.</param>
    /// <param name="key">The row's key.</param>
    /// <param name="content">The content, as long as those zeros.</param>
    /// <param name="cancellationToken">Ends the writing; the transaction is given up.</param>
    /// <returns>Ends when it is written.</returns>
    protected virtual ValueTask WriteBlobAsync(
        DbConnection connection, byte[] key, ReadOnlySequence<byte> content, CancellationToken cancellationToken) =>
        throw new NotSupportedException("This storage has no blobs.");

    /// <summary>Reads a part of a content. Called only where <see cref="HasBlobs"/> is set.</summary>
    /// <param name="connection">The connection, in a transaction.</param>
    /// <param name="key">The row's key.</param>
    /// <param name="offset">Where the part begins.</param>
    /// <param name="part">What to fill, all of which is there.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Ends when it is read.</returns>
    protected virtual ValueTask ReadBlobAsync(
        DbConnection connection, byte[] key, long offset, Memory<byte> part, CancellationToken cancellationToken) =>
        throw new NotSupportedException("This storage has no blobs.");

    /// <summary>Begins a transaction that only reads.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The transaction. Default: the database's usual one.</returns>
    protected virtual ValueTask<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return connection.BeginTransactionAsync(cancellationToken);
    }

    private ValueTask<StorageEntry> PutAsync(
        string key, byte[] bytes, ReadOnlySequence<byte> content, StoragePutOptions? options,
        CancellationToken cancellationToken)
    {
        var now = Now;
        var entry = new StorageEntry
        {
            Key = key,
            Size = content.Length,
            ETag = StorageRules.NewETag(),
            ModifiedAt = now.ToUniversalTime(),
            ExpiresAt = StorageRules.GetExpiry(options?.TimeToLive, now),
            Metadata = options?.Metadata is null
                ? new Dictionary<string, string>() : new Dictionary<string, string>(options.Metadata, StringComparer.Ordinal),
        };
        var (ifMatch, ifAbsent) = (options?.IfMatch, options?.IfAbsent == true);
        return RunAsync(isWrite: true, async (connection, ct) =>
        {
            if (!HasBlobs || content.Length <= StorageContent.PartBytes)
            {
                await WriteRowAsync(connection, _sql, null, entry, bytes, content, ifMatch, ifAbsent, now, ct)
                    .ConfigureAwait(false);
                return entry;
            }

            var transaction = await connection.BeginTransactionAsync(ct).ConfigureAwait(false);
            await using var _ = transaction.ConfigureAwait(false);
            await WriteRowAsync(connection, _blobSql, transaction, entry, bytes, content, ifMatch, ifAbsent, now, ct)
                .ConfigureAwait(false);
            await WriteBlobAsync(connection, bytes, content, ct).ConfigureAwait(false);
            // From here on it is not given up, as nobody could tell what has become of it.
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            return entry;
        }, cancellationToken);
    }

    private async ValueTask WriteRowAsync(
        DbConnection connection, SqlStorageStatements sql, DbTransaction? transaction, StorageEntry entry, byte[] bytes,
        ReadOnlySequence<byte> content, string? ifMatch, bool ifAbsent, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var text = ifMatch is not null ? sql.PutIfMatch : ifAbsent ? sql.PutIfAbsent : sql.Put;
        var command = Command(connection, text, bytes, now);
        await using var _ = command.ConfigureAwait(false);
        command.Transaction = transaction;
        Add(command, "@etag", DbType.String, entry.ETag);
        Add(command, "@modified", DbType.Int64, entry.ModifiedAt.UtcTicks);
        Add(command, "@expires", DbType.Int64, entry.ExpiresAt?.UtcTicks);
        Add(command, "@metadata", DbType.Binary, StorageRules.WriteMetadata(entry.Metadata));
        Add(command, "@size", DbType.Int64, entry.Size);
        if (sql == _sql)
        {
            Add(command, "@content", DbType.Binary, GetContentValue(content));
        }

        AddMatch(command, ifMatch);
        if (await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) == 0)
        {
            throw await ConflictAsync(connection, entry.Key, bytes, ifMatch, cancellationToken, transaction)
                .ConfigureAwait(false);
        }
    }

    private async ValueTask<(StorageEntry? Entry, byte[] Content)> GetAsync(
        DbConnection connection, string key, byte[] bytes, StorageRange range, string? ifNoneMatch,
        CancellationToken cancellationToken)
    {
        var command = Command(connection, _sql.Get, bytes, Now);
        await using var _ = command.ConfigureAwait(false);
        Add(command, "@skip", DbType.String, ifNoneMatch);
        Add(command, "@suffix", DbType.Int64, range.IsSuffix ? 1L : 0L);
        Add(command, "@offset", DbType.Int64, Math.Min(range.Offset, LongestPart));
        Add(command, "@count", DbType.Int64, Math.Min(range.Length ?? LongestPart, LongestPart));
        // Column by column, so that a driver need not hold the row beside the array that it fills.
        var reader = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? (ReadEntry(reader, key),
                await reader.IsDBNullAsync(6, cancellationToken).ConfigureAwait(false)
                    ? [] : await reader.GetFieldValueAsync<byte[]>(6, cancellationToken).ConfigureAwait(false))
            : default((StorageEntry?, byte[]));
    }

    private async ValueTask<(StorageEntry? Entry, byte[] Content)> GetBlobAsync(
        DbConnection connection, string key, byte[] bytes, StorageRange range, string? ifNoneMatch,
        CancellationToken cancellationToken)
    {
        // One transaction, so that the content is of the entry that was read.
        var transaction = await BeginReadAsync(connection, cancellationToken).ConfigureAwait(false);
        await using var _ = transaction.ConfigureAwait(false);
        var entry = await StatAsync(connection, key, bytes, cancellationToken, transaction).ConfigureAwait(false);
        if (entry is null || entry.ETag == ifNoneMatch)
        {
            return (entry, []);
        }

        var (offset, length) = range.Within(entry.Size);
        var part = length == 0 ? [] : new byte[length];
        if (part.Length > 0)
        {
            await ReadBlobAsync(connection, bytes, offset, part, cancellationToken).ConfigureAwait(false);
        }

        return (entry, part);
    }
}
