namespace Pepper.Resources.Providers;

/// <summary>
/// A caller's stream for several attempts: it is rewound to where it stood, if it can be, and knows whether it was read. It
/// stays the caller's, and open.
/// </summary>
internal sealed class RepeatableStream(Stream inner) : Stream
{
    private readonly long _start = inner.CanSeek ? inner.Position : 0;
    private bool _wasRead;

    /// <summary>Whether another attempt would not see all of it.</summary>
    internal bool IsSpent => _wasRead && !inner.CanSeek;

    public override bool CanRead => true;

    public override bool CanSeek => inner.CanSeek;

    public override bool CanWrite => false;

    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => inner.Position = value;
    }

    internal void Rewind()
    {
        if (inner.CanSeek)
        {
            inner.Position = _start;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        _wasRead = true;
        return inner.Read(buffer);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _wasRead = true;
        return inner.ReadAsync(buffer, cancellationToken);
    }

    public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

    public override void Flush()
    {
        // Nothing is written.
    }

    public override void SetLength(long value) => throw new NotSupportedException("The stream is for reading.");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("The stream is for reading.");
}
