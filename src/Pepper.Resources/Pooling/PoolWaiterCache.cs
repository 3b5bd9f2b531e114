namespace Pepper.Resources.Pooling;

/// <summary>
/// Waiters that are ready to be used again. Each thread keeps a few, for all pools of one type: whoever has waited is likely to
/// wait soon again on the same thread, and finds the waiter in its processor's cache, without any synchronization. What is more
/// goes to a list that all threads share: given back by one compare-and-swap, and taken all at once, so that nobody ever takes a
/// single one off it and there is no ABA problem.
/// </summary>
/// <param name="kind">One object for all pools whose waiters are alike.</param>
/// <remarks>A spare waiter knows no pool, so that none is kept alive by it.</remarks>
internal sealed class PoolWaiterCache(object kind)
{
    private const int MostPerThread = 16;

    /// <summary>What a burst leaves behind is not kept for ever.</summary>
    private const int MostShared = 4096;

    [ThreadStatic]
    private static ThreadSpares? _ofThread;

    private PoolWaiter? _shared;

    internal PoolWaiter? Take()
    {
        var spares = _ofThread;
        if (spares is null || !ReferenceEquals(spares.Kind, kind) || spares.First is not { } waiter)
        {
            return Volatile.Read(ref _shared) is null ? null : TakeShared();
        }

        spares.First = waiter.QueueNext;
        spares.Count--;
        waiter.QueueNext = null;
        return waiter;
    }

    internal void Put(PoolWaiter waiter)
    {
        var spares = _ofThread ??= new ThreadSpares();
        if (spares.First is null)
        {
            spares.Kind = kind;
        }

        if (ReferenceEquals(spares.Kind, kind) && spares.Count < MostPerThread)
        {
            waiter.QueueNext = spares.First;
            spares.First = waiter;
            spares.Count++;
            return;
        }

        PutShared(waiter);
    }

    private void PutShared(PoolWaiter waiter)
    {
        PoolWaiter? head;
        do
        {
            head = Volatile.Read(ref _shared);

            // Each knows how many there are from it on.
            waiter.DueAt = (head?.DueAt ?? 0) + 1;
            waiter.QueueNext = head;
            YieldPoint.Reach();
        }
        while (waiter.DueAt <= MostShared && Interlocked.CompareExchange(ref _shared, waiter, head) != head);
    }

    /// <summary>
    /// Takes all, keeps some for this thread, and puts the rest back, unless others have been given back meanwhile.
    /// </summary>
    private PoolWaiter? TakeShared()
    {
        YieldPoint.Reach();
        if (Interlocked.Exchange(ref _shared, null) is not { } waiter)
        {
            return null;
        }

        var rest = waiter.QueueNext;
        waiter.QueueNext = null;
        for (var count = 0; rest is not null && count < MostPerThread / 2; count++)
        {
            var next = rest.QueueNext;
            Put(rest);
            rest = next;
        }

        if (rest is not null)
        {
            Interlocked.CompareExchange(ref _shared, rest, null);
        }

        return waiter;
    }

    private sealed class ThreadSpares
    {
        internal object? Kind;
        internal PoolWaiter? First;
        internal int Count;
    }
}
