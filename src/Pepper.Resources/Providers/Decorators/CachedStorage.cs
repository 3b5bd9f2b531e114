namespace Pepper.Resources.Providers;

/// <summary>
/// Reads small entries from memory for a while. Conditions, lists and writes go to the storage; a write through here takes
/// the entry out before and after, so that no reader sees the old one once the write has ended.
/// </summary>
internal sealed class CachedStorage(IStorage inner, StorageCacheOptions options, TimeProvider timeProvider)
    : DelegatingStorage(inner)
{
    private readonly CachedEntries _entries = new(options, timeProvider);

    public override async ValueTask<StorageObject?> GetAsync(
        string key, StorageGetOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (options is { IfMatch: not null })
        {
            return await Inner.GetAsync(key, options, cancellationToken).ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (_entries.TryGet(key, out var entry, out var content))
        {
            return Open(entry, content, options);
        }

        // Another may write from here on: what is read is as old as this.
        var (version, readAt) = (_entries.VersionOf(key), timeProvider.GetTimestamp());
        if (options is not null)
        {
            return await Inner.GetAsync(key, options, cancellationToken).ConfigureAwait(false);
        }

        var found = await Inner.GetAsync(key, null, cancellationToken).ConfigureAwait(false);
        if (found is null || found.Entry.Size > _entries.LargestEntry)
        {
            return found;
        }

        await using (found.ConfigureAwait(false))
        {
            var bytes = new byte[found.Entry.Size];
            await found.Content.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
            _entries.Add(key, found.Entry, bytes, version, readAt);
            return Open(found.Entry, bytes, null);
        }
    }

    public override ValueTask<StorageEntry?> StatAsync(string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return !cancellationToken.IsCancellationRequested && _entries.TryGet(key, out var entry, out _)
            ? new ValueTask<StorageEntry?>(entry) : Inner.StatAsync(key, cancellationToken);
    }

    public override ValueTask<bool> ExistsAsync(string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return !cancellationToken.IsCancellationRequested && _entries.TryGet(key, out _, out _)
            ? new ValueTask<bool>(true) : Inner.ExistsAsync(key, cancellationToken);
    }

    protected override async ValueTask<TResult> RunAsync<TResult>(
        StorageCall asked, Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken)
    {
        Forget(asked);
        try
        {
            return await work(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Forget(asked);
        }
    }

    private void Forget(StorageCall asked)
    {
        if (asked.Operation is "put" or "delete" or "set-ttl" && asked.Key is not null)
        {
            _entries.Remove(asked.Key);
        }
        else if (asked.Operation == "delete-prefix")
        {
            _entries.Clear();
        }
    }

    private static StorageObject Open(StorageEntry entry, byte[] content, StorageGetOptions? options)
    {
        if (options?.IfNoneMatch == entry.ETag)
        {
            return new StorageObject(entry, Stream.Null, isNotModified: true);
        }

        var (offset, length) = (options?.Range ?? StorageRange.From(0)).Within(entry.Size);
        return new StorageObject(entry, new MemoryStream(content, (int)offset, (int)length, writable: false));
    }
}
