using Microsoft.Win32.SafeHandles;

namespace Pepper.Resources.Providers;

/// <summary>
/// Entries as files. A file is written aside, flushed, and renamed into place: a reader sees the old one or the new one.
/// </summary>
internal sealed partial class FileStorage(FileStorageRoot root, FileStorageOptions options, TimeProvider timeProvider)
    : IStorage, IExpiringStorage
{
    private int _isClosed;

    public StorageCapabilities Capabilities { get; } = new()
    {
        MaxContentBytes = options.MaxContentBytes,
        IsDurable = options.FlushToDisk,
    };

    public TimeSpan TimeToLiveGranularity => TimeSpan.FromMilliseconds(1);

    private DateTimeOffset Now => timeProvider.GetUtcNow();

    public async ValueTask<StorageEntry> PutAsync(
        string key, ReadOnlyMemory<byte> content, StoragePutOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        var header = Prepare(key, options);
        StorageRules.CheckSize(key, content.Length, Capabilities);
        return await WriteAsync(header, options?.IfMatch, options?.IfAbsent == true, async (file, offset) =>
        {
            await RandomAccess.WriteAsync(file, content, offset, cancellationToken).ConfigureAwait(false);
            return content.Length;
        }, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<StorageEntry> PutAsync(
        string key, Stream content, StoragePutOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var header = Prepare(key, options);
        return await WriteAsync(
            header, options?.IfMatch, options?.IfAbsent == true,
            (file, offset) => CopyAsync(key, content, file, offset, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<StorageObject?> GetAsync(
        string key, StorageGetOptions? options = null, CancellationToken cancellationToken = default)
    {
        var bytes = Begin(key, cancellationToken);
        var found = await OpenAsync(bytes, key, cancellationToken).ConfigureAwait(false);
        if (found is not { } open)
        {
            StorageRules.CheckCondition(key, options?.IfMatch, ifAbsent: false, null);
            return null;
        }

        var isTaken = false;
        try
        {
            var entry = open.Header.ToEntry();
            StorageRules.CheckCondition(key, options?.IfMatch, ifAbsent: false, entry.ETag);
            if (options?.IfNoneMatch == entry.ETag)
            {
                return new StorageObject(entry, Stream.Null, isNotModified: true);
            }

            var (offset, length) = (options?.Range ?? StorageRange.From(0)).Within(entry.Size);
            isTaken = true;
            return new StorageObject(entry, new RangeStream(open.File, open.Header.Length + offset, length));
        }
        finally
        {
            if (!isTaken)
            {
                open.File.Dispose();
            }
        }
    }

    public async ValueTask<StorageEntry?> StatAsync(string key, CancellationToken cancellationToken = default)
    {
        var bytes = Begin(key, cancellationToken);
        return (await ReadHeaderAsync(bytes, key, cancellationToken).ConfigureAwait(false))?.ToEntry();
    }

    public async ValueTask<bool> ExistsAsync(string key, CancellationToken cancellationToken = default) =>
        await StatAsync(key, cancellationToken).ConfigureAwait(false) is not null;

    public async ValueTask<bool> DeleteAsync(
        string key, string? ifMatch = null, CancellationToken cancellationToken = default)
    {
        var bytes = Begin(key, cancellationToken);
        using (await root.EnterAsync(bytes, cancellationToken).ConfigureAwait(false))
        {
            var path = PathOf(bytes);
            FileHeader? header;
            try
            {
                header = await ReadHeaderAsync(bytes, key, cancellationToken).ConfigureAwait(false);
            }
            catch (StorageCorruptException) when (ifMatch is null)
            {
                // What is damaged, or a link, can be deleted all the same; a link goes, and not what it points at.
                header = null;
            }

            StorageRules.CheckCondition(key, ifMatch, ifAbsent: false, header?.ETag);
            if (!Exists(path))
            {
                return false;
            }

            File.Delete(path);
            await FlushFolderAsync().ConfigureAwait(false);
            return header is not null;
        }
    }

    public async ValueTask<StorageEntry?> SetTimeToLiveAsync(
        string key, TimeSpan? timeToLive, string? ifMatch = null, CancellationToken cancellationToken = default)
    {
        var bytes = Begin(key, cancellationToken);
        StorageRules.CheckTimeToLive(timeToLive);
        while (true)
        {
            var old = await OpenAsync(bytes, key, cancellationToken).ConfigureAwait(false);
            StorageRules.CheckCondition(key, ifMatch, ifAbsent: false, old?.Header.ETag);
            if (old is not { } open)
            {
                return null;
            }

            using var file = open.File;
            using var content = new RangeStream(open.File, open.Header.Length, open.Header.Size);
            var header = new FileHeader
            {
                Key = bytes,
                ETag = StorageRules.NewETag(),
                ModifiedAt = open.Header.ModifiedAt,
                ExpiresAt = StorageRules.GetExpiry(timeToLive, Now),
                Metadata = open.Header.Metadata,
            };
            try
            {
                return await WriteAsync(
                    header, open.Header.ETag, ifAbsent: false,
                    (copy, offset) => CopyAsync(key, content, copy, offset, cancellationToken), cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (StorageConflictException) when (ifMatch is null)
            {
                // Somebody wrote meanwhile, and no version was asked for: that one is given the time.
            }
        }
    }

    internal ProviderHealth CheckHealth()
    {
        try
        {
            root.ThrowIfLinked();
            return ProviderHealth.Healthy;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new ProviderHealth(ResourceHealth.Unhealthy, failure.Message);
        }
    }

    internal void Close()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            root.Close();
        }
    }

    private FileHeader Prepare(string key, StoragePutOptions? options)
    {
        ThrowIfClosed();
        var bytes = StorageRules.GetKeyBytes(key, Capabilities);
        StorageRules.CheckPut(key, options, Capabilities, canExpire: true);
        return new FileHeader
        {
            Key = bytes,
            ETag = StorageRules.NewETag(),
            ModifiedAt = Now,
            ExpiresAt = StorageRules.GetExpiry(options?.TimeToLive, Now),
            Metadata = StorageRules.WriteMetadata(options?.Metadata),
        };
    }

    private byte[] Begin(string key, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        cancellationToken.ThrowIfCancellationRequested();
        return StorageRules.GetKeyBytes(key, Capabilities);
    }

    private void ThrowIfClosed()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isClosed) != 0, this);
        root.ThrowIfLinked();
    }

    private string PathOf(ReadOnlySpan<byte> key) => Path.Combine(root.Entries, FileNames.Of(key));

    /// <summary>The entry's file and its header; null when there is none, or it has expired.</summary>
    private async ValueTask<(SafeFileHandle File, FileHeader Header)?> OpenAsync(
        byte[] key, string name, CancellationToken cancellationToken)
    {
        var path = PathOf(key);
        var file = OpenFile(path, name);
        if (file is null)
        {
            return null;
        }

        try
        {
            var header = await FileHeader.ReadAsync(file, name, cancellationToken).ConfigureAwait(false);
            if (!header.Key.AsSpan().SequenceEqual(key))
            {
                throw new StorageCorruptException($"The file of the entry '{name}' is damaged: it holds another key.", name);
            }

            if (!header.IsExpired(Now))
            {
                return (file, header);
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }

        file.Dispose();
        return null;
    }

    private async ValueTask<FileHeader?> ReadHeaderAsync(byte[] key, string name, CancellationToken cancellationToken)
    {
        var found = await OpenAsync(key, name, cancellationToken).ConfigureAwait(false);
        found?.File.Dispose();
        return found?.Header;
    }

    private static SafeFileHandle? OpenFile(string path, string name)
    {
        try
        {
            var attributes = File.GetAttributes(path);
            if (attributes.HasFlag(FileAttributes.ReparsePoint) || attributes.HasFlag(FileAttributes.Directory))
            {
                throw new StorageCorruptException(
                    $"In the place of the entry '{name}' is a link or a folder: it is not followed.", name);
            }

            // Whoever replaces or deletes the file meanwhile is not kept from it, and the reader keeps what it has opened.
            return File.OpenHandle(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static bool Exists(string path)
    {
        try
        {
            // Unlike File.Exists, this sees a link that leads nowhere.
            _ = File.GetAttributes(path);
            return true;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }
}
