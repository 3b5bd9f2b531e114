namespace Pepper.Resources.Providers;

/// <summary>The limits of a storage. Going beyond one is refused, never cut short.</summary>
public sealed record StorageCapabilities
{
    /// <summary>The longest key, in bytes of UTF-8. Default: 4,096.</summary>
    public int MaxKeyBytes { get; init; } = 4096;

    /// <summary>The largest content, in bytes. Default: <see cref="long.MaxValue"/>, as much as there is room for.</summary>
    public long MaxContentBytes { get; init; } = long.MaxValue;

    /// <summary>
    /// The most that the metadata of an entry may take, in bytes of its names and values in UTF-8. Default: 16,384.
    /// </summary>
    public int MaxMetadataBytes { get; init; } = 16 * 1024;

    /// <summary>The most entries of a page. Default: 1,000.</summary>
    public int MaxPageSize { get; init; } = 1000;

    /// <summary>Whether an acknowledged write survives the end of the process, and of the machine. Default: true.</summary>
    public bool IsDurable { get; init; } = true;
}
