using System.Data;
using System.Globalization;
using System.Text;
using Npgsql;
using Pepper.Resources.Providers;

namespace Pepper.Resources.PostgreSql;

/// <summary>Ranks what a search finds, as ids.</summary>
internal sealed class PostgreSqlMemorySearch
{
    private readonly NpgsqlConnection _connection;
    private readonly PostgreSqlMemorySchema _schema;
    private readonly PostgreSqlWordStatistics _statistics;
    private readonly MemorySearch _search;
    private readonly MemoryFusion _fusion;
    private readonly CancellationToken _cancellationToken;
    private readonly List<object?> _parameters = [];

    internal PostgreSqlMemorySearch(
        NpgsqlConnection connection, PostgreSqlMemorySchema schema, PostgreSqlWordStatistics statistics, MemorySearch search,
        MemoryFusion fusion, long now, CancellationToken cancellationToken)
    {
        _connection = connection;
        _schema = schema;
        _statistics = statistics;
        _search = search;
        _fusion = fusion;
        _cancellationToken = cancellationToken;
        _parameters.Add(now);
    }

    /// <summary>The page that the search asks for.</summary>
    internal async Task<IReadOnlyList<MemoryRank>> RankAsync() => _search.Ranking switch
    {
        MemoryRanking.None => await ListAsync().ConfigureAwait(false),
        MemoryRanking.Text => MemoryRanks.Page(await ByTextAsync(areAll: true).ConfigureAwait(false), _search),
        MemoryRanking.Vector => MemoryRanks.Page(await ByVectorAsync().ConfigureAwait(false), _search),
        _ => MemoryRanks.Page(await ByBothAsync().ConfigureAwait(false), _search),
    };

    /// <summary>What pgvector reads: exact, as the shortest text of a number that gives it back.</summary>
    internal static string VectorText(ReadOnlySpan<float> vector)
    {
        var text = new StringBuilder("[", vector.Length * 12);
        foreach (var element in vector)
        {
            text.Append(text.Length == 1 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{element:R}");
        }

        return text.Append(']').ToString();
    }

    private Task<List<MemoryRank>> ListAsync() => RunAsync(
        $"SELECT e.id, 0::float8 FROM {_schema.Entries} e WHERE {Conditions("e", "e", out var parameters)} ORDER BY e.ns, e.key "
        + $"LIMIT {Add(parameters, (long)_search.Limit)} OFFSET {Add(parameters, (long)_search.Offset)}", parameters);

    private async Task<IReadOnlyList<MemoryRank>> ByBothAsync()
    {
        var byVector = await ByVectorAsync().ConfigureAwait(false);
        // Where nothing has a vector, the words are all there is.
        return _fusion.Fuse(await ByTextAsync(areAll: byVector.Count == 0).ConfigureAwait(false), byVector);
    }

    private async Task<List<MemoryRank>> ByTextAsync(bool areAll)
    {
        var terms = MemoryText.QueryTerms(_search.Text!);
        if (terms.Count == 0)
        {
            return [];
        }

        var (texts, length) = await _statistics.GetAsync(_connection, _cancellationToken).ConfigureAwait(false);
        var counts = await _statistics.CountAsync(_connection, terms, _cancellationToken).ConfigureAwait(false);
        var taking = areAll ? counts : _fusion.Telling(counts, static word => word.Count, texts);
        List<(string Term, double Weight, long Count)> words =
        [
            .. taking.Where(static word => word.Count > 0)
                .Select(word => (word.Term, PostgreSqlWordRanking.WeightOf(word.Count, texts), word.Count)),
        ];
        var isRestricted = _search.Namespace.Depth > 0 || _search.Filters.Count > 0;
        return await PostgreSqlWordRanking.RunAsync(
            words, MemoryRanks.WindowOf(_search), isRestricted, some => ByTextAsync(words, some, length),
            static rank => rank.Score).ConfigureAwait(false);
    }

    /// <summary>The best of the texts that have one of some words, scored by all words.</summary>
    private Task<List<MemoryRank>> ByTextAsync(
        IEnumerable<(string Term, double Weight, long Count)> words, IEnumerable<string> some, double length)
    {
        var conditions = Conditions("e", "e", out var parameters);
        var query = Add(parameters, string.Join(" | ", some.Select(PostgreSqlWordStatistics.Quote)));
        // As many terms as there are words: a subquery for each row would take several times as long.
        var score = string.Join(" + ", words.Select(word =>
            $"coalesce({Add(parameters, word.Weight * PostgreSqlWordRanking.Most)}::float8 / (1::float8 + e.norm "
            + $"/ e.counts[array_position(e.terms, {Add(parameters, word.Term)}::text COLLATE \"C\")]), 0::float8)"));
        return RunAsync(
            $"""
            SELECT id, score FROM (
                SELECT e.id, {score} AS score
                FROM (SELECT *, 0.3::float8 + 0.9::float8 * length / {Add(parameters, length)}::float8 AS norm
                    FROM {_schema.Entries}) e
                WHERE e.words @@ {query}::tsquery AND {conditions}) ranked
            ORDER BY score DESC, id LIMIT {Add(parameters, (long)MemoryRanks.WindowOf(_search))}
            """,
            parameters);
    }

    private async Task<IReadOnlyList<MemoryRank>> ByVectorAsync()
    {
        var vector = _search.Vector!.Value;
        var needsEntries = _search.Filters.Count > 0;
        var conditions = Conditions("v", "e", out var parameters);
        var join = needsEntries ? $" JOIN {_schema.Entries} e ON e.id = v.entry" : "";
        if (_schema.VectorSchema is { } vectorSchema)
        {
            // The vectors are of length one: the inner product, which the operator negates, is the cosine.
            var wanted = $"{Add(parameters, VectorText(vector.Span))}::{vectorSchema}.vector";
            var window = Add(parameters, (long)MemoryRanks.WindowOf(_search));
            return await RunAsync(
                $"SELECT v.entry, -(v.vector OPERATOR({vectorSchema}.<#>) {wanted})::float8 AS score "
                + $"FROM {_schema.Vectors} v{join} WHERE {conditions} "
                + $"ORDER BY score DESC, v.entry LIMIT {window}", parameters).ConfigureAwait(false);
        }

        var best = new MemoryRanks(MemoryRanks.WindowOf(_search));
        var bytes = new byte[vector.Length * sizeof(float)];
        await _connection.EachAsync(
            $"SELECT v.entry, v.vector FROM {_schema.Vectors} v{join} WHERE {conditions}",
            row =>
            {
                row.GetBytes(1, 0, bytes, 0, bytes.Length);
                best.Add(row.GetInt64(0), MemoryVectors.Dot(vector.Span, bytes));
            },
            _cancellationToken, [.. parameters]).ConfigureAwait(false);
        return best.ToList();
    }

    private Task<List<MemoryRank>> RunAsync(string sql, List<object?> parameters) => _connection.ReadAsync(
        sql, static row => new MemoryRank(row.GetInt64(0), row.GetDouble(1)), _cancellationToken, [.. parameters]);

    private static string Add(List<object?> parameters, object? value)
    {
        parameters.Add(value);
        return string.Create(CultureInfo.InvariantCulture, $"${parameters.Count}");
    }

    /// <summary>What must hold of a row with the namespace and the expiry, and of the entry with the metadata.</summary>
    private string Conditions(string table, string entry, out List<object?> parameters)
    {
        parameters = [.. _parameters];
        var text = new StringBuilder(table).Append(".expires > $1");
        if (_search.Namespace.Depth > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" AND {table}.ns >= {Add(parameters, _search.Namespace.Path)}")
                .Append(CultureInfo.InvariantCulture, $" AND {table}.ns < {Add(parameters, _search.Namespace.PathEnd)}");
        }

        foreach (var filter in _search.Filters)
        {
            var field = $"{entry}.metadata -> {Add(parameters, filter.Field)}::text";
            var value = filter.Value.Kind switch
            {
                MemoryFieldKind.Text => $"{Add(parameters, filter.Value.AsText())}::text",
                MemoryFieldKind.Number => $"{Add(parameters, filter.Value.AsNumber())}::float8",
                _ => $"{Add(parameters, filter.Value.AsBoolean())}::boolean",
            };
            text.Append(CultureInfo.InvariantCulture, $" AND {ConditionOf(filter, field, value)}");
        }

        return text.ToString();
    }

    // A CASE, as the server may otherwise convert before it has looked at the type.
    private static string ConditionOf(MemoryFilter filter, string field, string value)
    {
        var (type, converted) = filter.Value.Kind switch
        {
            MemoryFieldKind.Text => ("string", $"({field} #>> '{{}}') COLLATE \"C\""),
            MemoryFieldKind.Number => ("number", $"({field} #>> '{{}}')::float8"),
            _ => ("boolean", $"({field} #>> '{{}}')::boolean"),
        };
        var (not, comparison) = SqlMemory.OperatorOf(filter.Comparison);
        return $"{not}CASE WHEN jsonb_typeof({field}) = '{type}' THEN {converted} {comparison} {value} ELSE false END";
    }
}
