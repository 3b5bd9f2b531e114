namespace Pepper.Resources.Providers;

/// <summary>A part of a content. What lies beyond its end is left out; a part that begins beyond it is empty.</summary>
public readonly record struct StorageRange
{
    private StorageRange(long offset, long? length, bool isSuffix)
    {
        Offset = offset;
        Length = length;
        IsSuffix = isSuffix;
    }

    /// <summary>Where it begins, in bytes from the start; zero for a suffix.</summary>
    public long Offset { get; }

    /// <summary>How many bytes; <c>null</c>: to the end.</summary>
    public long? Length { get; }

    /// <summary>Whether it is the last <see cref="Length"/> bytes.</summary>
    public bool IsSuffix { get; }

    /// <summary>A part from an offset on.</summary>
    /// <param name="offset">Where it begins: zero or more.</param>
    /// <param name="length">How many bytes: zero or more. Default: to the end.</param>
    /// <returns>The range.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    public static StorageRange From(long offset, long? length = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        return new StorageRange(offset, length, isSuffix: false);
    }

    /// <summary>The last bytes; all of them when there are fewer.</summary>
    /// <param name="length">How many: zero or more.</param>
    /// <returns>The range.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static StorageRange Last(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return new StorageRange(0, length, isSuffix: true);
    }

    /// <summary>The part of a content of this size.</summary>
    /// <param name="size">The size of the content, in bytes: zero or more.</param>
    /// <returns>Where it begins and how many bytes it has, both within the content.</returns>
    public (long Offset, long Length) Within(long size)
    {
        var offset = IsSuffix ? Math.Max(0, size - Length!.Value) : Math.Min(Offset, size);
        return (offset, Math.Min(Length ?? long.MaxValue, size - offset));
    }
}
