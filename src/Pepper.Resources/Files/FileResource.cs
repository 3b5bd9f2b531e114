using System.Runtime.CompilerServices;
using System.Text;

namespace Pepper.Resources.Files;

/// <summary>
/// One open file. It opens when it is initialized and closes when it is disposed; in between it reads and writes by position, so
/// that any number of holders can share it.
/// </summary>
/// <remarks>
/// <para>Every member may be called from any thread. Writes, appends and replaces happen one after the other; reads happen beside
/// each other. A whole read (<see cref="ReadTextAsync"/>, <see cref="ReadBytesAsync"/>) waits its turn among this resource's
/// writes and never sees half of one; <see cref="ReadAsync"/> and <see cref="ReadLinesAsync"/> do not wait.</para>
/// <para>The file is opened so that others may read, replace and delete it, and in <see cref="FileResourceMode.Read"/> write it
/// as well. On Unix that is advice, which programs may ignore: let one resource own a file that is written.</para>
/// </remarks>
public sealed partial class FileResource : Resource
{
    private readonly FileResourceOptions _options;

    // Asynchronous, as it is held across writes.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private volatile SharedHandle? _file;
    private bool _openedBefore;

    /// <summary>Makes the resource; the file is not opened yet.</summary>
    /// <param name="path">The file. A relative path is taken from the current folder of this moment.</param>
    /// <param name="options">How it is opened. Default: for reading.</param>
    /// <param name="timeProvider">Where the resource takes the time from. Default: the system's.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty, or options cannot be used; the message lists
    /// all.</exception>
    public FileResource(string path, FileResourceOptions? options = null, TimeProvider? timeProvider = null)
        : base((options ?? new FileResourceOptions()).Frozen().ToMetadata(), timeProvider)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        Path = System.IO.Path.GetFullPath(path);
        _options = (options ?? new FileResourceOptions()).Frozen();
    }

    /// <summary>The full path of the file.</summary>
    public string Path { get; }

    /// <summary>What may be done with the file.</summary>
    public FileResourceMode Mode => _options.Mode;

    /// <summary>How long the file is now, in bytes.</summary>
    /// <exception cref="InvalidOperationException">The resource is not initialized.</exception>
    /// <exception cref="ObjectDisposedException">The resource has been disposed.</exception>
    public long Length
    {
        get
        {
            while (true)
            {
                var file = Opened();
                if (!file.TryEnter())
                {
                    // It has just been replaced: look again.
                    continue;
                }

                try
                {
                    return RandomAccess.GetLength(file.File);
                }
                finally
                {
                    file.Leave();
                }
            }
        }
    }

    /// <summary>Reads the whole file as text.</summary>
    /// <param name="cancellationToken">Ends the wait and the reading.</param>
    /// <returns>The text, without a byte order mark.</returns>
    /// <exception cref="InvalidOperationException">The resource is not initialized.</exception>
    /// <exception cref="NotSupportedException">The mode does not read.</exception>
    /// <exception cref="IOException">The file is longer than <see cref="FileResourceOptions.MaxReadBytes"/>, or reading
    /// failed.</exception>
    public async Task<string> ReadTextAsync(CancellationToken cancellationToken = default)
    {
        var bytes = await ReadBytesAsync(cancellationToken).ConfigureAwait(false);
        using var reader = new StreamReader(new MemoryStream(bytes), _options.Encoding, detectEncodingFromByteOrderMarks: true);
        return await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads the whole file.</summary>
    /// <param name="cancellationToken">Ends the wait and the reading.</param>
    /// <inheritdoc cref="ReadTextAsync" path="/exception"/>
    public async Task<byte[]> ReadBytesAsync(CancellationToken cancellationToken = default)
    {
        CheckReadable();
        cancellationToken.ThrowIfCancellationRequested();
        if (!CanWrite)
        {
            return await ReadAllAsync(cancellationToken).ConfigureAwait(false);
        }

        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await ReadAllAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Reads from a position on, as many bytes as there are, at most as many as fit.</summary>
    /// <param name="offset">Where to begin, in bytes from the start; not negative.</param>
    /// <param name="buffer">Where to put the bytes.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>How many bytes were read: fewer than fit at the end of the file, none behind it.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="offset"/> is negative.</exception>
    /// <inheritdoc cref="ReadTextAsync" path="/exception"/>
    public async ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        CheckReadable();
        cancellationToken.ThrowIfCancellationRequested();
        var file = await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await FillAsync(file, offset, buffer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            file.Leave();
        }
    }

    /// <summary>
    /// Reads the file line by line, whatever its length; each line is held in memory. A replace that happens meanwhile does not
    /// show: the lines are those of the file that was there at the first one.
    /// </summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <inheritdoc cref="ReadTextAsync" path="/exception"/>
    public IAsyncEnumerable<string> ReadLinesAsync(CancellationToken cancellationToken = default)
    {
        CheckReadable();
        return EnumerateLinesAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async ValueTask OnInitializeAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Close();
            if (_options.CreateDirectory && Mode != FileResourceMode.Read && System.IO.Path.GetDirectoryName(Path) is { } folder)
            {
                Directory.CreateDirectory(folder);
            }

            _file = new SharedHandle(FileOpener.Open(Path, Mode, _openedBefore));
            _openedBefore = true;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    protected override async ValueTask OnCleanupAsync()
    {
        // The turn lets a write that is under way end first.
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            Close();
        }
        finally
        {
            _turn.Release();
        }
    }

    private static async ValueTask<int> FillAsync(
        SharedHandle file, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var total = 0;
        while (total < buffer.Length)
        {
            var rest = buffer[total..];
            var count = await RandomAccess.ReadAsync(file.File, rest, offset + total, cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                break;
            }

            total += count;
        }

        return total;
    }

    private void Close()
    {
        if (_file is not { } file)
        {
            return;
        }

        if (_tornAt >= 0)
        {
            TryTakeBack(file.File);
            _tornAt = -1;
        }

        _file = null;
        file.Close();
    }

    private async Task<byte[]> ReadAllAsync(CancellationToken cancellationToken)
    {
        var file = await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var length = RandomAccess.GetLength(file.File);
            if (length > _options.MaxReadBytes)
            {
                throw new IOException(FormattableString.Invariant(
                    $"File '{Path}' has {length} bytes, more than the {_options.MaxReadBytes} of ")
                    + "FileResourceOptions.MaxReadBytes: raise it, or read by ReadAsync or ReadLinesAsync.");
            }

            var bytes = new byte[length];
            var count = await FillAsync(file, 0, bytes, cancellationToken).ConfigureAwait(false);
            return count == bytes.Length ? bytes : bytes[..count];
        }
        finally
        {
            file.Leave();
        }
    }

    private async IAsyncEnumerable<string> EnumerateLinesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var file = await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using var reader = new StreamReader(new PositionalStream(file.File), _options.Encoding);
            while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
            {
                yield return line;
            }
        }
        finally
        {
            file.Leave();
        }
    }

    /// <summary>The open file, entered. While it is being exchanged, waits until it has been.</summary>
    private async ValueTask<SharedHandle> EnterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Touch();
            var file = Opened();
            if (file.TryEnter())
            {
                return file;
            }

            await Task.Yield();
        }
    }

    private SharedHandle Opened()
    {
        if (_file is { } file)
        {
            return file;
        }

        ObjectDisposedException.ThrowIf(State == ResourceState.Disposed, this);
        throw new InvalidOperationException(
            $"File '{Path}' is not open: call InitializeAsync on its FileResource first, "
            + "or register it with a ResourceManager, which does.");
    }

    private void CheckReadable()
    {
        if (Mode is not (FileResourceMode.Read or FileResourceMode.ReadWrite))
        {
            throw WrongMode("be read", "Read or ReadWrite");
        }
    }

    private NotSupportedException WrongMode(string what, string instead) => new(
        $"File '{Path}' cannot {what} in mode {Mode}: set FileResourceOptions.Mode to {instead}.");
}
