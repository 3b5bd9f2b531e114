namespace Pepper.Resources.Policies;

/// <summary>
/// Remembers which keys left lately, by 16 bits of their hash and 16 bits of when: 4 bytes a slot, 5 to 6 bytes a key. What is
/// too old
/// is forgotten without anybody sweeping, and a full bucket forgets its oldest. Strangers are taken for somebody known about
/// once in ten
/// thousand times, which costs a hit rate nothing.
/// </summary>
internal sealed class GhostTable
{
    private const int BucketSize = 8;
    // A lifetime is this many ticks of the 16-bit clock, so that it goes round once in 32 lifetimes.
    private const int LifetimeTicks = 2048;

    private uint[] _slots = [];
    private long _lifetime = 1;
    private ulong _remembered;

    /// <summary>
    /// For how many keys that come after it a key is remembered, about; changes when the queue it follows does.
    /// </summary>
    public long Lifetime
    {
        get => _lifetime;
        set
        {
            // The clock ticks by the lifetime: a step would change the age of everything, so small changes are left alone.
            if (value > _lifetime + (_lifetime >> 3) || value < _lifetime - (_lifetime >> 2))
            {
                _remembered = Now * (ulong)Math.Max(1, value) / LifetimeTicks;
                _lifetime = Math.Max(1, value);
            }
        }
    }

    private ulong Now => _remembered * LifetimeTicks / (ulong)_lifetime;

    public void Remember(int hash)
    {
        Grow();
        _remembered++;
        var bucket = BucketOf(hash, out var mark);
        var oldest = 0;
        var oldestAge = -1;
        for (var i = 0; i < BucketSize; i++)
        {
            var slot = bucket[i];
            var age = slot == 0 ? int.MaxValue : AgeOf(slot);
            if (slot != 0 && slot >> 16 == mark)
            {
                oldest = i;
                break;
            }

            if (age > oldestAge)
            {
                (oldest, oldestAge) = (i, age);
            }
        }

        bucket[oldest] = (mark << 16) | (ushort)Now;
    }

    /// <summary>Whether the key left lately; it is forgotten, as it is back.</summary>
    public bool TryForget(int hash)
    {
        if (_slots.Length == 0)
        {
            return false;
        }

        var bucket = BucketOf(hash, out var mark);
        for (var i = 0; i < BucketSize; i++)
        {
            if (bucket[i] != 0 && bucket[i] >> 16 == mark)
            {
                var known = AgeOf(bucket[i]) <= LifetimeTicks;
                bucket[i] = 0;
                return known;
            }
        }

        return false;
    }

    public void Clear() => _slots = [];

    private ushort AgeOf(uint slot) => (ushort)(Now - slot);

    private Span<uint> BucketOf(int hash, out uint mark)
    {
        var bits = HashMix.Spread(hash);
        mark = (uint)(bits & 0xFFFF) | 1; // never 0, which says that a slot is empty
        var bucket = (int)(((bits >> 32) * (ulong)(_slots.Length / BucketSize)) >> 32);
        return _slots.AsSpan(bucket * BucketSize, BucketSize);
    }

    private void Grow()
    {
        var wanted = _lifetime + (_lifetime >> 2);
        if (_slots.Length >= wanted && _slots.Length > 0)
        {
            return;
        }

        var buckets = _slots.Length / BucketSize;
        if (buckets == 0)
        {
            _slots = new uint[(int)Math.Clamp((wanted + BucketSize - 1) / BucketSize, 1, 1 << 24) * BucketSize];
            return;
        }

        if (buckets > 1 << 24)
        {
            return;
        }

        // A bucket's keys belong to one of the two that take its place; which one, its 16 bits no longer say. Both remember them.
        var grown = new uint[_slots.Length * 2];
        for (var i = 0; i < buckets; i++)
        {
            var old = _slots.AsSpan(i * BucketSize, BucketSize);
            old.CopyTo(grown.AsSpan(2 * i * BucketSize));
            old.CopyTo(grown.AsSpan(((2 * i) + 1) * BucketSize));
        }

        _slots = grown;
    }
}
