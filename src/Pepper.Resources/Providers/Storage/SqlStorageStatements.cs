namespace Pepper.Resources.Providers;

/// <summary>The statements of a <see cref="SqlStorage"/>, which SQLite and PostgreSQL both understand.</summary>
internal sealed class SqlStorageStatements(string table, string content)
{
    private const string Live = "(expires IS NULL OR expires > @now)";
    private const string Known = "etag, modified, expires, metadata, size";

    private const string Values =
        "etag = @etag, modified = @modified, expires = @expires, metadata = @metadata, size = @size, content = ";

    internal string Put { get; } = Upsert(table, content);

    internal string PutIfAbsent { get; } = $"{Upsert(table, content)} WHERE {table}.expires <= @now";

    internal string PutIfMatch { get; } = $"UPDATE {table} SET {Values}{content} WHERE key = @key AND etag = @match AND {Live}";

    internal string Get { get; } =
        $"""
        SELECT {Known}, key,
          CASE WHEN etag = @skip THEN NULL ELSE substr(content, CAST(1 + CASE WHEN @suffix = 0 THEN @offset
            WHEN size > @count THEN size - @count ELSE 0 END AS INTEGER), CAST(@count AS INTEGER)) END
        FROM {table} WHERE key = @key AND {Live}
        """;

    internal string Stat { get; } = $"SELECT {Known} FROM {table} WHERE key = @key AND {Live}";

    internal string List { get; } =
        $"SELECT {Known}, key FROM {table} WHERE key > @key AND {Live} ORDER BY key LIMIT @limit";

    internal string ListPrefix { get; } =
        $"""
        SELECT {Known}, key FROM {table} WHERE key > @key AND key >= @prefix AND key < @end AND {Live}
        ORDER BY key LIMIT @limit
        """;

    internal string Delete { get; } = $"DELETE FROM {table} WHERE key = @key AND {Live}";

    internal string DeleteIfMatch { get; } = $"DELETE FROM {table} WHERE key = @key AND etag = @match AND {Live}";

    internal string DeletePrefix { get; } = $"DELETE FROM {table} WHERE key >= @prefix AND key < @end AND {Live}";

    internal string SetExpiry { get; } = $"UPDATE {table} SET etag = @etag, expires = @expires WHERE key = @key AND {Live}";

    internal string SetExpiryIfMatch { get; } =
        $"UPDATE {table} SET etag = @etag, expires = @expires WHERE key = @key AND etag = @match AND {Live}";

    internal string Purge { get; } = $"DELETE FROM {table} WHERE expires <= @now";

    internal string Probe { get; } = $"SELECT count(*) FROM {table} WHERE 1 = 0";

    private static string Upsert(string table, string content) =>
        $"""
        INSERT INTO {table} (key, etag, modified, expires, metadata, size, content)
        VALUES (@key, @etag, @modified, @expires, @metadata, @size, {content})
        ON CONFLICT (key) DO UPDATE SET etag = excluded.etag, modified = excluded.modified, expires = excluded.expires,
          metadata = excluded.metadata, size = excluded.size, content = excluded.content
        """;
}
