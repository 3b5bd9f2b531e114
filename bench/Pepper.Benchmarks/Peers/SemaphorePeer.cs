namespace Pepper.Benchmarks;

/// <summary>A pool written by hand, as its users call it.</summary>
internal sealed class SemaphorePeer<TPool>(string name, Func<int, TPool> create) : Peer
    where TPool : HandWrittenPool
{
    private TPool _pool = create(0);
    private ValueTask<object>[] _parked = [];

    internal override string Name => name;

    internal override Task PrepareAsync(int places)
    {
        _pool.Dispose();
        _pool = create(places);
        return Task.CompletedTask;
    }

    internal override async Task LoopAsync(int operations)
    {
        var pool = _pool;
        for (var index = 0; index < operations; index++)
        {
            var item = await pool.RentAsync();
            pool.Return(item);
        }
    }

    internal override async Task LoopAsync(int operations, CancellationToken cancellationToken)
    {
        var pool = _pool;
        for (var index = 0; index < operations; index++)
        {
            var item = await pool.RentAsync(cancellationToken);
            pool.Return(item);
        }
    }

    internal override async Task YieldLoopAsync(int operations, WaitSamples samples)
    {
        var pool = _pool;
        for (var index = 0; index < operations; index++)
        {
            var begin = samples.Begin();
            var item = await pool.RentAsync();
            samples.End(begin);
            await Task.Yield();
            pool.Return(item);
        }
    }

    internal override async Task YieldLoopAsync(int operations, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var pool = _pool;
        for (var index = 0; index < operations; index++)
        {
            var item = await pool.RentAsync(timeout, cancellationToken);
            await Task.Yield();
            pool.Return(item);
        }
    }

    internal override async Task HoldLoopAsync(int operations, HoldSamples samples)
    {
        var pool = _pool;
        for (var index = 0; index < operations; index++)
        {
            var begin = HoldSamples.Begin();
            var item = await pool.RentAsync();
            var acquired = samples.Acquired(begin);
            await samples.HoldAsync();
            samples.Returning(acquired);
            pool.Return(item);
        }
    }

    internal override async Task TakeAllAsync(int places, int waiters)
    {
        for (var index = 0; index < places; index++)
        {
            await _pool.RentAsync();
        }

        _parked = new ValueTask<object>[waiters];
    }

    internal override void Park(int index, TimeSpan? timeout, CancellationToken cancellationToken) =>
        _parked[index] = timeout is { } limit
            ? _pool.RentAsync(limit, cancellationToken)
            : _pool.RentAsync(cancellationToken);

    internal override async Task EndParkedAsync()
    {
        foreach (var wait in _parked)
        {
            await IgnoreCancellationAsync(wait.AsTask());
        }
    }

    public override ValueTask DisposeAsync()
    {
        _pool.Dispose();
        return default;
    }
}
