using System.Collections.Concurrent;

namespace Pepper.Benchmarks;

/// <summary>
/// The same without a pool: semaphore and queue in the loop itself, which saves a call and its state. Nobody's code looks like
/// that in more than one place; it shows what the call costs.
/// </summary>
internal sealed class InlineSemaphorePeer : Peer
{
    private SemaphoreSlim _semaphore = new(0);
    private ConcurrentQueue<object> _items = [];
    private Task[] _parked = [];

    internal override string Name => "the same, written out in the loop";

    internal override Task PrepareAsync(int places)
    {
        _semaphore = new SemaphoreSlim(places);
        _items = new ConcurrentQueue<object>(Enumerable.Range(0, places).Select(static _ => new object()));
        return Task.CompletedTask;
    }

    internal override async Task LoopAsync(int operations)
    {
        var (semaphore, items) = (_semaphore, _items);
        for (var index = 0; index < operations; index++)
        {
            await semaphore.WaitAsync();
            items.TryDequeue(out var item);
            items.Enqueue(item!);
            semaphore.Release();
        }
    }

    internal override async Task LoopAsync(int operations, CancellationToken cancellationToken)
    {
        var (semaphore, items) = (_semaphore, _items);
        for (var index = 0; index < operations; index++)
        {
            await semaphore.WaitAsync(cancellationToken);
            items.TryDequeue(out var item);
            items.Enqueue(item!);
            semaphore.Release();
        }
    }

    internal override async Task YieldLoopAsync(int operations, WaitSamples samples)
    {
        var (semaphore, items) = (_semaphore, _items);
        for (var index = 0; index < operations; index++)
        {
            var begin = samples.Begin();
            await semaphore.WaitAsync();
            items.TryDequeue(out var item);
            samples.End(begin);
            await Task.Yield();
            items.Enqueue(item!);
            semaphore.Release();
        }
    }

    internal override async Task YieldLoopAsync(int operations, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var (semaphore, items) = (_semaphore, _items);
        for (var index = 0; index < operations; index++)
        {
            await semaphore.WaitAsync(timeout, cancellationToken);
            items.TryDequeue(out var item);
            await Task.Yield();
            items.Enqueue(item!);
            semaphore.Release();
        }
    }

    internal override async Task TakeAllAsync(int places, int waiters)
    {
        for (var index = 0; index < places; index++)
        {
            await _semaphore.WaitAsync();
        }

        _parked = new Task[waiters];
    }

    internal override void Park(int index, TimeSpan? timeout, CancellationToken cancellationToken) =>
        _parked[index] = timeout is { } limit
            ? _semaphore.WaitAsync(limit, cancellationToken)
            : _semaphore.WaitAsync(cancellationToken);

    internal override async Task EndParkedAsync()
    {
        foreach (var wait in _parked)
        {
            await IgnoreCancellationAsync(wait);
        }
    }

    public override ValueTask DisposeAsync()
    {
        _semaphore.Dispose();
        return default;
    }
}
