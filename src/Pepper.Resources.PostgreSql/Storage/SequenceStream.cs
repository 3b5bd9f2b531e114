using System.Buffers;

namespace Pepper.Resources.PostgreSql;

/// <summary>Bytes that are in memory, in several parts, as a stream for reading that knows its length. For one user.</summary>
internal sealed class SequenceStream(ReadOnlySequence<byte> content) : Stream
{
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => content.Length;

    public override long Position
    {
        get => _position;
        set => _position = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "It is negative.");
    }

    public override int Read(Span<byte> buffer)
    {
        var from = Math.Min(_position, content.Length);
        var count = (int)Math.Min(buffer.Length, content.Length - from);
        content.Slice(from, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<int>(cancellationToken)
            : new ValueTask<int>(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
        // Nothing is written.
    }

    public override void SetLength(long value) => throw new NotSupportedException("The stream is for reading.");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("The stream is for reading.");
}
