using System.Numerics;

namespace Pepper.Resources.Cleanup;

/// <summary>
/// A hierarchical timing wheel: any number of nodes, each due at a tick, added and removed in O(1) without allocation.
/// NOT thread safe: the owner's lock protects it and the nodes in it.
/// </summary>
/// <remarks>
/// A tick is read as eleven digits of six bits. A node lies on the level of the highest digit in which its due tick differs from
/// the wheel's present, in the slot of that digit. So all that lies on a level is due before all that lies above it, slots do not
/// wrap around, and the earliest slot is found by two bit scans. When the present reaches a slot above level 0, its nodes move
/// down; each moves at most once a level.
/// </remarks>
internal sealed class TimerWheel
{
    private const int BitsPerLevel = 6;
    private const int SlotsPerLevel = 1 << BitsPerLevel;
    private const int SlotMask = SlotsPerLevel - 1;
    private const int Levels = 11;

    private readonly TimerWheelList[] _buckets = new TimerWheelList[Levels * SlotsPerLevel];
    private readonly ulong[] _occupiedSlots = new ulong[Levels];
    private uint _occupiedLevels;
    private long _now;

    /// <summary>Creates an empty wheel.</summary>
    /// <param name="nowTick">The present; not negative.</param>
    internal TimerWheel(long nowTick)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nowTick);
        _now = nowTick;
    }

    /// <summary>How many nodes are in it.</summary>
    internal int Count { get; private set; }

    /// <summary>
    /// The tick at which the owner should call <see cref="Advance"/> next: never after the earliest node is due, sometimes before
    /// (when nodes only have to move down a level); <see cref="long.MaxValue"/> when the wheel is empty.
    /// </summary>
    internal long NextWakeTick
    {
        get
        {
            if (_occupiedLevels == 0)
            {
                return long.MaxValue;
            }

            int level = BitOperations.TrailingZeroCount(_occupiedLevels);
            return StartOf(level, BitOperations.TrailingZeroCount(_occupiedSlots[level]));
        }
    }

    /// <summary>Adds a node that is in no list.</summary>
    /// <param name="node">The node.</param>
    /// <param name="dueTick">When it is due. One that is past counts as the present: it goes out at the next
    /// <see cref="Advance"/>.</param>
    internal void Add(TimerWheelNode node, long dueTick)
    {
        if (node.IsLinked)
        {
            throw new InvalidOperationException("The node is in a wheel already; remove it first.");
        }

        node.DueTick = Math.Max(dueTick, _now);
        Place(node);
        Count++;
    }

    /// <summary>Takes a node out; false when it is in no wheel.</summary>
    internal bool Remove(TimerWheelNode node)
    {
        if (!node.IsLinked)
        {
            return false;
        }

        int bucket = node.BucketPlusOne - 1;
        node.BucketPlusOne = 0;
        _buckets[bucket].Remove(node);
        ClearIfEmpty(bucket);
        Count--;
        return true;
    }

    /// <summary>
    /// Moves the present and takes out what is due by then, as a chain through <see cref="TimerWheelNode.Next"/> in order of due
    /// tick, of one tick in order of insertion; null when nothing is.
    /// </summary>
    /// <param name="nowTick">The present; one before that of an earlier call counts as that.</param>
    /// <param name="limit">
    /// At most so many; the rest stays, and <see cref="NextWakeTick"/> is not after <paramref name="nowTick"/> then. It lets an
    /// owner give up its lock now and then.
    /// </param>
    internal TimerWheelNode? Advance(long nowTick, int limit = int.MaxValue)
    {
        nowTick = Math.Max(nowTick, _now);
        TimerWheelNode? first = null;
        TimerWheelNode? last = null;
        while (_occupiedLevels != 0)
        {
            int level = BitOperations.TrailingZeroCount(_occupiedLevels);
            int slot = BitOperations.TrailingZeroCount(_occupiedSlots[level]);
            long start = StartOf(level, slot);
            if (start > nowTick)
            {
                break;
            }

            _now = start;
            int bucket = (level * SlotsPerLevel) + slot;
            if (level > 0)
            {
                MoveDown(bucket);
                continue;
            }

            if (!TakeOut(bucket, ref first, ref last, ref limit))
            {
                return first;
            }
        }

        _now = nowTick;
        return first;
    }

    // False when the limit was reached and nodes are left in the bucket.
    private bool TakeOut(int bucket, ref TimerWheelNode? first, ref TimerWheelNode? last, ref int limit)
    {
        ref TimerWheelList list = ref _buckets[bucket];
        while (limit > 0 && list.TakeFirst() is { } node)
        {
            limit--;
            Count--;
            node.BucketPlusOne = 0;
            if (last is null)
            {
                first = node;
            }
            else
            {
                last.Next = node;
            }

            last = node;
        }

        ClearIfEmpty(bucket);
        return list.IsEmpty;
    }

    // All levels below are empty then, so taking from the front and appending keeps the order of insertion.
    private void MoveDown(int bucket)
    {
        TimerWheelList list = _buckets[bucket];
        _buckets[bucket] = default;
        ClearIfEmpty(bucket);
        while (list.TakeFirst() is { } node)
        {
            Place(node);
        }
    }

    private void Place(TimerWheelNode node)
    {
        long due = node.DueTick;
        int level = BitOperations.Log2((ulong)(due ^ _now) | 1) / BitsPerLevel;
        int slot = (int)(due >> (level * BitsPerLevel)) & SlotMask;
        int bucket = (level * SlotsPerLevel) + slot;
        node.BucketPlusOne = bucket + 1;
        _buckets[bucket].Append(node);
        _occupiedSlots[level] |= 1UL << slot;
        _occupiedLevels |= 1U << level;
    }

    private void ClearIfEmpty(int bucket)
    {
        if (!_buckets[bucket].IsEmpty)
        {
            return;
        }

        int level = bucket / SlotsPerLevel;
        _occupiedSlots[level] &= ~(1UL << (bucket & SlotMask));
        if (_occupiedSlots[level] == 0)
        {
            _occupiedLevels &= ~(1U << level);
        }
    }

    // The digits above the level are those of the present, as otherwise its nodes would lie higher.
    private long StartOf(int level, int slot)
    {
        int shift = level * BitsPerLevel;
        int above = shift + BitsPerLevel;
        long prefix = above >= 63 ? 0 : (_now >> above) << above;
        return prefix | ((long)slot << shift);
    }
}
