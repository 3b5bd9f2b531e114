namespace Pepper.Resources.Providers;

/// <summary>
/// The condition of a put or a delete does not hold: somebody else wrote, deleted or outlived the entry. Nothing was written;
/// read
/// the entry again and decide anew.
/// </summary>
public sealed class MemoryConflictException : ResourceException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="ns">The namespace of the entry.</param>
    /// <param name="key">Its key.</param>
    /// <param name="expected">The ETag that was asked for; null: that there be no entry.</param>
    /// <param name="actual">The ETag that is there; null: no live entry, or it is not known.</param>
    /// <param name="index">Which operation of the batch it was, from 0.</param>
    public MemoryConflictException(MemoryNamespace ns, string key, string? expected, string? actual, int index = 0)
        : base(Text(ns, key, expected, actual, index), key, ResourceTypeOfMemory)
    {
        Namespace = ns;
        Key = key;
        ExpectedETag = expected;
        ActualETag = actual;
        Index = index;
    }

    private static ResourceType ResourceTypeOfMemory => Resources.ResourceType.Memory;

    /// <summary>The namespace of the entry.</summary>
    public MemoryNamespace Namespace { get; }

    /// <summary>The key of the entry.</summary>
    public string Key { get; }

    /// <summary>The ETag that was asked for; null: that there be no entry.</summary>
    public string? ExpectedETag { get; }

    /// <summary>The ETag that is there; null: no live entry, or it is not known.</summary>
    public string? ActualETag { get; }

    /// <summary>Which operation of the batch it was, from 0; 0 outside of batches.</summary>
    public int Index { get; }

    private static string Text(MemoryNamespace ns, string key, string? expected, string? actual, int index)
    {
        ArgumentNullException.ThrowIfNull(ns);
        ArgumentNullException.ThrowIfNull(key);
        var wanted = expected is null ? "no entry (IfAbsent)" : $"the ETag {expected} (IfMatch)";
        return $"The entry '{key}' of the namespace {ns} was to have {wanted}, and has {actual ?? "none"}; operation {index}.";
    }
}
