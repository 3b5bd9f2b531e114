using System.Runtime.InteropServices;

namespace Pepper.Resources.Providers;

/// <summary>Which records have which terms. Guarded by the lock of the store that owns it.</summary>
internal sealed class MemoryTermIndex
{
    private const int LeastToCompact = 16;

    private readonly Dictionary<string, Postings> _terms = new(StringComparer.Ordinal);
    private readonly Stack<int> _freeSlots = [];
    private int _slots;
    private long _totalLength;
    private int _count;

    internal void Add(MemoryRecord record)
    {
        if (record.Terms is not { } terms)
        {
            return;
        }

        record.Slot = _freeSlots.TryPop(out var slot) ? slot : _slots++;
        _count++;
        _totalLength += record.Length;
        foreach (var (term, count) in terms)
        {
            ref var postings = ref CollectionsMarshal.GetValueRefOrAddDefault(_terms, term, out _);
            (postings ??= new Postings()).Items.Add(new MemoryPosting(record, count));
            postings.Live++;
        }
    }

    /// <summary>Takes a record out, which says already that it is removed. Its places in the lists go a half at a time.</summary>
    internal void Remove(MemoryRecord record)
    {
        if (record.Terms is not { } terms)
        {
            return;
        }

        _freeSlots.Push(record.Slot);
        _count--;
        _totalLength -= record.Length;
        foreach (var (term, _) in terms)
        {
            var postings = _terms[term];
            if (--postings.Live == 0)
            {
                _terms.Remove(term);
            }
            else if (postings.Items.Count >= LeastToCompact && postings.Live < postings.Items.Count / 2)
            {
                postings.Items.RemoveAll(static posting => posting.Record.IsRemoved);
            }
        }
    }

    /// <summary>Copies what a query needs, so that it can be ranked outside the lock.</summary>
    internal MemoryTextRanking Capture(IEnumerable<string> terms)
    {
        List<(double Weight, MemoryPosting[] Postings)> found = [];
        foreach (var term in terms)
        {
            MemoryPosting[] live = !_terms.TryGetValue(term, out var postings) ? []
                : postings.Items.Count == postings.Live ? [.. postings.Items]
                : [.. postings.Items.Where(static posting => !posting.Record.IsRemoved)];
            found.Add((Math.Log(1 + ((_count - live.Length + 0.5) / (live.Length + 0.5))), live));
        }

        return new MemoryTextRanking(found, _slots, _count, _count == 0 ? 1 : (double)_totalLength / _count);
    }

    private sealed class Postings
    {
        internal List<MemoryPosting> Items { get; } = [];

        /// <summary>How many of the items are of records that are still there.</summary>
        internal int Live { get; set; }
    }
}

/// <summary>That a record has a term, and how often.</summary>
internal readonly record struct MemoryPosting(MemoryRecord Record, int Count);
