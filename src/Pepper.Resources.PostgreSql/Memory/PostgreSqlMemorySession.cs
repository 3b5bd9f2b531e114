using System.Data.Common;
using Npgsql;
using Pepper.Resources.Providers;

namespace Pepper.Resources.PostgreSql;

/// <summary>The operations within one transaction, all at one time.</summary>
internal sealed class PostgreSqlMemorySession(
    NpgsqlConnection connection, PostgreSqlMemorySchema schema, PostgreSqlWordStatistics statistics, MemoryFusion fusion,
    long now, CancellationToken cancellationToken)
{
    private const int Stripes = 64;
    private static readonly string Columns = SqlMemory.ColumnsOf("metadata::text") + ", id";

    /// <summary>
    /// Takes locks for all keys of a batch in one order, so that two batches never wait for each other. The keys share a few
    /// locks, as the server has room for a limited number.
    /// </summary>
    internal Task LockAsync(IReadOnlyList<MemoryOperation> operations)
    {
        var keys = operations.Select(static one => one switch
        {
            MemoryPut put => StripeOf(put.Namespace, put.Key),
            MemoryDelete delete => StripeOf(delete.Namespace, delete.Key),
            MemoryGet { RefreshTimeToLive: true } get => StripeOf(get.Namespace, get.Key),
            _ => (int?)null,
        }).OfType<int>().Distinct().Order().ToArray();
        return connection.RunAsync(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, stripe)) FROM unnest($2) AS stripe", cancellationToken,
            schema.Entries, keys);
    }

    internal async Task<MemoryResult> GetAsync(MemoryGet get)
    {
        if (get.RefreshTimeToLive)
        {
            await connection.RunAsync(
                $"WITH live AS (UPDATE {schema.Entries} SET expires = $3 + lifetime WHERE ns = $1 AND key = $2 AND expires > $3 "
                + $"AND lifetime IS NOT NULL RETURNING id, expires) UPDATE {schema.Vectors} v SET expires = live.expires "
                + "FROM live WHERE v.entry = live.id", cancellationToken, get.Namespace.Path, get.Key, now).ConfigureAwait(false);
        }

        var found = await connection.ReadAsync(
            $"SELECT {Columns} FROM {schema.Entries} WHERE ns = $1 AND key = $2 AND expires > $3", RowOf, cancellationToken,
            get.Namespace.Path, get.Key, now).ConfigureAwait(false);
        return new MemoryResult { Entry = found.Count == 0 ? null : found[0].Entry };
    }

    /// <summary>Puts in their order, sent together. Those of a batch that writes one key twice see each other.</summary>
    internal async Task PutAsync(IReadOnlyList<(MemoryPut Put, string ETag)> puts, int firstIndex)
    {
        var refused = await connection.FirstEmptyAsync(
            puts.Select(one => (PutStatement(one.Put), PutParameters(one.Put, one.ETag))), cancellationToken)
            .ConfigureAwait(false);
        if (refused is { } number)
        {
            var put = puts[number].Put;
            throw await ConflictAsync(put.Namespace, put.Key, put.IfMatch, firstIndex + number).ConfigureAwait(false);
        }
    }

    private object?[] PutParameters(MemoryPut put, string etag)
    {
        var expires = put.TimeToLive is { } time ? now + time.Ticks : SqlMemory.Never;
        var terms = put.Index.HasFlag(MemoryIndex.Text) ? MemoryText.CountTerms(put.Text) : null;
        List<object?> parameters =
        [
            put.Namespace.Path, put.Key, put.Text, MemoryMetadata.ToJson(put.Metadata), etag, now,
            put.TimeToLive is { } lifetime ? lifetime.Ticks : null, expires, terms?.Keys.ToArray(), terms?.Values.ToArray(),
            terms?.Values.Sum(),
        ];
        if (put.Vector is { } vector)
        {
            parameters.Add(schema.VectorSchema is null
                ? MemoryVectors.ToBytes(vector.Span)
                : PostgreSqlMemorySearch.VectorText(vector.Span));
        }

        if (put.IfMatch is not null)
        {
            parameters.Add(put.IfMatch);
        }

        return [.. parameters];
    }

    internal async Task<MemoryResult> DeleteAsync(MemoryDelete delete, int index)
    {
        var condition = delete.IfMatch is null ? "" : " AND etag = $3 AND expires > $4";
        object?[] parameters = delete.IfMatch is null
            ? [delete.Namespace.Path, delete.Key]
            : [delete.Namespace.Path, delete.Key, delete.IfMatch, now];
        var expires = await connection.ScalarAsync(
            $"DELETE FROM {schema.Entries} WHERE ns = $1 AND key = $2{condition} RETURNING expires",
            cancellationToken, parameters)
            .ConfigureAwait(false);
        return expires is null && delete.IfMatch is not null
            ? throw await ConflictAsync(delete.Namespace, delete.Key, delete.IfMatch, index).ConfigureAwait(false)
            : new MemoryResult { Deleted = expires is long at && at > now };
    }

    internal async Task<MemoryResult> SearchAsync(MemorySearch search)
    {
        var page = await new PostgreSqlMemorySearch(connection, schema, statistics, search, fusion, now, cancellationToken)
            .RankAsync().ConfigureAwait(false);
        if (page.Count == 0)
        {
            return new MemoryResult();
        }

        var rows = await connection.ReadAsync(
            $"SELECT {Columns} FROM {schema.Entries} WHERE id = ANY($1)", RowOf, cancellationToken,
            page.Select(static rank => rank.Id).ToArray()).ConfigureAwait(false);
        var entries = rows.ToDictionary(static row => row.Id, static row => row.Entry);
        // Within a batch that writes, somebody else's delete may have come between the two statements.
        return new MemoryResult
        {
            Matches = [.. page.Where(rank => entries.ContainsKey(rank.Id))
                .Select(rank => new MemoryMatch(entries[rank.Id], rank.Score))],
        };
    }

    private static int StripeOf(MemoryNamespace ns, string key)
    {
        // The same in every process, unlike the hash codes of texts.
        var hash = 2166136261u;
        foreach (var letter in ns.Path.Concat(key))
        {
            hash = (hash ^ letter) * 16777619u;
        }

        return (int)(hash % Stripes);
    }

    /// <summary>Writes the entry and its vector, and returns a row unless the condition of the put does not hold.</summary>
    private string PutStatement(MemoryPut put)
    {
        var type = schema.VectorSchema is { } vectorSchema ? $"::{vectorSchema}.vector" : "";
        var vector = put.Vector is null
            ? $"DELETE FROM {schema.Vectors} v USING put WHERE v.entry = put.id"
            : $"INSERT INTO {schema.Vectors} (entry, ns, expires, vector) SELECT id, $1, $8, $12{type} FROM put "
                + "ON CONFLICT (entry) DO UPDATE SET expires = excluded.expires, vector = excluded.vector";
        return $"WITH put AS ({EntryStatement(put)}), vector AS ({vector}) SELECT id FROM put";
    }

    private string EntryStatement(MemoryPut put)
    {
        const string Values = "body = $3, metadata = $4::jsonb, etag = $5, updated = $6, lifetime = $7::bigint, expires = $8, "
            + "words = array_to_tsvector($9::text[]), terms = $9::text[], counts = $10::integer[], length = $11::integer";
        if (put.IfMatch is not null)
        {
            var etag = put.Vector is null ? "$12" : "$13";
            return $"UPDATE {schema.Entries} SET {Values} WHERE ns = $1 AND key = $2 AND etag = {etag} AND expires > $6 "
                + "RETURNING id";
        }

        // Who finds an expired entry writes over it as if it were not there.
        var condition = put.IfAbsent ? " WHERE e.expires <= $6" : "";
        return $"INSERT INTO {schema.Entries} AS e (ns, key, body, metadata, etag, created, updated, lifetime, expires, words, "
            + "terms, counts, length) VALUES ($1, $2, $3, $4::jsonb, $5, $6, $6, $7::bigint, $8, array_to_tsvector($9::text[]), "
            + "$9::text[], $10::integer[], $11::integer) ON CONFLICT (ns, key) DO UPDATE SET "
            + $"created = CASE WHEN e.expires > $6 THEN e.created ELSE $6 END, {Values}{condition} RETURNING id";
    }

    private async Task<MemoryConflictException> ConflictAsync(MemoryNamespace ns, string key, string? expected, int index) => new(
        ns, key, expected,
        (string?)await connection.ScalarAsync(
            $"SELECT etag FROM {schema.Entries} WHERE ns = $1 AND key = $2 AND expires > $3", cancellationToken,
            ns.Path, key, now)
            .ConfigureAwait(false),
        index);

    private static (long Id, MemoryEntry Entry) RowOf(DbDataReader row) => (row.GetInt64(8), SqlMemory.ReadEntry(row));
}
