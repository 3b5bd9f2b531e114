using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Pepper.Resources.Providers;

/// <summary>The entries that a <see cref="CachedStorage"/> keeps: bounded in bytes, the longest unused goes first.</summary>
internal sealed class CachedEntries(StorageCacheOptions options, TimeProvider timeProvider)
{
    private const int Stripes = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Item>> _items = new(StringComparer.Ordinal);
    private readonly LinkedList<Item> _byUse = new();
    private readonly long[] _versions = new long[Stripes];
    private long _bytes;

    internal int LargestEntry => options.MaxEntryBytes;

    /// <summary>Raised by each write: what was read before it must not be kept after it.</summary>
    internal long VersionOf(string key) => Volatile.Read(ref _versions[StripeOf(key)]);

    internal bool TryGet(string key, [NotNullWhen(true)] out StorageEntry? entry, [NotNullWhen(true)] out byte[]? content)
    {
        var now = timeProvider.GetUtcNow();
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            (entry, content) = (null, null);
            if (!_items.TryGetValue(key, out var node))
            {
                return false;
            }

            if (timeProvider.GetElapsedTime(node.Value.ReadAt) >= options.MaxAge || node.Value.Entry.ExpiresAt <= now)
            {
                Remove_NeedsLock(node);
                return false;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            (entry, content) = (node.Value.Entry, node.Value.Content);
            return true;
        }
    }

    internal void Add(string key, StorageEntry entry, byte[] content, long version, long readAt)
    {
        var item = new Item(key, entry, content, readAt);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_versions[StripeOf(key)] != version || item.Bytes > options.MaxBytes)
            {
                return;
            }

            if (_items.TryGetValue(key, out var old))
            {
                Remove_NeedsLock(old);
            }

            _items[key] = _byUse.AddFirst(item);
            _bytes += item.Bytes;
            while (_bytes > options.MaxBytes)
            {
                Remove_NeedsLock(_byUse.Last!);
            }
        }
    }

    internal void Remove(string key)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _versions[StripeOf(key)]++;
            if (_items.TryGetValue(key, out var node))
            {
                Remove_NeedsLock(node);
            }
        }
    }

    internal void Clear()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            for (var stripe = 0; stripe < Stripes; stripe++)
            {
                _versions[stripe]++;
            }

            _items.Clear();
            _byUse.Clear();
            _bytes = 0;
        }
    }

    private void Remove_NeedsLock(LinkedListNode<Item> node)
    {
        _byUse.Remove(node);
        _items.Remove(node.Value.Key);
        _bytes -= node.Value.Bytes;
    }

    private static int StripeOf(string key) => (int)((uint)StringComparer.Ordinal.GetHashCode(key) % Stripes);

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_items.Count == _byUse.Count, "Each entry has its place in the order of use.");
        Debug.Assert(_bytes >= 0 && _bytes <= options.MaxBytes, "The bytes are bounded.");
    }

    private sealed record Item(string Key, StorageEntry Entry, byte[] Content, long ReadAt)
    {
        // A guess at what an entry costs beside its content, so that empty ones are bounded too.
        private const int Overhead = 256;

        internal long Bytes => Content.Length + (2 * Key.Length) + Overhead;
    }
}
