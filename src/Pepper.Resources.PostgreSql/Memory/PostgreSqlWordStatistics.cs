using System.Collections.Concurrent;
using Npgsql;

namespace Pepper.Resources.PostgreSql;

/// <summary>
/// How many texts a memory has, how long they are on average, and in how many of them a word is. Large numbers are kept for a
/// while, as one text more changes little and counting takes as long as they are many.
/// </summary>
internal sealed class PostgreSqlWordStatistics(PostgreSqlMemorySchema schema, TimeProvider time)
{
    private const long Many = 10_000;
    private const long ManyOfAWord = 1_000;
    private const int MostWords = 4_096;
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, (long Count, long At)> _words = new(StringComparer.Ordinal);
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

    /// <summary>In how many texts each of these words is.</summary>
    internal async ValueTask<IReadOnlyList<(string Term, long Count)>> CountAsync(
        NpgsqlConnection connection, IReadOnlyList<string> terms, CancellationToken cancellationToken)
    {
        Dictionary<string, long> counts = new(StringComparer.Ordinal);
        foreach (var term in terms)
        {
            if (_words.TryGetValue(term, out var word) && time.GetElapsedTime(word.At) < Age)
            {
                counts[term] = word.Count;
            }
        }

        string[] missing = [.. terms.Where(term => !counts.ContainsKey(term))];
        if (missing.Length > 0)
        {
            var rows = await connection.ReadAsync(
                $"SELECT t.term, (SELECT count(*) FROM {schema.Entries} x WHERE x.words @@ t.query::tsquery) "
                + "FROM unnest($1::text[], $2::text[]) AS t (term, query)",
                static row => (Term: row.GetString(0), Count: row.GetInt64(1)), cancellationToken, missing,
                missing.Select(Quote).ToArray()).ConfigureAwait(false);
            rows.ForEach(row => counts[row.Term] = row.Count);
            Keep(rows);
        }

        return [.. terms.Select(term => (term, counts[term]))];
    }

    /// <summary>Terms are letters and digits; in quotes, none of them is an operator either.</summary>
    internal static string Quote(string term) => $"'{term}'";

    private void Keep(List<(string Term, long Count)> rows)
    {
        if (_words.Count > MostWords)
        {
            _words.Clear();
        }

        foreach (var (term, count) in rows)
        {
            if (count >= ManyOfAWord)
            {
                _words[term] = (count, time.GetTimestamp());
            }
        }
    }

    private sealed record Numbers(long Count, double Length, long At);
}
