namespace Pepper.Resources.Providers;

/// <summary>An entry of the in-process store. Only its expiry changes, and whether it is still there; both under the store's
/// lock.</summary>
internal sealed class MemoryRecord
{
    internal const long Never = long.MaxValue;

    private long _expiresAt = Never;

    internal required MemorySpace Space { get; init; }

    internal required string Key { get; init; }

    internal required string Text { get; init; }

    internal required IReadOnlyDictionary<string, MemoryField> Metadata { get; init; }

    internal required string ETag { get; init; }

    internal required DateTimeOffset CreatedAt { get; init; }

    internal required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>A unit vector; null when there is none.</summary>
    internal float[]? Vector { get; init; }

    /// <summary>The terms with their counts; null when the text is not indexed.</summary>
    internal IReadOnlyDictionary<string, int>? Terms { get; init; }

    /// <summary>How many terms there are, repetitions included.</summary>
    internal int Length { get; init; }

    internal TimeSpan? TimeToLive { get; init; }

    /// <summary>A timestamp of the store's time; read outside the lock too.</summary>
    internal long ExpiresAt
    {
        get => Volatile.Read(ref _expiresAt);
        set => Volatile.Write(ref _expiresAt, value);
    }

    /// <summary>Where the scores of a search are summed up; no two records that are there share one.</summary>
    internal int Slot { get; set; } = -1;

    internal bool IsRemoved { get; set; }

    internal bool IsLive(long now) => now < ExpiresAt;
}

/// <summary>The entries of one namespace in the in-process store.</summary>
/// <param name="ns">The namespace.</param>
internal sealed class MemorySpace(MemoryNamespace ns)
{
    private MemoryRecord[]? _sorted;

    internal MemoryNamespace Namespace => ns;

    internal Dictionary<string, MemoryRecord> Records { get; } = new(StringComparer.Ordinal);

    /// <summary>In order of their keys; kept until a key comes or goes or its record changes.</summary>
    internal MemoryRecord[] Sorted
    {
        get
        {
            if (_sorted is null)
            {
                _sorted = [.. Records.Values];
                Array.Sort(_sorted, static (x, y) => CodePointOrder.Compare(x.Key, y.Key));
            }

            return _sorted;
        }
    }

    internal void Set(MemoryRecord record)
    {
        Records[record.Key] = record;
        _sorted = null;
    }

    internal void Remove(string key)
    {
        Records.Remove(key);
        _sorted = null;
    }
}
