namespace Pepper.Resources.Testing;

/// <summary>
/// A stream that does not know its length, gives what it has in odd portions, and may fail or be given up on the way.
/// </summary>
internal sealed class TrickleStream(
    byte[] content, int failAt = int.MaxValue, CancellationTokenSource? cancelsAtHalf = null) : Stream
{
    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException("The stream does not know its length.");

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException("The stream goes one way.");
    }

    public override int Read(Span<byte> buffer)
    {
        if (_position >= failAt)
        {
            throw new IOException("The stream was made to fail here.");
        }

        var count = Math.Min(Math.Min(buffer.Length, content.Length - _position), 17_003);
        content.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        if (_position > content.Length / 2)
        {
            cancelsAtHalf?.Cancel();
        }

        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await Task.Yield();
        return Read(buffer.Span);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
        // Nothing is written.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("The stream goes one way.");

    public override void SetLength(long value) => throw new NotSupportedException("The stream is for reading.");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("The stream is for reading.");
}
