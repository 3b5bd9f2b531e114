namespace Pepper.Resources.Providers;

/// <summary>An entry that was opened: what is known of it, and its content. Dispose it. For one user at a time.</summary>
public sealed class StorageObject : IAsyncDisposable
{
    private Func<ValueTask>? _onDisposed;

    /// <summary>Makes one.</summary>
    /// <param name="entry">What is known of it.</param>
    /// <param name="content">The content that was asked for; it is disposed with this object.</param>
    /// <param name="isNotModified">Whether the content was left out, as the reader has this version.</param>
    /// <param name="onDisposed">Called once, after the content was disposed. Default: nothing.</param>
    /// <exception cref="ArgumentNullException"><paramref name="entry"/> or <paramref name="content"/> is null.</exception>
    public StorageObject(StorageEntry entry, Stream content, bool isNotModified = false, Func<ValueTask>? onDisposed = null)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(content);
        Entry = entry;
        Content = content;
        IsNotModified = isNotModified;
        _onDisposed = onDisposed;
    }

    /// <summary>What is known of it.</summary>
    public StorageEntry Entry { get; }

    /// <summary>The content, or the part that was asked for. Empty when <see cref="IsNotModified"/>.</summary>
    public Stream Content { get; }

    /// <summary>Whether the entry still has the ETag in <see cref="StorageGetOptions.IfNoneMatch"/>.</summary>
    public bool IsNotModified { get; }

    /// <summary>Closes the content. Twice is harmless.</summary>
    /// <returns>Ends when it is closed.</returns>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Content.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            // What stands behind it must not stay held because the content could not be closed.
            if (Interlocked.Exchange(ref _onDisposed, null) is { } onDisposed)
            {
                await onDisposed().ConfigureAwait(false);
            }
        }
    }
}
