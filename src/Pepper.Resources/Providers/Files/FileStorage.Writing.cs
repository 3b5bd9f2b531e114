using Microsoft.Win32.SafeHandles;

namespace Pepper.Resources.Providers;

/// <content>How files are written and listed.</content>
internal sealed partial class FileStorage
{
    private const int CopyBuffer = 64 * 1024;

    public async ValueTask<StoragePage> ListAsync(
        StorageListOptions? options = null, CancellationToken cancellationToken = default)
    {
        ThrowIfClosed();
        cancellationToken.ThrowIfCancellationRequested();
        var (prefix, after, size) = StorageRules.CheckList(options, Capabilities);
        var files = await FindAsync(prefix, after, skipsDamaged: false, cancellationToken).ConfigureAwait(false);
        List<StorageEntry> entries = new(Math.Min(size, files.Count));
        var last = Array.Empty<byte>();
        var now = Now;
        foreach (var key in files)
        {
            if (entries.Count == size)
            {
                return new StoragePage(entries, StorageRules.GetContinuation(last));
            }

            var header = await ReadHeaderAsync(key, StorageRules.GetKey(key), cancellationToken).ConfigureAwait(false);
            if (header is not null && !header.IsExpired(now))
            {
                entries.Add(header.ToEntry());
                last = key;
            }
        }

        return new StoragePage(entries, null);
    }

    public async ValueTask<int> PurgeExpiredAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfClosed();
        var purged = 0;
        foreach (var key in await FindAsync([], [], skipsDamaged: true, cancellationToken).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using (await root.EnterAsync(key, cancellationToken).ConfigureAwait(false))
            {
                if (await IsExpiredAsync(key, cancellationToken).ConfigureAwait(false))
                {
                    File.Delete(PathOf(key));
                    purged++;
                }
            }
        }

        return purged;
    }

    private async ValueTask<bool> IsExpiredAsync(byte[] key, CancellationToken cancellationToken)
    {
        try
        {
            using var file = OpenFile(PathOf(key), StorageRules.GetKey(key));
            return file is not null && (await FileHeader.ReadAsync(file, StorageRules.GetKey(key), cancellationToken)
                .ConfigureAwait(false)).IsExpired(Now);
        }
        catch (StorageCorruptException)
        {
            // Nobody knows when it expires; whoever reads it is told, and the others need not stay for it.
            return false;
        }
    }

    /// <summary>The keys that begin so and follow that one, in order; of regular files alone.</summary>
    private async ValueTask<List<byte[]>> FindAsync(
        byte[] prefix, byte[] after, bool skipsDamaged, CancellationToken cancellationToken)
    {
        List<byte[]> keys = [];
        foreach (var file in new DirectoryInfo(root.Entries).EnumerateFiles())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var key = FileNames.Read(file.Name, out var isHashed);
            if (file.Attributes.HasFlag(FileAttributes.ReparsePoint))
            {
                continue;
            }

            if (isHashed)
            {
                key = await ReadKeyAsync(file, skipsDamaged, cancellationToken).ConfigureAwait(false);
            }

            if (key is not null && key.AsSpan().StartsWith(prefix) && key.AsSpan().SequenceCompareTo(after) > 0)
            {
                keys.Add(key);
            }
        }

        keys.Sort(static (left, right) => left.AsSpan().SequenceCompareTo(right));
        return keys;
    }

    private static async ValueTask<byte[]?> ReadKeyAsync(FileInfo file, bool skipsDamaged, CancellationToken cancellationToken)
    {
        try
        {
            using var open = OpenFile(file.FullName, file.Name);
            return open is null
                ? null : (await FileHeader.ReadAsync(open, file.Name, cancellationToken).ConfigureAwait(false)).Key;
        }
        catch (StorageCorruptException) when (skipsDamaged)
        {
            return null;
        }
    }

    private async ValueTask<StorageEntry> WriteAsync(
        FileHeader header, string? ifMatch, bool ifAbsent, Func<SafeFileHandle, long, ValueTask<long>> writeContent,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var key = StorageRules.GetKey(header.Key);
        var path = Path.Combine(root.Unfinished, header.ETag);
        var isInPlace = false;
        try
        {
            FileHeader written;
            using (var file = File.OpenHandle(
                path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous))
            {
                written = WithSize(header, await writeContent(file, header.Length).ConfigureAwait(false));
                await RandomAccess.WriteAsync(file, written.ToBytes(), 0, cancellationToken).ConfigureAwait(false);
                if (options.FlushToDisk)
                {
                    await Task.Run(() => RandomAccess.FlushToDisk(file), CancellationToken.None).ConfigureAwait(false);
                }
            }

            using (await root.EnterAsync(header.Key, cancellationToken).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (ifMatch is not null || ifAbsent)
                {
                    var there = await ReadHeaderAsync(header.Key, key, cancellationToken).ConfigureAwait(false);
                    StorageRules.CheckCondition(key, ifMatch, ifAbsent, there?.ETag);
                }

                // A stream may have been longer than the provider: the folder may be another's by now.
                ThrowIfClosed();
                File.Move(path, PathOf(header.Key), overwrite: true);
                isInPlace = true;
            }

            await FlushFolderAsync().ConfigureAwait(false);
            return written.ToEntry();
        }
        finally
        {
            if (!isInPlace)
            {
                File.Delete(path);
            }
        }
    }

    private async ValueTask<long> CopyAsync(
        string key, Stream content, SafeFileHandle file, long offset, CancellationToken cancellationToken)
    {
        var buffer = new byte[CopyBuffer];
        var size = 0L;
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            StorageRules.CheckSize(key, size + read, Capabilities);
            await RandomAccess.WriteAsync(file, buffer.AsMemory(0, read), offset + size, cancellationToken).ConfigureAwait(false);
            size += read;
        }

        return size;
    }

    private static FileHeader WithSize(FileHeader header, long size) => new()
    {
        Key = header.Key,
        ETag = header.ETag,
        ModifiedAt = header.ModifiedAt,
        ExpiresAt = header.ExpiresAt,
        Metadata = header.Metadata,
        Size = size,
    };

    private Task FlushFolderAsync() =>
        options.FlushToDisk ? Task.Run(() => FolderFlush.Flush(root.Entries), CancellationToken.None) : Task.CompletedTask;
}
