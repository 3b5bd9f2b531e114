using System.Text;

namespace Pepper.Resources.Files;

/// <summary>
/// How a <see cref="FileResource"/> opens its file. The resource copies what it needs: later changes have no effect.
/// </summary>
public sealed class FileResourceOptions
{
    /// <summary>What may be done with the file. Default: <see cref="FileResourceMode.Read"/>.</summary>
    public FileResourceMode Mode { get; set; }

    /// <summary>
    /// How text becomes bytes. Default: UTF-8 without a byte order mark; bytes that are no UTF-8 read as U+FFFD. A byte order
    /// mark in the file wins over it when reading; one that the encoding has is written at the start of the file.
    /// </summary>
    public Encoding Encoding { get; set; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The id of the resource, 1 to 256 characters. Default: <c>null</c>, one is generated.</summary>
    public string? Id { get; set; }

    /// <summary>Who answers for the resource. Default: <c>system</c>.</summary>
    public string Owner { get; set; } = "system";

    /// <summary>How long the resource lives after its last use. Default: <c>null</c>, for ever. Greater than zero.</summary>
    public TimeSpan? TimeToLive { get; set; }

    /// <summary>Free labels of the resource. Default: none.</summary>
    public IDictionary<string, string> Labels { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// Whether the folder of the file is created when it does not exist. Default: <c>false</c>. Means nothing in
    /// <see cref="FileResourceMode.Read"/>.
    /// </summary>
    public bool CreateDirectory { get; set; }

    /// <summary>
    /// Whether every write and append waits until the bytes are on the disk. Default: <c>false</c>, the operating system writes
    /// them in its own time. An atomic replace always waits.
    /// </summary>
    public bool FlushToDisk { get; set; }

    /// <summary>
    /// The largest file, in bytes, that <see cref="FileResource.ReadTextAsync"/> and <see cref="FileResource.ReadBytesAsync"/>
    /// take into memory. Default: 268 435 456 (256 MiB). Range: 1 to <see cref="Array.MaxLength"/>.
    /// </summary>
    public long MaxReadBytes { get; set; } = 256L << 20;

    internal FileResourceOptions Frozen()
    {
        var faults = Faults().ToList();
        if (faults.Count > 0)
        {
            throw new ArgumentException($"{nameof(FileResourceOptions)} cannot be used: {string.Join(" ", faults)}");
        }

        return (FileResourceOptions)MemberwiseClone();
    }

    internal ResourceMetadata ToMetadata()
    {
        var metadata = new ResourceMetadata
        {
            Type = ResourceType.File,
            Owner = Owner,
            TimeToLive = TimeToLive,
            Labels = new Dictionary<string, string>(Labels, StringComparer.Ordinal),
        };
        return Id is null ? metadata : metadata with { Id = Id };
    }

    private IEnumerable<string> Faults()
    {
        if (!Enum.IsDefined(Mode))
        {
            yield return $"Mode is {Mode}; it is one of {string.Join(", ", Enum.GetNames<FileResourceMode>())}.";
        }

        if (Encoding is null)
        {
            yield return "Encoding is null; leave it out for UTF-8.";
        }

        if (Id is not null && (string.IsNullOrWhiteSpace(Id) || Id.Length > ResourceMetadata.MaxIdLength))
        {
            yield return $"Id has {Id.Length} characters or is blank; it has 1 to {ResourceMetadata.MaxIdLength}, "
                + "or is null to be generated.";
        }

        if (string.IsNullOrWhiteSpace(Owner))
        {
            yield return "Owner is blank; leave it out for 'system'.";
        }

        if (TimeToLive is { } timeToLive && timeToLive <= TimeSpan.Zero)
        {
            yield return $"TimeToLive is {timeToLive}; it is greater than zero, or null for ever.";
        }

        if (MaxReadBytes < 1 || MaxReadBytes > Array.MaxLength)
        {
            yield return FormattableString.Invariant($"MaxReadBytes is {MaxReadBytes}; it is 1 to {Array.MaxLength}.");
        }
    }
}
