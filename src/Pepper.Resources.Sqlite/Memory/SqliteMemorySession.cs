using Microsoft.Data.Sqlite;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Sqlite;

/// <summary>The operations within one transaction, all at one time.</summary>
internal sealed class SqliteMemorySession(
    SqliteMemoryConnection connection, MemoryFusion fusion, long now, CancellationToken cancellationToken)
{
    private static readonly string Columns = SqlMemory.ColumnsOf("metadata") + ", id, lifetime";

    internal MemoryResult Get(MemoryGet get)
    {
        if (Find(get.Namespace, get.Key) is not { } found || found.Entry.ExpiresAt is { } at && at.UtcTicks <= now)
        {
            return new MemoryResult();
        }

        if (get.RefreshTimeToLive && found.Lifetime is { } lifetime)
        {
            foreach (var (table, column) in new[] { ("pepper_memory_entries", "id"), ("pepper_memory_vectors", "entry") })
            {
                connection.Run(
                    $"UPDATE {table} SET expires = @expires WHERE {column} = @id", ("@expires", now + lifetime),
                    ("@id", found.Id));
            }

            return new MemoryResult { Entry = found.Entry with { ExpiresAt = SqlMemory.TimeOf(now + lifetime) } };
        }

        return new MemoryResult { Entry = found.Entry };
    }

    internal MemoryResult Put(MemoryPut put, string etag, int index)
    {
        var before = Find(put.Namespace, put.Key);
        var live = LiveOf(before);
        if ((put.IfMatch is not null && live?.ETag != put.IfMatch) || (put.IfAbsent && live is not null))
        {
            throw new MemoryConflictException(put.Namespace, put.Key, put.IfMatch, live?.ETag, index);
        }

        var expires = put.TimeToLive is { } time ? now + time.Ticks : SqlMemory.Never;
        if (before is not null)
        {
            RemoveParts(before.Id);
        }

        // In place where there is an entry, so that its id stays.
        var id = (long)connection.Scalar(
            """
            INSERT INTO pepper_memory_entries (ns, key, body, metadata, etag, created, updated, lifetime, expires)
            VALUES (@ns, @key, @body, @metadata, @etag, @created, @now, @lifetime, @expires)
            ON CONFLICT (ns, key) DO UPDATE SET body = excluded.body, metadata = excluded.metadata, etag = excluded.etag,
                created = excluded.created, updated = excluded.updated, lifetime = excluded.lifetime, expires = excluded.expires;
            SELECT id FROM pepper_memory_entries WHERE ns = @ns AND key = @key
            """,
            ("@ns", put.Namespace.Path), ("@key", put.Key), ("@body", put.Text),
            ("@metadata", MemoryMetadata.ToJson(put.Metadata)), ("@etag", etag), ("@created", live?.CreatedAt.UtcTicks ?? now),
            ("@now", now), ("@lifetime", put.TimeToLive?.Ticks), ("@expires", expires))!;
        AddParts(id, put, expires);
        return new MemoryResult { ETag = etag };
    }

    internal MemoryResult Delete(MemoryDelete delete, int index)
    {
        var before = Find(delete.Namespace, delete.Key);
        var live = LiveOf(before);
        if (delete.IfMatch is not null && live?.ETag != delete.IfMatch)
        {
            throw new MemoryConflictException(delete.Namespace, delete.Key, delete.IfMatch, live?.ETag, index);
        }

        if (before is not null)
        {
            RemoveParts(before.Id);
            connection.Run("DELETE FROM pepper_memory_entries WHERE id = @id", ("@id", before.Id));
        }

        return new MemoryResult { Deleted = live is not null };
    }

    internal MemoryResult Search(MemorySearch search)
    {
        var page = new SqliteMemorySearch(connection, search, fusion, now, cancellationToken).Rank();
        if (page.Count == 0)
        {
            return new MemoryResult();
        }

        Dictionary<long, MemoryEntry> entries = [];
        // Ids are numbers of ours, hence safe in the text.
        using var reader = connection.Read(
            $"SELECT {Columns} FROM pepper_memory_entries WHERE id IN (SELECT value FROM json_each(@ids))",
            ("@ids", $"[{string.Join(',', page.Select(static rank => rank.Id))}]"));
        while (reader.Read())
        {
            var found = RowOf(reader);
            entries.Add(found.Id, found.Entry);
        }

        return new MemoryResult { Matches = [.. page.Select(rank => new MemoryMatch(entries[rank.Id], rank.Score))] };
    }

    private MemoryEntry? LiveOf(Row? row) =>
        row is not null && (row.Entry.ExpiresAt is not { } at || at.UtcTicks > now) ? row.Entry : null;

    private void AddParts(long id, MemoryPut put, long expires)
    {
        foreach (var (name, field) in put.Metadata)
        {
            connection.Run(
                "INSERT INTO pepper_memory_fields (entry, name, kind, text, number) "
                + "VALUES (@entry, @name, @kind, @text, @number)",
                ("@entry", id), ("@name", name), ("@kind", (int)field.Kind),
                ("@text", field.Kind == MemoryFieldKind.Text ? field.AsText() : null), ("@number", NumberOf(field)));
        }

        if (put.Index.HasFlag(MemoryIndex.Text) && MemoryText.Terms(put.Text) is { Count: > 0 } terms)
        {
            connection.Run(
                "INSERT INTO pepper_memory_words (rowid, terms) VALUES (@id, @terms)", ("@id", id),
                ("@terms", string.Join(' ', terms)));
        }

        if (put.Vector is { } vector)
        {
            connection.Run(
                "INSERT INTO pepper_memory_vectors (entry, ns, expires, vector) VALUES (@id, @ns, @expires, @vector)",
                ("@id", id), ("@ns", put.Namespace.Path), ("@expires", expires), ("@vector", MemoryVectors.ToBytes(vector.Span)));
        }
    }

    internal static double? NumberOf(MemoryField field) => field.Kind switch
    {
        MemoryFieldKind.Number => field.AsNumber(),
        MemoryFieldKind.Boolean => field.AsBoolean() ? 1 : 0,
        _ => null,
    };

    private void RemoveParts(long id)
    {
        foreach (var (table, column) in SqliteMemorySchema.Parts.AsSpan()[..^1])
        {
            connection.Run($"DELETE FROM {table} WHERE {column} = @id", ("@id", id));
        }
    }

    private Row? Find(MemoryNamespace ns, string key)
    {
        using var reader = connection.Read(
            $"SELECT {Columns} FROM pepper_memory_entries WHERE ns = @ns AND key = @key", ("@ns", ns.Path), ("@key", key));
        return reader.Read() ? RowOf(reader) : null;
    }

    private static Row RowOf(SqliteDataReader row) => new(
        row.GetInt64(8), SqlMemory.ReadEntry(row), row.IsDBNull(9) ? null : row.GetInt64(9));

    private sealed record Row(long Id, MemoryEntry Entry, long? Lifetime);
}
