using System.Globalization;
using System.Text;
using Pepper.Resources.Providers;
using SQLitePCL;

namespace Pepper.Resources.Sqlite;

/// <summary>Ranks what a search finds, as ids.</summary>
internal sealed class SqliteMemorySearch
{
    private const int CancellationInterval = 1_024;

    private readonly SqliteMemoryConnection _connection;
    private readonly MemorySearch _search;
    private readonly MemoryFusion _fusion;
    private readonly CancellationToken _cancellationToken;
    private readonly List<(string Name, object? Value)> _parameters = [];

    internal SqliteMemorySearch(
        SqliteMemoryConnection connection, MemorySearch search, MemoryFusion fusion, long now,
        CancellationToken cancellationToken)
    {
        _connection = connection;
        _search = search;
        _fusion = fusion;
        _cancellationToken = cancellationToken;
        _parameters.Add(("@now", now));
        if (search.Namespace.Depth > 0)
        {
            _parameters.Add(("@from", search.Namespace.Path));
            _parameters.Add(("@to", search.Namespace.PathEnd));
        }

        for (var index = 0; index < search.Filters.Count; index++)
        {
            var filter = search.Filters[index];
            _parameters.Add((Name("@name", index), filter.Field));
            _parameters.Add((Name("@kind", index), (int)filter.Value.Kind));
            _parameters.Add((
                Name("@value", index),
                filter.Value.Kind == MemoryFieldKind.Text ? filter.Value.AsText() : SqliteMemorySession.NumberOf(filter.Value)));
        }
    }

    /// <summary>The page that the search asks for.</summary>
    internal IReadOnlyList<MemoryRank> Rank() => _search.Ranking switch
    {
        MemoryRanking.None => List(),
        MemoryRanking.Text => MemoryRanks.Page(ByText(MemoryText.QueryTerms(_search.Text!)), _search),
        MemoryRanking.Vector => MemoryRanks.Page(ByVector(), _search),
        _ => MemoryRanks.Page(ByBoth(), _search),
    };

    private static string Name(string name, int index) => string.Create(CultureInfo.InvariantCulture, $"{name}{index}");

    private List<MemoryRank> List()
    {
        using var reader = _connection.Read(
            $"SELECT e.id FROM pepper_memory_entries e WHERE {Conditions("e", "id")} "
            + "ORDER BY e.ns, e.key LIMIT @limit OFFSET @offset",
            [.. _parameters, ("@limit", _search.Limit), ("@offset", _search.Offset)]);
        List<MemoryRank> page = [];
        while (reader.Read())
        {
            page.Add(new MemoryRank(reader.GetInt64(0), 0));
        }

        return page;
    }

    private IReadOnlyList<MemoryRank> ByBoth()
    {
        var byVector = ByVector();
        var terms = MemoryText.QueryTerms(_search.Text!);
        // Where nothing has a vector, the words are all there is.
        return _fusion.Fuse(ByText(byVector.Count > 0 ? Telling(terms) : terms), byVector);
    }

    private IReadOnlyList<string> Telling(IReadOnlyList<string> terms)
    {
        var counts = terms.ToDictionary(static term => term, term => CountOf(
            "SELECT doc FROM pepper_memory_vocabulary WHERE term = @term", ("@term", term)), StringComparer.Ordinal);
        var texts = CountOf("SELECT count(*) FROM pepper_memory_words_docsize");
        return _fusion.Telling(terms, term => counts[term], texts);
    }

    private long CountOf(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        _connection.Scalar(sql, parameters) is long count ? count : 0;

    private List<MemoryRank> ByText(IReadOnlyList<string> terms)
    {
        if (terms.Count == 0)
        {
            return [];
        }

        // Terms are letters and digits; in quotes, none of them is an operator either.
        var query = string.Join(" OR ", terms.Select(static term => $"\"{term}\""));
        using var reader = _connection.Read(
            "SELECT e.id, bm25(pepper_memory_words) AS score FROM pepper_memory_words "
            + "JOIN pepper_memory_entries e ON e.id = pepper_memory_words.rowid "
            + $"WHERE pepper_memory_words MATCH @query AND {Conditions("e", "id")} ORDER BY score, e.id LIMIT @window",
            [.. _parameters, ("@query", query), ("@window", MemoryRanks.WindowOf(_search))]);
        List<MemoryRank> ranks = [];
        while (reader.Read())
        {
            ranks.Add(new MemoryRank(reader.GetInt64(0), -reader.GetDouble(1)));
        }

        return ranks;
    }

    private IReadOnlyList<MemoryRank> ByVector()
    {
        var best = new MemoryRanks(MemoryRanks.WindowOf(_search));
        var vector = _search.Vector!.Value.Span;
        using var reader = _connection.Read(
            $"SELECT v.entry, v.vector FROM pepper_memory_vectors v WHERE {Conditions("v", "entry")}", [.. _parameters]);
        var statement = reader.Handle;
        for (var row = 1; reader.Read(); row++)
        {
            if (row % CancellationInterval == 0)
            {
                _cancellationToken.ThrowIfCancellationRequested();
            }

            // The bytes are SQLite's own until the next row: nothing is copied.
            best.Add(raw.sqlite3_column_int64(statement, 0), MemoryVectors.Dot(vector, raw.sqlite3_column_blob(statement, 1)));
        }

        return best.ToList();
    }

    /// <summary>What must hold of a row of a table that has the namespace and the expiry.</summary>
    private string Conditions(string table, string id)
    {
        var text = new StringBuilder(table).Append(".expires > @now");
        if (_search.Namespace.Depth > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" AND {table}.ns >= @from AND {table}.ns < @to");
        }

        for (var index = 0; index < _search.Filters.Count; index++)
        {
            var filter = _search.Filters[index];
            var column = filter.Value.Kind == MemoryFieldKind.Text ? "text" : "number";
            var (not, comparison) = SqlMemory.OperatorOf(filter.Comparison);
            text.Append(
                CultureInfo.InvariantCulture,
                $" AND {not}EXISTS (SELECT 1 FROM pepper_memory_fields f WHERE f.entry = {table}.{id} AND f.name = @name{index} ")
                .Append(CultureInfo.InvariantCulture, $"AND f.kind = @kind{index} AND f.{column} {comparison} @value{index})");
        }

        return text.ToString();
    }
}
