using System.Diagnostics;
using Pepper.Resources.Providers;

namespace ProviderSample;

internal sealed class DictionaryOptions
{
    public int MaxContentBytes { get; set; } = 1024 * 1024;
}

/// <summary>
/// A third party's storage provider: entries in a dictionary. It knows no time to live, and says so by not declaring one.
/// </summary>
internal sealed class DictionaryProvider(string name, DictionaryOptions options, TimeProvider time)
    : StorageProvider<DictionaryOptions>(
        new ProviderMetadata
        {
            Name = name,
            Type = ProviderType.Storage,
            Capabilities = new HashSet<string> { ProviderCapabilities.Store, ProviderCapabilities.Retrieve },
        },
        options)
{
    public override Task ValidateAsync(CancellationToken cancellationToken = default) => Config.MaxContentBytes > 0
        ? Task.CompletedTask
        : throw new ArgumentException($"MaxContentBytes is {Config.MaxContentBytes}, but must be above zero.");

    public override Task InitializeAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Storage ??= new DictionaryStorage(Config.MaxContentBytes, time);
        return Task.CompletedTask;
    }

    public override Task CleanupAsync(CancellationToken cancellationToken = default)
    {
        (Storage as DictionaryStorage)?.Close();
        Storage = null;
        return Task.CompletedTask;
    }
}

internal sealed class DictionaryStorage(int maxContentBytes, TimeProvider time) : IStorage
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, (StorageEntry Entry, byte[] Content)> _entries =
        new(Comparer<string>.Create(static (left, right) => Bytes(left).AsSpan().SequenceCompareTo(Bytes(right))));
    private bool _isClosed;

    public StorageCapabilities Capabilities { get; } = new() { MaxContentBytes = maxContentBytes, IsDurable = false };

    public void Close() => Volatile.Write(ref _isClosed, true);

    public ValueTask<StorageEntry> PutAsync(
        string key, ReadOnlyMemory<byte> content, StoragePutOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        StorageRules.CheckPut(key, options, Capabilities, canExpire: false);
        StorageRules.CheckSize(key, content.Length, Capabilities);
        var entry = new StorageEntry
        {
            Key = key,
            Size = content.Length,
            ETag = StorageRules.NewETag(),
            ModifiedAt = time.GetUtcNow(),
            Metadata = new Dictionary<string, string>(options?.Metadata ?? new Dictionary<string, string>()),
        };
        return Do(key, there =>
        {
            StorageRules.CheckCondition(key, options?.IfMatch, options?.IfAbsent == true, there?.Entry.ETag);
            _entries[key] = (entry, content.ToArray());
            return entry;
        }, cancellationToken);
    }

    public async ValueTask<StorageEntry> PutAsync(
        string key, Stream content, StoragePutOptions? options = null, CancellationToken cancellationToken = default) =>
        await PutAsync(
            key, await StorageRules.ReadAllAsync(key, content, Capabilities, cancellationToken), options, cancellationToken);

    public ValueTask<StorageObject?> GetAsync(
        string key, StorageGetOptions? options = null, CancellationToken cancellationToken = default) =>
        Do(key, there =>
        {
            StorageRules.CheckCondition(key, options?.IfMatch, ifAbsent: false, there?.Entry.ETag);
            if (there is not { } found)
            {
                return null;
            }

            var isSame = options?.IfNoneMatch == found.Entry.ETag;
            var (offset, length) = (options?.Range ?? StorageRange.From(0)).Within(found.Entry.Size);
            return new StorageObject(
                found.Entry, new MemoryStream(found.Content, (int)offset, isSame ? 0 : (int)length, writable: false), isSame);
        }, cancellationToken);

    public ValueTask<StorageEntry?> StatAsync(string key, CancellationToken cancellationToken = default) =>
        Do(key, static there => there?.Entry, cancellationToken);

    public ValueTask<bool> ExistsAsync(string key, CancellationToken cancellationToken = default) =>
        Do(key, static there => there is not null, cancellationToken);

    public ValueTask<bool> DeleteAsync(string key, string? ifMatch = null, CancellationToken cancellationToken = default) =>
        Do(key, there =>
        {
            StorageRules.CheckCondition(key, ifMatch, ifAbsent: false, there?.Entry.ETag);
            return _entries.Remove(key);
        }, cancellationToken);

    public ValueTask<StoragePage> ListAsync(StorageListOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (prefix, after, size) = StorageRules.CheckList(options, Capabilities);
        return Do("a", _ =>
        {
            List<StorageEntry> found =
            [
                .. _entries.Values.Select(static one => one.Entry).Where(entry => Bytes(entry.Key).AsSpan() is var bytes
                    && bytes.StartsWith(prefix) && bytes.SequenceCompareTo(after) > 0).Take(size + 1),
            ];
            return found.Count <= size
                ? new StoragePage(found, null)
                : new StoragePage(found[..size], StorageRules.GetContinuation(Bytes(found[size - 1].Key)));
        }, cancellationToken);
    }

    private static byte[] Bytes(string key) => System.Text.Encoding.UTF8.GetBytes(key);

    private ValueTask<TResult> Do<TResult>(
        string key, Func<(StorageEntry Entry, byte[] Content)?, TResult> work, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isClosed), this);
        cancellationToken.ThrowIfCancellationRequested();
        _ = StorageRules.GetKeyBytes(key, Capabilities);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            return new ValueTask<TResult>(work(_entries.TryGetValue(key, out var there) ? there : null));
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock() => Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
}
