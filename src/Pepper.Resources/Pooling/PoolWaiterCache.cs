namespace Pepper.Resources.Pooling;

/// <summary>Waiters that are ready to be used again. Protected by the pool's lock.</summary>
internal sealed class PoolWaiterCache
{
    private const int Most = 1024;
    private PoolWaiter? _first;
    private int _count;

    internal PoolWaiter? Take()
    {
        var waiter = _first;
        if (waiter is not null)
        {
            _first = waiter.QueueNext;
            waiter.QueueNext = null;
            _count--;
        }

        return waiter;
    }

    internal void Put(PoolWaiter waiter)
    {
        if (_count < Most)
        {
            waiter.QueueNext = _first;
            _first = waiter;
            _count++;
        }
    }
}
