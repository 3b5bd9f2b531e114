namespace Pepper.Resources.Providers;

/// <summary>How an entry is written.</summary>
public sealed class StoragePutOptions
{
    /// <summary>Writes only over the entry that has this ETag. Default: <c>null</c>, whatever is there.</summary>
    public string? IfMatch { get; set; }

    /// <summary>Writes only where there is no entry. Default: false. Not together with <see cref="IfMatch"/>.</summary>
    public bool IfAbsent { get; set; }

    /// <summary>What is to be known of the entry. It replaces what was. Default: <c>null</c>, nothing.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; set; }

    /// <summary>
    /// How long the entry lives: more than zero. Default: <c>null</c>, for ever, also when what is replaced had a time to live.
    /// Needs <see cref="IExpiringStorage"/>.
    /// </summary>
    public TimeSpan? TimeToLive { get; set; }
}

/// <summary>How an entry is read.</summary>
public sealed class StorageGetOptions
{
    /// <summary>Which part of it. Default: <c>null</c>, all.</summary>
    public StorageRange? Range { get; set; }

    /// <summary>
    /// Reads only the entry that has this ETag; another is a conflict. Default: <c>null</c>, whichever is there.
    /// </summary>
    public string? IfMatch { get; set; }

    /// <summary>
    /// Leaves the content out when the entry has this ETag: <see cref="StorageObject.IsNotModified"/>. Default: <c>null</c>.
    /// </summary>
    public string? IfNoneMatch { get; set; }
}

/// <summary>Which entries are listed.</summary>
public sealed class StorageListOptions
{
    /// <summary>Only keys that begin so, to the letter. Default: empty, all.</summary>
    public string Prefix { get; set; } = string.Empty;

    /// <summary>How many entries a page has at most: 1 to <see cref="StorageCapabilities.MaxPageSize"/>. Default: 100.</summary>
    public int PageSize { get; set; } = 100;

    /// <summary>The <see cref="StoragePage.Continuation"/> of the page before. Default: <c>null</c>, the first page.</summary>
    public string? Continuation { get; set; }
}

/// <summary>One page of a list.</summary>
/// <param name="Entries">The entries, in the order of their keys' bytes.</param>
/// <param name="Continuation">Where the next page goes on; <c>null</c> when this is the last.</param>
public sealed record StoragePage(IReadOnlyList<StorageEntry> Entries, string? Continuation);
