using Npgsql;

namespace Pepper.Resources.PostgreSql;

/// <summary>
/// How many texts a memory has and how long they are on average. Of many texts the numbers are kept for a while, as one text more
/// changes little and counting takes as long as they are many.
/// </summary>
internal sealed class PostgreSqlWordStatistics(PostgreSqlMemorySchema schema, TimeProvider time)
{
    private const long Many = 10_000;
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(30);

    private volatile Numbers? _kept;

    internal async ValueTask<(long Count, double Length)> GetAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (_kept is { } kept && time.GetElapsedTime(kept.At) < Age)
        {
            return (kept.Count, kept.Length);
        }

        var rows = await connection.ReadAsync(
            $"SELECT count(length), coalesce(avg(length), 1)::float8 FROM {schema.Entries}",
            static row => (row.GetInt64(0), row.GetDouble(1)), cancellationToken).ConfigureAwait(false);
        var (count, length) = rows[0];
        _kept = count >= Many ? new Numbers(count, Math.Max(length, 1), time.GetTimestamp()) : null;
        return (count, Math.Max(length, 1));
    }

    private sealed record Numbers(long Count, double Length, long At);
}
