using System.Collections.Concurrent;

namespace Pepper.Benchmarks;

/// <summary>What people write by hand: a semaphore for the number, a collection for the things, and two methods.</summary>
internal abstract class HandWrittenPool(int places) : IDisposable
{
    protected SemaphoreSlim Semaphore { get; } = new(places);

    internal abstract ValueTask<object> RentAsync(CancellationToken cancellationToken = default);

    internal abstract ValueTask<object> RentAsync(TimeSpan timeout, CancellationToken cancellationToken);

    internal abstract void Return(object item);

    public void Dispose() => Semaphore.Dispose();
}

internal sealed class QueuePool(int places) : HandWrittenPool(places)
{
    private readonly ConcurrentQueue<object> _items = new(Enumerable.Range(0, places).Select(static _ => new object()));

    internal override async ValueTask<object> RentAsync(CancellationToken cancellationToken = default)
    {
        await Semaphore.WaitAsync(cancellationToken).ConfigureAwait(false);
        return _items.TryDequeue(out var item) ? item : throw new InvalidOperationException("More permits than items.");
    }

    internal override async ValueTask<object> RentAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (!await Semaphore.WaitAsync(timeout, cancellationToken).ConfigureAwait(false))
        {
            throw new TimeoutException();
        }

        return _items.TryDequeue(out var item) ? item : throw new InvalidOperationException("More permits than items.");
    }

    internal override void Return(object item)
    {
        _items.Enqueue(item);
        Semaphore.Release();
    }
}

internal sealed class BagPool(int places) : HandWrittenPool(places)
{
    private readonly ConcurrentBag<object> _items = [.. Enumerable.Range(0, places).Select(static _ => new object())];

    internal override async ValueTask<object> RentAsync(CancellationToken cancellationToken = default)
    {
        await Semaphore.WaitAsync(cancellationToken).ConfigureAwait(false);
        return _items.TryTake(out var item) ? item : throw new InvalidOperationException("More permits than items.");
    }

    internal override async ValueTask<object> RentAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (!await Semaphore.WaitAsync(timeout, cancellationToken).ConfigureAwait(false))
        {
            throw new TimeoutException();
        }

        return _items.TryTake(out var item) ? item : throw new InvalidOperationException("More permits than items.");
    }

    internal override void Return(object item)
    {
        _items.Add(item);
        Semaphore.Release();
    }
}
