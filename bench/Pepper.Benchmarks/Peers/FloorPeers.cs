using Microsoft.Extensions.ObjectPool;

namespace Pepper.Benchmarks;

/// <summary>What neither bounds nor waits: it shows what the bounds and the waiting cost.</summary>
internal abstract class UnboundedPeer : Peer
{
    internal override bool IsBounded => false;

    protected abstract Task RunAsync(int operations);

    public override ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }

    internal override Task LoopAsync(int operations, CancellationToken cancellationToken)
    {
        // Nothing here could be cancelled.
        _ = cancellationToken;
        return RunAsync(operations);
    }

    internal override Task YieldLoopAsync(int operations, TimeSpan timeout, CancellationToken cancellationToken) =>
        YieldLoopAsync(operations, new WaitSamples(0));
}

internal sealed class ObjectPoolPeer : UnboundedPeer
{
    private DefaultObjectPool<object> _pool = new(new DefaultPooledObjectPolicy<object>());

    internal override string Name => "ObjectPool (no bound, no waiting)";

    internal override string Version => "10.0.14";

    internal override Task PrepareAsync(int places)
    {
        _pool = new DefaultObjectPool<object>(new DefaultPooledObjectPolicy<object>(), places);
        return Task.CompletedTask;
    }

    internal override async Task FillAsync(int count)
    {
        await PrepareAsync(count);
        foreach (var item in Enumerable.Range(0, count).Select(_ => _pool.Get()).ToArray())
        {
            _pool.Return(item);
        }
    }

    internal override Task LoopAsync(int operations) => RunAsync(operations);

    protected override Task RunAsync(int operations)
    {
        var pool = _pool;
        for (var index = 0; index < operations; index++)
        {
            pool.Return(pool.Get());
        }

        return Task.CompletedTask;
    }

    internal override async Task YieldLoopAsync(int operations, WaitSamples samples)
    {
        var pool = _pool;
        for (var index = 0; index < operations; index++)
        {
            var item = pool.Get();
            await Task.Yield();
            pool.Return(item);
        }
    }
}

/// <summary>One exchange to take, one to give back: what the processor asks for it.</summary>
internal sealed class RawSlotPeer : UnboundedPeer
{
    [ThreadStatic]
    private static object? _slot;

    internal override string Name => "floor: two exchanges on a slot of one's own";

    internal override Task PrepareAsync(int places) => Task.CompletedTask;

    internal override Task LoopAsync(int operations) => RunAsync(operations);

    protected override Task RunAsync(int operations)
    {
        ref var slot = ref _slot;
        slot ??= new object();
        for (var index = 0; index < operations; index++)
        {
            var item = Interlocked.Exchange(ref slot, null);
            Interlocked.Exchange(ref slot, item);
        }

        return Task.CompletedTask;
    }

    internal override async Task YieldLoopAsync(int operations, WaitSamples samples)
    {
        // No pool at all: the hold's own dispatch and one more, as for a caller who had to wait.
        for (var index = 0; index < operations; index++)
        {
            await Task.Yield();
            await Task.Yield();
        }
    }
}
