using System.Collections.Frozen;

namespace Pepper.Resources.Providers;

/// <summary>An entry as it was when it was read. Immutable.</summary>
public sealed record MemoryEntry
{
    internal static readonly IReadOnlyDictionary<string, MemoryField> NoMetadata = FrozenDictionary<string, MemoryField>.Empty;

    /// <summary>The namespace.</summary>
    public required MemoryNamespace Namespace { get; init; }

    /// <summary>The key in the namespace.</summary>
    public required string Key { get; init; }

    /// <summary>What is remembered.</summary>
    public required string Text { get; init; }

    /// <summary>The fields; empty when there are none.</summary>
    public IReadOnlyDictionary<string, MemoryField> Metadata { get; init; } = NoMetadata;

    /// <summary>What tells this state of the entry from any other. Opaque; each write makes a new one, also of the same
    /// content.</summary>
    public required string ETag { get; init; }

    /// <summary>When there was first an entry under this key, by the store's wall clock, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last written, by the store's wall clock, in UTC. Refreshing its time to live is no write.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it expires, by the store's wall clock, in UTC; null: never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>An entry that a search found. Immutable.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="Score">
/// What it is ranked by, the more the better, and comparable only within one search: BM25, the cosine (-1 to 1), or the fused
/// score; 0 without a ranking.
/// </param>
public sealed record MemoryMatch(MemoryEntry Entry, double Score);

/// <summary>What one operation of a batch came to. Immutable.</summary>
public sealed record MemoryResult
{
    /// <summary>Of a <see cref="MemoryGet"/>: the entry, or null.</summary>
    public MemoryEntry? Entry { get; init; }

    /// <summary>Of a <see cref="MemoryPut"/>: the new ETag.</summary>
    public string? ETag { get; init; }

    /// <summary>Of a <see cref="MemoryDelete"/>: whether there was a live entry.</summary>
    public bool Deleted { get; init; }

    /// <summary>Of a <see cref="MemorySearch"/>: the matches.</summary>
    public IReadOnlyList<MemoryMatch> Matches { get; init; } = [];
}

/// <summary>Makes vectors of texts: one for each, in their order, all of one length. Called outside of any lock and transaction,
/// maybe by several threads at once.</summary>
/// <param name="texts">The texts; at least one.</param>
/// <param name="cancellationToken">Gives up.</param>
public delegate ValueTask<IReadOnlyList<ReadOnlyMemory<float>>> MemoryEmbedding(
    IReadOnlyList<string> texts, CancellationToken cancellationToken);
