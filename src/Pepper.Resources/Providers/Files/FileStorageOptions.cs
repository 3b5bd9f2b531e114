using Pepper.Resources.Recovery;

namespace Pepper.Resources.Providers;

/// <summary>
/// Where and how a <see cref="FileStorageProvider"/> keeps its entries. The provider copies it: later changes have no effect.
/// </summary>
public sealed class FileStorageOptions : IProviderConfiguration
{
    /// <inheritdoc/>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// The folder; it is made when it is not there. One process has it at a time, and any number of providers in it.
    /// </summary>
    public string Path { get; set; } = string.Empty;

    /// <summary>
    /// Whether a write ends only when file and folder are on the disk: it then survives a power cut. Default: true. Without it a
    /// write survives the end of the process alone.
    /// </summary>
    public bool FlushToDisk { get; set; } = true;

    /// <summary>The largest content that is taken, in bytes: zero or more. Default: no limit but the disk's.</summary>
    public long MaxContentBytes { get; set; } = long.MaxValue;

    /// <inheritdoc/>
    public IEnumerable<string> GetFaults()
    {
        var faults = new OptionFaults();
        if (string.IsNullOrWhiteSpace(Path))
        {
            faults.Add("Path must not be empty.");
        }
        else if (Path.Contains('\0', StringComparison.Ordinal))
        {
            faults.Add("Path must not contain U+0000.");
        }

        if (MaxContentBytes < 0)
        {
            faults.Add($"MaxContentBytes is {MaxContentBytes}, but must be zero or more.");
        }

        return faults.All;
    }

    internal FileStorageOptions Copy() => (FileStorageOptions)MemberwiseClone();
}
