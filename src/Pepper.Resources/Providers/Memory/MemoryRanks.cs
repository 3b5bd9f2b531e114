namespace Pepper.Resources.Providers;

/// <summary>An entry's place in a ranking.</summary>
/// <param name="Id">What the store knows the entry by.</param>
/// <param name="Score">The more the better.</param>
public readonly record struct MemoryRank(long Id, double Score);

/// <summary>
/// Keeps the best of what is added, in memory for as many as are kept. Of equal scores the lesser id is the better. For one
/// thread.
/// </summary>
public sealed class MemoryRanks
{
    private static readonly Comparer<MemoryRank> BestFirst = Comparer<MemoryRank>.Create(static (x, y) =>
        y.Score.CompareTo(x.Score) is var order and not 0 ? order : x.Id.CompareTo(y.Id));

    // The least of the kept is the first to go.
    private readonly PriorityQueue<MemoryRank, MemoryRank> _kept = new(
        Comparer<MemoryRank>.Create(static (x, y) => BestFirst.Compare(y, x)));

    private readonly int _capacity;

    /// <summary>How many of each ranking <see cref="MemoryRanking.Hybrid"/> fuses: 1,000.</summary>
    public const int FusionWindow = 1_000;

    /// <summary>Starts with nothing.</summary>
    /// <param name="capacity">How many to keep; 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is negative.</exception>
    public MemoryRanks(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        _capacity = capacity;
    }

    /// <summary>Adds an entry, which is dropped when it is not among the best.</summary>
    /// <param name="id">What the store knows it by.</param>
    /// <param name="score">The more the better.</param>
    public void Add(long id, double score)
    {
        var rank = new MemoryRank(id, score);
        if (_kept.Count < _capacity)
        {
            _kept.Enqueue(rank, rank);
        }
        else if (_capacity > 0 && BestFirst.Compare(rank, _kept.Peek()) < 0)
        {
            _kept.EnqueueDequeue(rank, rank);
        }
    }

    /// <summary>What was kept, the best first.</summary>
    public IReadOnlyList<MemoryRank> ToList()
    {
        var ranks = new MemoryRank[_kept.Count];
        var at = 0;
        foreach (var (rank, _) in _kept.UnorderedItems)
        {
            ranks[at++] = rank;
        }

        Array.Sort(ranks, BestFirst);
        return ranks;
    }

    /// <summary>How many of a ranking are needed for a page of a search: all up to its end, or what is fused.</summary>
    /// <param name="search">The search, its ranking resolved.</param>
    public static int WindowOf(MemorySearch search)
    {
        ArgumentNullException.ThrowIfNull(search);
        return search.Ranking == MemoryRanking.Hybrid
            ? FusionWindow
            : (int)Math.Min(int.MaxValue, (long)search.Offset + search.Limit);
    }

    /// <summary>The page of a ranking that a search asks for.</summary>
    /// <param name="ranking">The whole ranking, the best first.</param>
    /// <param name="search">The search.</param>
    public static IReadOnlyList<MemoryRank> Page(IReadOnlyList<MemoryRank> ranking, MemorySearch search)
    {
        ArgumentNullException.ThrowIfNull(ranking);
        ArgumentNullException.ThrowIfNull(search);
        return [.. ranking.Skip(search.Offset).Take(search.Limit)];
    }
}
