namespace Pepper.Resources.Providers;

/// <summary>One operation on the in-process store, on its way.</summary>
internal sealed class MemoryWork
{
    internal MemoryWork(MemoryOperation operation, string etag)
    {
        Operation = operation;
        ETag = etag;
        Terms = operation is MemoryPut put && put.Index.HasFlag(MemoryIndex.Text) ? MemoryText.CountTerms(put.Text) : null;
    }

    internal MemoryOperation Operation { get; }

    internal string ETag { get; }

    internal IReadOnlyDictionary<string, int>? Terms { get; }

    internal MemoryRecord? Found { get; set; }

    internal InProcessMemorySearch? Search { get; set; }

    /// <summary>The result; a search is ranked only now.</summary>
    internal MemoryResult Finish(Func<MemoryRecord, MemoryEntry> toEntry, CancellationToken cancellationToken) => Operation switch
    {
        MemoryGet => new MemoryResult { Entry = Found is null ? null : toEntry(Found) },
        MemoryPut => new MemoryResult { ETag = ETag },
        MemoryDelete => new MemoryResult { Deleted = Found is not null },
        _ => new MemoryResult
        {
            Matches = [.. Search!.Rank(cancellationToken)
                .Select(found => new MemoryMatch(toEntry(found.Record), found.Score))],
        },
    };
}
