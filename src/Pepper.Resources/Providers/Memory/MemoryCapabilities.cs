namespace Pepper.Resources.Providers;

/// <summary>What a memory store can do, and its limits. Immutable.</summary>
public sealed record MemoryCapabilities
{
    /// <summary>Whether it finds texts by their words, the best first (BM25).</summary>
    public required bool TextSearch { get; init; }

    /// <summary>Whether it finds entries by the cosine of their vector and the query's.</summary>
    public required bool VectorSearch { get; init; }

    /// <summary>
    /// Whether it makes vectors of texts itself, by the user's <see cref="MemoryEmbedding"/>. Without it a vector search needs
    /// a vector, and so does a put that shall be found by one.
    /// </summary>
    public required bool Embeddings { get; init; }

    /// <summary>Whether a batch happens as a whole or not at all.</summary>
    public required bool AtomicBatches { get; init; }

    /// <summary>Whether entries outlive the process.</summary>
    public required bool Persistent { get; init; }

    /// <summary>
    /// The least difference of two times to live that makes a difference. An entry is never returned after its time, and may be
    /// gone up to this much before.
    /// </summary>
    public required TimeSpan TimeToLiveGranularity { get; init; }

    /// <summary>The most UTF-16 units of a text; 65,536 in all stores of Pepper.</summary>
    public int MaxTextLength { get; init; } = MemoryLimits.TextLength;

    /// <summary>The most bytes of a key in UTF-8, and of all segments of a namespace together; 1,024 in all of
    /// Pepper's.</summary>
    public int MaxNameBytes { get; init; } = MemoryLimits.NameBytes;

    /// <summary>The most operations in a batch; 1,000 in all stores of Pepper.</summary>
    public int MaxBatch { get; init; } = MemoryLimits.Batch;

    /// <summary>The most elements of a vector; 4,096 in all stores of Pepper.</summary>
    public int MaxDimensions { get; init; } = MemoryLimits.Dimensions;
}
