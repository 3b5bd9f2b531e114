using Microsoft.Win32.SafeHandles;

namespace Pepper.Resources.Files;

/// <content>What changes the file. Each operation has its turn: see the remarks of the class.</content>
public sealed partial class FileResource
{
    // Where an append that could not be taken back began, or -1: the next operation takes it back before it writes.
    private long _tornAt = -1;

    /// <summary>Writes bytes at a position: what tests replace to see what a disk that fails leaves behind.</summary>
    internal Func<SafeFileHandle, ReadOnlyMemory<byte>, long, CancellationToken, ValueTask> WriteAt { get; init; } =
        static (file, bytes, offset, cancellationToken) => RandomAccess.WriteAsync(file, bytes, offset, cancellationToken);

    /// <summary>Shortens the file to a length, for the same purpose.</summary>
    internal Action<SafeFileHandle, long> ShortenTo { get; init; } = RandomAccess.SetLength;

    private bool CanWrite => Mode != FileResourceMode.Read;

    /// <summary>
    /// Overwrites the content in place. A crash half-way leaves half of it: see <see cref="ReplaceTextAsync"/>.
    /// </summary>
    /// <param name="text">The new content.</param>
    /// <param name="cancellationToken">Ends the wait for other writes; a write that has begun is brought to its end.</param>
    /// <exception cref="InvalidOperationException">The resource is not initialized.</exception>
    /// <exception cref="NotSupportedException">The mode does not allow it.</exception>
    /// <exception cref="IOException">Writing failed.</exception>
    public Task WriteTextAsync(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return WriteBytesAsync(Encode(text, withPreamble: true), cancellationToken);
    }

    /// <summary>
    /// Overwrites the content in place. A crash half-way leaves half of it: see <see cref="ReplaceBytesAsync"/>.
    /// </summary>
    /// <param name="bytes">The new content. Not to be changed until the task has ended.</param>
    /// <param name="cancellationToken">Ends the wait for other writes; a write that has begun is brought to its end.</param>
    /// <inheritdoc cref="WriteTextAsync" path="/exception"/>
    public async Task WriteBytesAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        CheckRewritable("be written");
        await InTurnAsync(
            async file =>
            {
                // Not cancellable: in place, half a write is a broken file.
                await WriteAt(file, bytes, 0, CancellationToken.None).ConfigureAwait(false);
                RandomAccess.SetLength(file, bytes.Length);
                await SettleAsync(file, _options.FlushToDisk).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Appends text: all of it or, when it fails or is cancelled, nothing. What one call appends is never mixed with what another
    /// does.
    /// </summary>
    /// <param name="text">What to append, with its line end if it is to have one.</param>
    /// <param name="cancellationToken">Ends the wait for other writes, and the append; then nothing has been appended.</param>
    /// <inheritdoc cref="WriteTextAsync" path="/exception"/>
    public Task AppendTextAsync(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return AppendAsync(Encode(text, withPreamble: false), _options.Encoding.GetPreamble(), cancellationToken);
    }

    /// <summary>
    /// Appends bytes: all of them or, when it fails or is cancelled, none. What one call appends is never mixed with what another
    /// does.
    /// </summary>
    /// <param name="bytes">What to append. Not to be changed until the task has ended.</param>
    /// <param name="cancellationToken">Ends the wait for other writes, and the append; then nothing has been appended.</param>
    /// <inheritdoc cref="WriteTextAsync" path="/exception"/>
    public Task AppendBytesAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default) =>
        AppendAsync(bytes, [], cancellationToken);

    /// <summary>
    /// Replaces the file by one with new content, atomically: whoever opens the path, and after a crash, finds the old content or
    /// the new one, whole. The resource goes on with the new file.
    /// </summary>
    /// <param name="text">The new content.</param>
    /// <param name="cancellationToken">Ends the wait and the writing, until the new file takes the old one's place.</param>
    /// <remarks>
    /// The new content is written beside the file, brought to the disk and renamed over it. Permissions are kept on Unix; owner,
    /// group and hard links are not. When the path is a link, its target is replaced. On Windows it fails while anybody else has
    /// the file open.
    /// </remarks>
    /// <inheritdoc cref="WriteTextAsync" path="/exception"/>
    public Task ReplaceTextAsync(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return ReplaceBytesAsync(Encode(text, withPreamble: true), cancellationToken);
    }

    /// <summary><inheritdoc cref="ReplaceTextAsync" path="/summary"/></summary>
    /// <param name="bytes">The new content. Not to be changed until the task has ended.</param>
    /// <param name="cancellationToken">Ends the wait and the writing, until the new file takes the old one's place.</param>
    /// <inheritdoc cref="ReplaceTextAsync" path="/remarks"/>
    /// <inheritdoc cref="WriteTextAsync" path="/exception"/>
    public async Task ReplaceBytesAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        CheckRewritable("be replaced");
        await InTurnAsync(original => ReplaceAsync(original, bytes, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until everything written is on the disk. Does nothing in <see cref="FileResourceMode.Read"/>.</summary>
    /// <param name="cancellationToken">Ends the wait for other writes.</param>
    /// <exception cref="InvalidOperationException">The resource is not initialized.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public Task FlushAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _ = Opened();
        return CanWrite ? InTurnAsync(static file => SettleAsync(file, toDisk: true), cancellationToken) : Task.CompletedTask;
    }

    // Flushing blocks its thread for as long as the disk takes: not the caller's.
    private static async ValueTask SettleAsync(SafeFileHandle file, bool toDisk)
    {
        if (toDisk)
        {
            await Task.Run(() => RandomAccess.FlushToDisk(file)).ConfigureAwait(false);
        }
    }

    private async Task AppendAsync(ReadOnlyMemory<byte> bytes, byte[] preamble, CancellationToken cancellationToken)
    {
        if (!CanWrite)
        {
            throw WrongMode("be appended to", "Append, Write or ReadWrite");
        }

        await InTurnAsync(
            async file =>
            {
                var end = RandomAccess.GetLength(file);
                if (end == 0 && preamble.Length > 0)
                {
                    bytes = (byte[])[.. preamble, .. bytes.Span];
                }

                try
                {
                    await WriteAt(file, bytes, end, cancellationToken).ConfigureAwait(false);
                    await SettleAsync(file, _options.FlushToDisk).ConfigureAwait(false);
                }
                catch
                {
                    _tornAt = end;
                    TryTakeBack(file);
                    throw;
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask ReplaceAsync(SafeFileHandle original, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var target = FileOpener.FollowLinks(Path);
        var (file, temporary) = FileOpener.CreateBeside(target, original, Mode);
        try
        {
            await WriteAt(file, bytes, 0, cancellationToken).ConfigureAwait(false);
            await SettleAsync(file, toDisk: true).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            MoveOver(temporary, target);
        }
        catch
        {
            file.Dispose();
            File.Delete(temporary);
            throw;
        }

        var old = _file;
        _file = new SharedHandle(file);
        old?.Close();
    }

    private void MoveOver(string temporary, string target)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.Move(temporary, target, overwrite: true);
            return;
        }

        // Windows renames over no file that is open, not even one of ours.
        _file?.Close();
        try
        {
            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            _file = null;
            _file = new SharedHandle(FileOpener.Open(Path, Mode, again: true));
            throw;
        }
    }

    private async Task InTurnAsync(Func<SafeFileHandle, ValueTask> change, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _ = Opened();
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Touch();
            var file = Opened().File;
            if (_tornAt >= 0 && !TryTakeBack(file))
            {
                throw new IOException(FormattableString.Invariant(
                    $"File '{Path}' ends in part of an append that failed, from byte {_tornAt} on, and it cannot be shortened. ")
                    + "Nothing is written until it can be: look at the disk.");
            }

            await change(file).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    private bool TryTakeBack(SafeFileHandle file)
    {
        try
        {
            if (RandomAccess.GetLength(file) > _tornAt)
            {
                ShortenTo(file, _tornAt);
            }

            _tornAt = -1;
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private byte[] Encode(string text, bool withPreamble)
    {
        var bytes = _options.Encoding.GetBytes(text);
        return withPreamble && _options.Encoding.GetPreamble() is { Length: > 0 } preamble ? [.. preamble, .. bytes] : bytes;
    }

    private void CheckRewritable(string what)
    {
        if (Mode is not (FileResourceMode.Write or FileResourceMode.ReadWrite))
        {
            throw WrongMode(what, "Write or ReadWrite");
        }
    }
}
