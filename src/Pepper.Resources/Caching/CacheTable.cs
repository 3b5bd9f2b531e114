using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Pepper.Resources.Caching;

/// <summary>
/// Entries by key: a hash table whose links are the entries themselves, which saves the node that a dictionary would add to
/// each. Read without a lock, changed under the cache's.
/// </summary>
/// <remarks>
/// <para>An entry that is taken out keeps its link, so a reader that stands on it goes on. A reader meets every entry that is
/// there all the time while it looks, but for one case: the table grows, which links entries anew. Growing makes the version
/// odd before and even after; a reader that has found nothing and sees that the version was odd, or has changed, looks again.
/// What it does find is always right, as keys do not change.</para>
/// <para>While it grows, each entry is linked in front of entries that were linked anew before it: from wherever a reader
/// stands, there is no way round in a circle.</para>
/// </remarks>
internal sealed class CacheTable<TKey>
    where TKey : notnull
{
    private const int SmallestSize = 16;

    private readonly IEqualityComparer<TKey> _comparer;

    // The two ways of comparing that the compiler can make cheap.
    private readonly bool _isDefault;
    private readonly bool _isOrdinal;

    private CacheEntry<TKey>?[] _buckets = new CacheEntry<TKey>?[SmallestSize];
    private int _version;

    internal CacheTable(IEqualityComparer<TKey>? comparer)
    {
        _comparer = comparer ?? EqualityComparer<TKey>.Default;
        _isDefault = typeof(TKey).IsValueType && ReferenceEquals(_comparer, EqualityComparer<TKey>.Default);
        _isOrdinal = typeof(TKey) == typeof(string)
            && (ReferenceEquals(_comparer, EqualityComparer<TKey>.Default) || ReferenceEquals(_comparer, StringComparer.Ordinal));
    }

    internal IEqualityComparer<TKey> Comparer => _comparer;

    internal int Count { get; private set; }

    internal int BucketCount => _buckets.Length;

    /// <summary>Changes when entries were linked anew.</summary>
    internal int Version => _version;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int HashOf(TKey key) => _isDefault || _isOrdinal ? key.GetHashCode() : _comparer.GetHashCode(key);

    /// <summary>The entry of the key; null when there is none. From any thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal CacheEntry<TKey>? Find(TKey key)
    {
        var hash = HashOf(key);
        var version = Volatile.Read(ref _version);
        var entry = Search(key, hash);
        return entry is not null || ((version & 1) == 0 && Volatile.Read(ref _version) == version) ? entry : FindAgain(key, hash);
    }

    /// <summary>Puts an entry in whose key is not there.</summary>
    internal void Add_NeedsLock(CacheEntry<TKey> entry)
    {
        if (Count >= _buckets.Length && _buckets.Length <= 1 << 29)
        {
            Grow_NeedsLock();
        }

        ref var bucket = ref _buckets[IndexOf(entry.Hash, _buckets.Length)];
        Volatile.Write(ref entry.Chain, bucket);
        Volatile.Write(ref bucket, entry);
        Count++;
    }

    /// <summary>Takes an entry out; false when it is not there.</summary>
    internal bool Remove_NeedsLock(CacheEntry<TKey> entry)
    {
        ref var link = ref FindLink_NeedsLock(entry);
        if (link is null)
        {
            return false;
        }

        Volatile.Write(ref link, entry.Chain);
        Count--;
        return true;
    }

    /// <summary>
    /// Lets an entry that was taken out, and that somebody may hold for long, keep nothing else alive. Whoever stands on it
    /// looks again.
    /// </summary>
    internal void Cut_NeedsLock(CacheEntry<TKey> entry)
    {
        Interlocked.Increment(ref _version);
        Volatile.Write(ref entry.Chain, null);
        Interlocked.Increment(ref _version);
    }

    /// <summary>Puts an entry in the place of another of the same key; no reader finds neither.</summary>
    internal void Replace_NeedsLock(CacheEntry<TKey> old, CacheEntry<TKey> entry)
    {
        ref var link = ref FindLink_NeedsLock(old);
        Debug.Assert(link is not null, "What is replaced is in the table.");
        Volatile.Write(ref entry.Chain, old.Chain);
        Volatile.Write(ref link, entry);
    }

    /// <summary>The first entry of a bucket, from which the others are linked.</summary>
    internal CacheEntry<TKey>? First_NeedsLock(int bucket) => _buckets[bucket];

    /// <summary>All entries, in no order.</summary>
    internal List<CacheEntry<TKey>> List_NeedsLock()
    {
        List<CacheEntry<TKey>> all = new(Count);
        foreach (var first in _buckets)
        {
            for (var entry = first; entry is not null; entry = entry.Chain)
            {
                all.Add(entry);
            }
        }

        return all;
    }

    // The high bits of a product depend on all bits of the hash; sizes are powers of two.
    private static int IndexOf(int hash, int size) =>
        (int)(((uint)hash * 0x9E3779B1u) >> (32 - BitOperations.Log2((uint)size)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private CacheEntry<TKey>? Search(TKey key, int hash)
    {
        var buckets = Volatile.Read(ref _buckets);
        var entry = Volatile.Read(ref buckets[IndexOf(hash, buckets.Length)]);
        while (entry is not null && (entry.Hash != hash || !AreEqual(entry.Key, key)))
        {
            entry = Volatile.Read(ref entry.Chain);
        }

        return entry;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool AreEqual(TKey left, TKey right) =>
        _isDefault ? EqualityComparer<TKey>.Default.Equals(left, right)
        : _isOrdinal ? string.Equals(
            Unsafe.As<TKey, string>(ref left), Unsafe.As<TKey, string>(ref right), StringComparison.Ordinal)
        : _comparer.Equals(left, right);

    private CacheEntry<TKey>? FindAgain(TKey key, int hash)
    {
        SpinWait spin = default;
        while (true)
        {
            var version = Volatile.Read(ref _version);
            var entry = Search(key, hash);
            if (entry is not null || ((version & 1) == 0 && Volatile.Read(ref _version) == version))
            {
                return entry;
            }

            spin.SpinOnce();
        }
    }

    private ref CacheEntry<TKey>? FindLink_NeedsLock(CacheEntry<TKey> entry)
    {
        ref var link = ref _buckets[IndexOf(entry.Hash, _buckets.Length)];
        while (link is not null && !ReferenceEquals(link, entry))
        {
            link = ref link.Chain;
        }

        return ref link;
    }

    private void Grow_NeedsLock()
    {
        var old = _buckets;
        var buckets = new CacheEntry<TKey>?[old.Length * 2];
        Interlocked.Increment(ref _version);
        foreach (var first in old)
        {
            var entry = first;
            while (entry is not null)
            {
                var next = entry.Chain;
                ref var bucket = ref buckets[IndexOf(entry.Hash, buckets.Length)];
                Volatile.Write(ref entry.Chain, bucket);
                bucket = entry;
                entry = next;
            }
        }

        Volatile.Write(ref _buckets, buckets);
        Interlocked.Increment(ref _version);
    }
}
