namespace Pepper.Resources.Providers;

/// <summary>
/// One step of a batch: <see cref="MemoryGet"/>, <see cref="MemoryPut"/>, <see cref="MemoryDelete"/> or
/// <see cref="MemorySearch"/>. Immutable.
/// </summary>
public abstract record MemoryOperation
{
    private protected MemoryOperation()
    {
    }
}

/// <summary>Gets an entry, as <see cref="IMemoryStore.GetAsync"/> does.</summary>
/// <param name="Namespace">The exact namespace.</param>
/// <param name="Key">The key in it.</param>
public sealed record MemoryGet(MemoryNamespace Namespace, string Key) : MemoryOperation
{
    /// <summary>Whether an entry with a time to live begins to live it anew. Default false.</summary>
    public bool RefreshTimeToLive { get; init; }
}

/// <summary>Writes an entry, as <see cref="IMemoryStore.PutAsync"/> does.</summary>
/// <param name="Namespace">The exact namespace; not the root.</param>
/// <param name="Key">The key in it.</param>
/// <param name="Text">What is remembered; may be empty.</param>
public sealed record MemoryPut(MemoryNamespace Namespace, string Key, string Text) : MemoryOperation
{
    /// <summary>
    /// Fields to filter by; copied by the store. At most 64. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, MemoryField> Metadata { get; init; } = MemoryEntry.NoMetadata;

    /// <summary>By what the entry can be found, besides its key, its namespace and its metadata. Default both.</summary>
    public MemoryIndex Index { get; init; } = MemoryIndex.All;

    /// <summary>
    /// The vector of the text; null: the store's <see cref="MemoryEmbedding"/> makes it, if it has one. All vectors of a store
    /// have the same number of elements.
    /// </summary>
    public ReadOnlyMemory<float>? Vector { get; init; }

    /// <summary>
    /// How long the entry lives; null: as long as the store's default says. More than zero, or
    /// <see cref="Timeout.InfiniteTimeSpan"/> for ever.
    /// </summary>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary>Writes only over the entry that has this ETag; null: no such condition.</summary>
    public string? IfMatch { get; init; }

    /// <summary>Writes only if there is no live entry. Default false.</summary>
    public bool IfAbsent { get; init; }
}

/// <summary>Deletes an entry, as <see cref="IMemoryStore.DeleteAsync"/> does.</summary>
/// <param name="Namespace">The exact namespace.</param>
/// <param name="Key">The key in it.</param>
public sealed record MemoryDelete(MemoryNamespace Namespace, string Key) : MemoryOperation
{
    /// <summary>Deletes only the entry that has this ETag; null: any.</summary>
    public string? IfMatch { get; init; }
}

/// <summary>By what an entry can be found.</summary>
[Flags]
public enum MemoryIndex
{
    /// <summary>Neither words nor vector: the entry is got by its key and listed, and no query finds it.</summary>
    None = 0,

    /// <summary>By the words of its text.</summary>
    Text = 1,

    /// <summary>By its vector.</summary>
    Vector = 2,

    /// <summary>By both.</summary>
    All = Text | Vector,
}
