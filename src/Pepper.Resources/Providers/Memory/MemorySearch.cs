namespace Pepper.Resources.Providers;

/// <summary>How a search ranks.</summary>
public enum MemoryRanking
{
    /// <summary>
    /// By what is there: with a text and a vector (or a text and an embedding) hybrid, with one of them by that one, with neither
    /// in order of namespace and key.
    /// </summary>
    Auto = 0,

    /// <summary>Not at all: what fulfils the filters, in order of namespace and key.</summary>
    None = 1,

    /// <summary>By words: BM25. Only entries that have a word of the query are found.</summary>
    Text = 2,

    /// <summary>By the cosine of the vectors, all compared. All entries that have a vector are found, the nearest
    /// first.</summary>
    Vector = 3,

    /// <summary>
    /// By both: weighted reciprocal rank fusion of the first 1,000 of each ranking. It needs no tuning, as it takes the ranks and
    /// not the scores, which have nothing in common. Words that many texts have count only where the query has no others:
    /// <see cref="MemoryFusionOptions"/>.
    /// </summary>
    Hybrid = 4,
}

/// <summary>What to look for, below a namespace. Immutable.</summary>
public sealed record MemorySearch : MemoryOperation
{
    /// <summary>Looks in this namespace and all below it. Default the root: everywhere.</summary>
    public MemoryNamespace Namespace { get; init; } = MemoryNamespace.Root;

    /// <summary>
    /// The query in words; of these, any may match. No character has a meaning of its own. Null or white space: none.
    /// </summary>
    public string? Text { get; init; }

    /// <summary>The query as a vector; null: the store's <see cref="MemoryEmbedding"/> makes it of the text, if needed.</summary>
    public ReadOnlyMemory<float>? Vector { get; init; }

    /// <summary>How to rank. Default <see cref="MemoryRanking.Auto"/>.</summary>
    public MemoryRanking Ranking { get; init; }

    /// <summary>Conditions on the metadata, all of which must hold. At most 32. Default none.</summary>
    public IReadOnlyList<MemoryFilter> Filters { get; init; } = [];

    /// <summary>How many matches to return at most. Default 10; 0 to 1,000.</summary>
    public int Limit { get; init; } = 10;

    /// <summary>
    /// How many of the best matches to leave out. Default 0; 0 or more. Pages of one ranking do not overlap as long as nobody
    /// writes.
    /// </summary>
    public int Offset { get; init; }
}

/// <summary>Which namespaces to list. Immutable.</summary>
public sealed record MemoryNamespaceQuery
{
    /// <summary>Only this namespace and those below it. Default the root: all.</summary>
    public MemoryNamespace Prefix { get; init; } = MemoryNamespace.Root;

    /// <summary>Only those that end with these segments. Default the root: all.</summary>
    public MemoryNamespace Suffix { get; init; } = MemoryNamespace.Root;

    /// <summary>Cuts the namespaces to so many segments, and returns each once. Default null: whole; 1 or more.</summary>
    public int? MaxDepth { get; init; }

    /// <summary>How many to return at most. Default 100; 0 to 1,000.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>How many of the first to leave out. Default 0; 0 or more.</summary>
    public int Offset { get; init; }
}
