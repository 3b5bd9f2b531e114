using System.Collections.Frozen;

namespace Pepper.Resources.Providers;

/// <summary>What is known of an entry of a storage, apart from its content. A snapshot.</summary>
public sealed record StorageEntry
{
    /// <summary>Its key.</summary>
    public required string Key { get; init; }

    /// <summary>How large its content is, in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>The mark of this version: no two writes have the same, also after a deletion.</summary>
    public required string ETag { get; init; }

    /// <summary>When it was written, as the writer's wall clock had it.</summary>
    public required DateTimeOffset ModifiedAt { get; init; }

    /// <summary>When it expires; <c>null</c>: never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What the writer said of it. Default: nothing.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = FrozenDictionary<string, string>.Empty;
}
