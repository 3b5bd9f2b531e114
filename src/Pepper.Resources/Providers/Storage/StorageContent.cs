using System.Buffers;

namespace Pepper.Resources.Providers;

/// <summary>Contents that have to be in memory as a whole, in parts: never twice, however long they turn out to be.</summary>
public static class StorageContent
{
    /// <summary>The length of a part, in bytes: what is held beyond the content itself is less than one.</summary>
    public const int PartBytes = 64 * 1024;

    /// <summary>Reads a stream to its end, but no further than the storage takes.</summary>
    /// <param name="key">The key, for the exception.</param>
    /// <param name="content">The stream. If it tells its length, one that is too long is refused before it is read.</param>
    /// <param name="limits">The storage's limits.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="content"/> or <paramref name="limits"/> is null.</exception>
    /// <exception cref="StorageLimitException">There are more than the storage takes.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async ValueTask<ReadOnlySequence<byte>> ReadAsync(
        string key, Stream content, StorageCapabilities limits, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(limits);
        var told = content.CanSeek ? Math.Max(0, content.Length - content.Position) : 0;
        StorageRules.CheckSize(key, told, limits);
        Part? first = null, last = null;
        var size = 0L;
        while (true)
        {
            var buffer = new byte[PartBytes];
            var read = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)
                .ConfigureAwait(false);
            size += read;
            StorageRules.CheckSize(key, size, limits);
            if (read > 0)
            {
                last = new Part(buffer.AsMemory(0, read), last);
                first ??= last;
            }

            if (read < buffer.Length)
            {
                return first is null ? default : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
            }
        }
    }

    /// <summary>The bytes as an array: the one that they are in, where they are alone in it.</summary>
    /// <param name="content">The bytes.</param>
    /// <returns>An array that is not to be changed.</returns>
    public static byte[] ToArray(ReadOnlySequence<byte> content) =>
        content.IsSingleSegment
        && System.Runtime.InteropServices.MemoryMarshal.TryGetArray(content.First, out var array)
        && array.Offset == 0 && array.Count == array.Array!.Length
            ? array.Array
            : content.ToArray();

    private sealed class Part : ReadOnlySequenceSegment<byte>
    {
        internal Part(ReadOnlyMemory<byte> memory, Part? before)
        {
            Memory = memory;
            RunningIndex = before is null ? 0 : before.RunningIndex + before.Memory.Length;
            before?.Next = this;
        }
    }
}
