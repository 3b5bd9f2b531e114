namespace Pepper.Resources.Pooling;

/// <summary>The callers that wait, first come first served. Protected by the pool's lock; all operations are O(1).</summary>
internal struct PoolWaiterQueue
{
    private PoolWaiter? _first;
    private PoolWaiter? _last;
    private uint _sequence;

    internal int Count { readonly get; private set; }

    /// <summary>The number that the next arrival gets.</summary>
    internal readonly uint NextSequence => _sequence;

    internal int BlockingCount { readonly get; private set; }

    internal readonly PoolWaiter? First => _first;

    internal void Enqueue(PoolWaiter waiter)
    {
        waiter.Sequence = _sequence++;
        waiter.IsQueued = true;
        waiter.QueuePrevious = _last;
        waiter.QueueNext = null;
        if (_last is null)
        {
            _first = waiter;
        }
        else
        {
            _last.QueueNext = waiter;
        }

        _last = waiter;
        Count++;
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
        if (ReferenceEquals(waiter, _first))
        {
            // The next keeps its stale link back, which nobody follows while it is the first: nearly always it is the first that
            // leaves, and another processor works on the next.
            _first = waiter.QueueNext;
            if (_first is null)
            {
                _last = null;
            }
        }
        else
        {
            RemoveFromWithin(waiter);
        }

        waiter.QueueNext = waiter.QueuePrevious = null;
        Count--;
        BlockingCount -= waiter.IsBlocking ? 1 : 0;
        return true;
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
            _last = waiter.QueuePrevious;
        }
    }
}
