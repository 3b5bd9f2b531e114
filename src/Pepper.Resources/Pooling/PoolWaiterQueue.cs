using System.Diagnostics.CodeAnalysis;

namespace Pepper.Resources.Pooling;

/// <summary>
/// The callers that wait: those of a higher priority first, and of one priority first come, first served. Protected by the pool's
/// lock; all operations are O(1). A field, never copied: it stands beside the lock.
/// </summary>
internal struct PoolWaiterQueue
{
    private Lane _normal;
    private uint _sequence;

    /// <summary>How many are not of normal priority; while there are none, the other lanes are not looked at.</summary>
    private int _ranked;
    private Lane _high;
    private Lane _low;

    internal int Count { readonly get; private set; }

    /// <summary>The number that the next arrival gets.</summary>
    internal readonly uint NextSequence => _sequence;

    internal int BlockingCount { readonly get; private set; }

    /// <summary>Who is served next.</summary>
    internal readonly PoolWaiter? First => _ranked == 0 ? _normal.First : _high.First ?? _normal.First ?? _low.First;

    /// <summary>Who is served last.</summary>
    internal readonly PoolWaiter? Last => _ranked == 0 ? _normal.Last : _low.Last ?? _normal.Last ?? _high.Last;

    /// <summary>Who has waited longest.</summary>
    internal readonly PoolWaiter? Oldest =>
        _ranked == 0 ? _normal.First : Older(_high.First, Older(_normal.First, _low.First));

    /// <summary>Who is served next of those that came before the caller with this number.</summary>
    internal readonly PoolWaiter? FirstBefore(uint sequence) =>
        IsBefore(_high.First, sequence) ? _high.First
        : IsBefore(_normal.First, sequence) ? _normal.First
        : IsBefore(_low.First, sequence) ? _low.First
        : null;

    /// <summary>Who is served next of one priority.</summary>
    internal readonly PoolWaiter? FirstOf(AcquirePriority priority) => priority switch
    {
        AcquirePriority.High => _high.First,
        AcquirePriority.Low => _low.First,
        _ => _normal.First,
    };

    internal void Enqueue(PoolWaiter waiter)
    {
        waiter.Sequence = _sequence++;
        waiter.IsQueued = true;
        waiter.QueueNext = null;
        LaneOf(waiter.Priority).Add(waiter);
        Count++;
        _ranked += waiter.Priority == AcquirePriority.Normal ? 0 : 1;
        BlockingCount += waiter.IsBlocking ? 1 : 0;
    }

    /// <summary>Takes a caller out; false when it is out already, that is, when somebody else ends it.</summary>
    internal bool Remove(PoolWaiter waiter)
    {
        if (!waiter.IsQueued)
        {
            return false;
        }

        waiter.IsQueued = false;
        LaneOf(waiter.Priority).Remove(waiter);
        waiter.QueueNext = waiter.QueuePrevious = null;
        Count--;
        _ranked -= waiter.Priority == AcquirePriority.Normal ? 0 : 1;
        BlockingCount -= waiter.IsBlocking ? 1 : 0;
        return true;
    }

    // Numbers may wrap around.
    private static bool IsBefore(PoolWaiter? waiter, uint sequence) =>
        waiter is not null && (int)(waiter.Sequence - sequence) < 0;

    private static PoolWaiter? Older(PoolWaiter? one, PoolWaiter? other) =>
        other is null || IsBefore(one, other.Sequence) ? one : other;

    [UnscopedRef]
    private ref Lane LaneOf(AcquirePriority priority)
    {
        switch (priority)
        {
            case AcquirePriority.High:
                return ref _high;
            case AcquirePriority.Low:
                return ref _low;
            default:
                return ref _normal;
        }
    }

    private struct Lane
    {
        internal PoolWaiter? First;
        internal PoolWaiter? Last;

        internal void Add(PoolWaiter waiter)
        {
            waiter.QueuePrevious = Last;
            if (Last is null)
            {
                First = waiter;
            }
            else
            {
                Last.QueueNext = waiter;
            }

            Last = waiter;
        }

        internal void Remove(PoolWaiter waiter)
        {
            if (!ReferenceEquals(waiter, First))
            {
                RemoveFromWithin(waiter);
                return;
            }

            // The next keeps its stale link back, which nobody follows while it is the first: nearly always it is the first that
            // leaves, and another processor works on the next.
            First = waiter.QueueNext;
            if (First is null)
            {
                Last = null;
            }
        }

        private void RemoveFromWithin(PoolWaiter waiter)
        {
            waiter.QueuePrevious!.QueueNext = waiter.QueueNext;
            if (waiter.QueueNext is { } next)
            {
                next.QueuePrevious = waiter.QueuePrevious;
            }
            else
            {
                Last = waiter.QueuePrevious;
            }
        }
    }
}
