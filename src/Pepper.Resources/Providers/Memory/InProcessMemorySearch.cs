namespace Pepper.Resources.Providers;

/// <summary>What a search needs of the in-process store, copied under its lock, and ranked outside of it.</summary>
internal sealed class InProcessMemorySearch
{
    private const int CancellationInterval = 1_024;

    private readonly MemorySearch _search;
    private readonly IReadOnlyList<MemoryRecord> _candidates;
    private readonly MemoryTextRanking? _text;
    private readonly MemoryFusion _fusion;
    private readonly long _now;

    internal InProcessMemorySearch(
        MemorySearch search, IReadOnlyList<MemoryRecord> candidates, MemoryTextRanking? text, MemoryFusion fusion,
        long now)
    {
        _search = search;
        _candidates = candidates;
        _text = text;
        _fusion = fusion;
        _now = now;
    }

    /// <summary>The page, with scores.</summary>
    internal IReadOnlyList<(MemoryRecord Record, double Score)> Rank(CancellationToken cancellationToken)
    {
        if (_search.Ranking == MemoryRanking.None)
        {
            return [.. _candidates.Where(Passes).Skip(_search.Offset).Take(_search.Limit).Select(static record => (record, 0.0))];
        }

        // Ids are places in this list: whatever either ranking found.
        List<MemoryRecord> seen = [];
        Dictionary<MemoryRecord, int> places = [];
        IReadOnlyList<MemoryRank> byVector = _search.Vector is { } vector
            ? Best(seen, places, add => RankByVector(vector, add, cancellationToken))
            : [];
        // Where nothing has a vector, the words are all there is.
        var words = byVector.Count > 0 ? _text?.Telling(_fusion) : _text;
        IReadOnlyList<MemoryRank> byText = words is null
            ? []
            : Best(seen, places, add => words.Rank(Passes, add, cancellationToken));
        var ranking = _search.Ranking == MemoryRanking.Hybrid ? _fusion.Fuse(byText, byVector)
            : _search.Ranking == MemoryRanking.Text ? byText : byVector;
        return [.. MemoryRanks.Page(ranking, _search).Select(rank => (seen[(int)rank.Id], rank.Score))];
    }

    private IReadOnlyList<MemoryRank> Best(
        List<MemoryRecord> seen, Dictionary<MemoryRecord, int> places, Action<Action<MemoryRecord, double>> rank)
    {
        List<MemoryRecord> found = [];
        var best = new MemoryRanks(MemoryRanks.WindowOf(_search));
        rank((record, score) =>
        {
            best.Add(found.Count, score);
            found.Add(record);
        });
        return [.. best.ToList().Select(one => one with { Id = PlaceOf(found[(int)one.Id], seen, places) })];
    }

    private static int PlaceOf(MemoryRecord record, List<MemoryRecord> seen, Dictionary<MemoryRecord, int> places)
    {
        if (!places.TryGetValue(record, out var place))
        {
            places.Add(record, place = seen.Count);
            seen.Add(record);
        }

        return place;
    }

    private void RankByVector(
        ReadOnlyMemory<float> vector, Action<MemoryRecord, double> add, CancellationToken cancellationToken)
    {
        for (var at = 0; at < _candidates.Count; at++)
        {
            if (at % CancellationInterval == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            var record = _candidates[at];
            if (record.Vector is { } other && Passes(record))
            {
                add(record, MemoryVectors.Dot(vector.Span, other));
            }
        }
    }

    private bool Passes(MemoryRecord record)
    {
        if (!record.IsLive(_now) || !_search.Namespace.Contains(record.Space.Namespace))
        {
            return false;
        }

        foreach (var filter in _search.Filters)
        {
            if (!filter.Matches(record.Metadata))
            {
                return false;
            }
        }

        return true;
    }
}
