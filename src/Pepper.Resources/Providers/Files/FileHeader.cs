using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Pepper.Resources.Providers;

/// <summary>
/// The beginning of an entry's file: what is known of it, before its content. Mark (8 bytes), length of the header (4), digest
/// of what follows (8), size of the content (8), time of writing (8), time of expiry or zero (8), ETag (32), length of the key
/// (4), key, metadata as JSON; numbers little-endian, times in ticks of UTC.
/// </summary>
internal sealed class FileHeader
{
    private const int Fixed = 80;
    private const int DigestEnd = 20;
    private const int LongestHeader = 1024 * 1024;
    private static readonly byte[] Mark = "PEPPER01"u8.ToArray();

    internal required byte[] Key { get; init; }

    internal required string ETag { get; init; }

    internal required DateTimeOffset ModifiedAt { get; init; }

    internal DateTimeOffset? ExpiresAt { get; init; }

    internal required byte[] Metadata { get; init; }

    internal long Size { get; init; }

    internal int Length => Fixed + Key.Length + Metadata.Length;

    internal bool IsExpired(DateTimeOffset now) => ExpiresAt <= now;

    internal StorageEntry ToEntry() => new()
    {
        Key = StorageRules.GetKey(Key),
        Size = Size,
        ETag = ETag,
        ModifiedAt = ModifiedAt,
        ExpiresAt = ExpiresAt,
        Metadata = StorageRules.ReadMetadata(Metadata),
    };

    internal byte[] ToBytes()
    {
        var bytes = new byte[Length];
        Mark.CopyTo(bytes, 0);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Length);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(20), Size);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(28), ModifiedAt.UtcTicks);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(36), ExpiresAt?.UtcTicks ?? 0);
        Encoding.ASCII.GetBytes(ETag, bytes.AsSpan(44, 32));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(76), Key.Length);
        Key.CopyTo(bytes, Fixed);
        Metadata.CopyTo(bytes, Fixed + Key.Length);
        Digest(bytes).CopyTo(bytes.AsSpan(12));
        return bytes;
    }

    /// <summary>Reads the header of an open file, and makes sure that the file is whole.</summary>
    /// <exception cref="StorageCorruptException">It is no entry's file, or not all of one.</exception>
    internal static async ValueTask<FileHeader> ReadAsync(SafeFileHandle file, string where, CancellationToken cancellationToken)
    {
        var length = RandomAccess.GetLength(file);
        var start = new byte[Math.Min(length, 4096)];
        await FillAsync(file, start, 0, where, cancellationToken).ConfigureAwait(false);
        if (length < Fixed || !start.AsSpan(0, 8).SequenceEqual(Mark))
        {
            throw Corrupt(where, "it is no entry's file");
        }

        var headerLength = BinaryPrimitives.ReadInt32LittleEndian(start.AsSpan(8));
        if (headerLength < Fixed || headerLength > LongestHeader || headerLength > length)
        {
            throw Corrupt(where, "the length of its header is wrong");
        }

        var header = start;
        if (headerLength > start.Length)
        {
            header = new byte[headerLength];
            start.CopyTo(header, 0);
            await FillAsync(file, header.AsMemory(start.Length), start.Length, where, cancellationToken).ConfigureAwait(false);
        }

        return Parse(header.AsSpan(0, headerLength), length, where);
    }

    private static FileHeader Parse(ReadOnlySpan<byte> bytes, long fileLength, string where)
    {
        var size = BinaryPrimitives.ReadInt64LittleEndian(bytes[20..]);
        var keyLength = BinaryPrimitives.ReadInt32LittleEndian(bytes[76..]);
        if (!Digest(bytes).SequenceEqual(bytes.Slice(12, 8)) || keyLength < 0 || keyLength > bytes.Length - Fixed)
        {
            throw Corrupt(where, "its header is damaged");
        }

        if (size != fileLength - bytes.Length)
        {
            throw Corrupt(where, $"it has {fileLength - bytes.Length} bytes of content instead of {size}");
        }

        var expiry = BinaryPrimitives.ReadInt64LittleEndian(bytes[36..]);
        return new FileHeader
        {
            Key = bytes.Slice(Fixed, keyLength).ToArray(),
            ETag = Encoding.ASCII.GetString(bytes.Slice(44, 32)),
            ModifiedAt = new DateTimeOffset(BinaryPrimitives.ReadInt64LittleEndian(bytes[28..]), TimeSpan.Zero),
            ExpiresAt = expiry == 0 ? null : new DateTimeOffset(expiry, TimeSpan.Zero),
            Metadata = bytes[(Fixed + keyLength)..].ToArray(),
            Size = size,
        };
    }

    private static ReadOnlySpan<byte> Digest(ReadOnlySpan<byte> header) => SHA256.HashData(header[DigestEnd..]).AsSpan(0, 8);

    private static async ValueTask FillAsync(
        SafeFileHandle file, Memory<byte> buffer, long offset, string where, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            var read = await RandomAccess.ReadAsync(file, buffer, offset, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw Corrupt(where, "it ends too early");
            }

            buffer = buffer[read..];
            offset += read;
        }
    }

    private static StorageCorruptException Corrupt(string where, string what) =>
        new($"The file of the entry '{where}' is damaged: {what}.", where);
}
