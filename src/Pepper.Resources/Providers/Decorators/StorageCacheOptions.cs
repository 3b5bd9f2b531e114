using Pepper.Resources.Recovery;

namespace Pepper.Resources.Providers;

/// <summary>How much of a storage is kept in memory, and for how long. Copied by whoever takes it.</summary>
public sealed class StorageCacheOptions
{
    /// <summary>How many bytes of contents are kept at most: 0 to 1 GiB. Default: 16 MiB. The longest unused go first.</summary>
    public int MaxBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>The largest content that is kept, in bytes: 0 to 1 GiB. Default: 256 KiB.</summary>
    public int MaxEntryBytes { get; set; } = 256 * 1024;

    /// <summary>
    /// For how long an entry is taken for current, though others may have written it meanwhile: above zero, to 1 day. Default: 5
    /// seconds. What is written through the cache is current at once.
    /// </summary>
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromSeconds(5);

    internal StorageCacheOptions Freeze()
    {
        var faults = new OptionFaults();
        faults.AddCount(nameof(MaxBytes), MaxBytes, 0, 1 << 30);
        faults.AddCount(nameof(MaxEntryBytes), MaxEntryBytes, 0, 1 << 30);
        faults.AddTime(nameof(MaxAge), MaxAge);
        faults.ThrowIfAny("storage cache", "cache");
        return (StorageCacheOptions)MemberwiseClone();
    }
}
