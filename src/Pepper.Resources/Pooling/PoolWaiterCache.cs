namespace Pepper.Resources.Pooling;

/// <summary>
/// Waiters that are ready to be used again. They are given back by one compare-and-swap, from any thread, and taken under the
/// pool's lock, all that were given back at once: nobody ever takes a single one off the shared list, so there is no ABA
/// problem. There are as many as ever waited at once.
/// </summary>
internal sealed class PoolWaiterCache
{
    private PoolWaiter? _returned;
    private PoolWaiter? _spare;

    internal PoolWaiter? Take_NeedsLock()
    {
        _spare ??= Interlocked.Exchange(ref _returned, null);
        if (_spare is not { } waiter)
        {
            return null;
        }

        _spare = waiter.QueueNext;
        waiter.QueueNext = null;
        return waiter;
    }

    internal void Put(PoolWaiter waiter)
    {
        PoolWaiter? head;
        do
        {
            head = Volatile.Read(ref _returned);
            waiter.QueueNext = head;
        }
        while (Interlocked.CompareExchange(ref _returned, waiter, head) != head);
    }
}
