using System.Numerics;

namespace Pepper.Resources.Dashboard;

/// <summary>
/// Finds the series of a list of tags exactly as it was given, without a lock and without an allocation. Entries are never
/// changed: a reader sees an old table or a new one. Adding needs the owner's lock.
/// </summary>
internal sealed class TagTable
{
    private Entry?[] _entries = new Entry?[16];

    internal int Count { get; private set; }

    /// <summary>
    /// Only tags whose values cannot run foreign code have a hash: strings, whole numbers, truth values and null.
    /// </summary>
    internal static bool TryHash(ReadOnlySpan<KeyValuePair<string, object?>> tags, out int hash)
    {
        var mixed = (uint)tags.Length;
        foreach (ref readonly var tag in tags)
        {
            int part;
            if (tag.Value is string text)
            {
                part = text.GetHashCode(StringComparison.Ordinal);
            }
            else if (tag.Value is null)
            {
                part = 0;
            }
            else if (tag.Value is int or long or bool)
            {
                part = tag.Value.GetHashCode();
            }
            else
            {
                hash = 0;
                return false;
            }

            mixed = (BitOperations.RotateLeft(mixed, 5) ^ (uint)part) * 0x9E3779B1;
        }

        hash = (int)(mixed ^ (mixed >> 15));
        return true;
    }

    internal MetricSeries? Find(int hash, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var entries = Volatile.Read(ref _entries);
        for (var entry = Volatile.Read(ref entries[hash & (entries.Length - 1)]); entry is not null; entry = entry.Next)
        {
            if (entry.Hash == hash && Same(entry.Tags, tags))
            {
                return entry.Series;
            }
        }

        return null;
    }

    internal void Add_NeedsLock(int hash, ReadOnlySpan<KeyValuePair<string, object?>> tags, MetricSeries series)
    {
        if (Find(hash, tags) is not null)
        {
            return;
        }

        if (Count == _entries.Length)
        {
            Grow_NeedsLock();
        }

        ref var head = ref _entries[hash & (_entries.Length - 1)];
        Volatile.Write(ref head, new Entry(hash, tags.ToArray(), series, head));
        Count++;
    }

    private static bool Same(KeyValuePair<string, object?>[] known, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (known.Length != tags.Length)
        {
            return false;
        }

        for (var index = 0; index < known.Length; index++)
        {
            ref readonly var tag = ref tags[index];
            if (!ReferenceEquals(known[index].Value, tag.Value) && !Equals(known[index].Value, tag.Value))
            {
                return false;
            }

            if (!string.Equals(known[index].Key, tag.Key, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    private void Grow_NeedsLock()
    {
        var larger = new Entry?[_entries.Length * 2];
        foreach (var head in _entries)
        {
            for (var entry = head; entry is not null; entry = entry.Next)
            {
                ref var place = ref larger[entry.Hash & (larger.Length - 1)];
                place = new Entry(entry.Hash, entry.Tags, entry.Series, place);
            }
        }

        Volatile.Write(ref _entries, larger);
    }

    private sealed class Entry(int hash, KeyValuePair<string, object?>[] tags, MetricSeries series, Entry? next)
    {
        internal readonly int Hash = hash;
        internal readonly KeyValuePair<string, object?>[] Tags = tags;
        internal readonly MetricSeries Series = series;
        internal readonly Entry? Next = next;
    }
}
