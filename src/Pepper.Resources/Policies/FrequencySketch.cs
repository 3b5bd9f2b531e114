using System.Numerics;

namespace Pepper.Resources.Policies;

/// <summary>
/// Estimates how often a key was asked for lately, in 4 bits for each of four hashes, halved from time to time: a count-min
/// sketch
/// (Cormode, Muthukrishnan, 2005) with the ageing of TinyLFU (Einziger, Friedman, Manes: "TinyLFU: a highly efficient cache
/// admission
/// policy", ACM ToS 2017). A key's four counters lie in one block of 64 bytes, so that it costs one line of the processor's
/// cache.
/// </summary>
internal sealed class FrequencySketch
{
    private const int BlockLongs = 8;
    // The paper has 10. Half of it follows a change sooner, and hit more on every trace it was tried on.
    private const int SampleFactor = 5;
    private const ulong EveryCounter = 0x1111_1111_1111_1111UL;
    private const ulong HalvedBits = 0x7777_7777_7777_7777UL;

    private ulong[] _table;
    private long _additions;
    private long _keys;

    /// <summary>Creates a sketch for so many keys; it takes 8 bytes for each.</summary>
    public FrequencySketch(long keys)
    {
        _keys = keys;
        _table = new ulong[(keys + BlockLongs - 1) / BlockLongs * BlockLongs];
    }

    /// <summary>Makes room for counting so many keys at once. What was counted is kept.</summary>
    public void EnsureCapacity(long keys)
    {
        while (keys > _keys && _table.Length < 1 << 28)
        {
            // A block's keys belong to one of the two that take its place, and find their counts in both.
            var grown = new ulong[_table.Length * 2];
            for (var at = 0; at < _table.Length; at += BlockLongs)
            {
                var block = _table.AsSpan(at, BlockLongs);
                block.CopyTo(grown.AsSpan(2 * at));
                block.CopyTo(grown.AsSpan((2 * at) + BlockLongs));
            }

            _table = grown;
            _additions *= 2;
            _keys *= 2;
        }
    }

    /// <summary>
    /// How often the key was asked for lately, 0 to 15; never too little but for the halvings, sometimes too much.
    /// </summary>
    public int Estimate(int hash)
    {
        var bits = HashMix.Spread(hash);
        var block = BlockOf(bits);
        var least = 15;
        for (var row = 0; row < 4; row++)
        {
            var at = PlaceOf(bits, row, out var shift);
            least = Math.Min(least, (int)(block[at] >> shift) & 15);
        }

        return least;
    }

    public void Increment(int hash)
    {
        var bits = HashMix.Spread(hash);
        var block = BlockOf(bits);
        var added = false;
        for (var row = 0; row < 4; row++)
        {
            var at = PlaceOf(bits, row, out var shift);
            if (((block[at] >> shift) & 15) < 15)
            {
                block[at] += 1UL << shift;
                added = true;
            }
        }

        if (added && ++_additions >= SampleFactor * _keys)
        {
            Halve();
        }
    }

    // Two of the block's eight longs belong to each row, and 5 bits say which of their 32 counters is the key's.
    private static int PlaceOf(ulong bits, int row, out int shift)
    {
        var part = (int)(bits >> (row * 5)) & 31;
        shift = (part & 15) << 2;
        return (row << 1) | (part >> 4);
    }

    private Span<ulong> BlockOf(ulong bits)
    {
        var block = (int)(((bits >> 32) * (ulong)(_table.Length / BlockLongs)) >> 32);
        return _table.AsSpan(block * BlockLongs, BlockLongs);
    }

    private void Halve()
    {
        var odd = 0L;
        foreach (ref var counters in _table.AsSpan())
        {
            odd += BitOperations.PopCount(counters & EveryCounter);
            counters = (counters >> 1) & HalvedBits;
        }

        _additions = (_additions - (odd >> 2)) >> 1;
    }
}
