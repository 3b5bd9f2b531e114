using System.Diagnostics.Metrics;
using Pepper.Resources;
using Pepper.Resources.Pooling;

namespace Pepper.Benchmarks;

internal class PepperPeer : Peer
{
    private ResourcePool<object>? _pool;
    private List<Lease<object>> _taken = [];
    private ValueTask<Lease<object>>[] _parked = [];

    internal override string Name => "Pepper";

    internal override string Version => typeof(ResourcePool<>).Assembly.GetName().Version!.ToString(3);

    protected virtual void Configure(ResourcePoolOptions options)
    {
    }

    internal override async Task PrepareAsync(int places)
    {
        await ClosePoolAsync();
        var options = new ResourcePoolOptions { Name = "bench", MaxSize = places, MinSize = places };
        Configure(options);
        _pool = new ResourcePool<object>(ResourceFactory.Create(static _ => new ValueTask<object>(new object())), options);
        await _pool.WarmUpAsync();
        _taken = [];
    }

    internal override async Task LoopAsync(int operations)
    {
        var pool = _pool!;
        for (var index = 0; index < operations; index++)
        {
            var lease = await pool.AcquireAsync();
            lease.Dispose();
        }
    }

    internal override async Task LoopAsync(int operations, CancellationToken cancellationToken)
    {
        var pool = _pool!;
        for (var index = 0; index < operations; index++)
        {
            var lease = await pool.AcquireAsync(cancellationToken);
            lease.Dispose();
        }
    }

    internal override async Task YieldLoopAsync(int operations, WaitSamples samples)
    {
        var pool = _pool!;
        for (var index = 0; index < operations; index++)
        {
            var begin = samples.Begin();
            var lease = await pool.AcquireAsync();
            samples.End(begin);
            await Task.Yield();
            lease.Dispose();
        }
    }

    internal override async Task YieldLoopAsync(int operations, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var pool = _pool!;
        for (var index = 0; index < operations; index++)
        {
            var lease = await pool.AcquireAsync(timeout, cancellationToken);
            await Task.Yield();
            lease.Dispose();
        }
    }

    internal override async Task HoldLoopAsync(int operations, HoldSamples samples)
    {
        var pool = _pool!;
        for (var index = 0; index < operations; index++)
        {
            var begin = HoldSamples.Begin();
            var lease = await pool.AcquireAsync();
            var acquired = samples.Acquired(begin);
            await samples.HoldAsync();
            samples.Returning(acquired);
            lease.Dispose();
        }
    }

    internal override async Task TakeAllAsync(int places, int waiters)
    {
        for (var index = 0; index < places; index++)
        {
            _taken.Add(await _pool!.AcquireAsync());
        }

        _parked = new ValueTask<Lease<object>>[waiters];
    }

    internal override void Park(int index, TimeSpan? timeout, CancellationToken cancellationToken) =>
        _parked[index] = timeout is { } limit
            ? _pool!.AcquireAsync(limit, cancellationToken)
            : _pool!.AcquireAsync(cancellationToken);

    internal override async Task EndParkedAsync()
    {
        foreach (var wait in _parked)
        {
            await IgnoreCancellationAsync(wait.AsTask());
        }
    }

    public override ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ClosePoolAsync();
    }

    private async ValueTask ClosePoolAsync()
    {
        _taken.ForEach(static lease => lease.Dispose());
        _taken = [];
        if (_pool is not null)
        {
            await _pool.DisposeAsync();
        }
    }
}

/// <summary>The same with leak tracking on.</summary>
internal sealed class PepperTrackingPeer : PepperPeer
{
    internal override string Name => "Pepper, leak tracking on";

    protected override void Configure(ResourcePoolOptions options) => options.LeakThreshold = TimeSpan.FromMinutes(5);
}

/// <summary>The same with the other choice of where a caller continues.</summary>
internal sealed class PepperFairPeer : PepperPeer
{
    internal override string Name => "Pepper, WakeUp.Fair";

    protected override void Configure(ResourcePoolOptions options) => options.WakeUp = WakeUp.Fair;
}

/// <summary>The same, made quickly however many there are.</summary>
internal sealed class PepperIdlePeer : PepperPeer
{
    protected override void Configure(ResourcePoolOptions options) => options.MaxConcurrentCreates = options.MaxSize;
}

/// <summary>The same within a flow of work, which each loan notes.</summary>
internal sealed class PepperFlowPeer : PepperPeer
{
    internal override string Name => "Pepper, flow tracking on";

    internal override async Task LoopAsync(int operations)
    {
        // Ended with the loop: as long as a flow is live anywhere, every acquire looks for one.
        using var flow = LeaseFlow.Begin("bench");
        await base.LoopAsync(operations);
    }

    internal override async Task LoopAsync(int operations, CancellationToken cancellationToken)
    {
        using var flow = LeaseFlow.Begin("bench");
        await base.LoopAsync(operations, cancellationToken);
    }
}

/// <summary>The same with the stack of one caller in a hundred.</summary>
internal sealed class PepperStackPeer : PepperPeer
{
    internal override string Name => "Pepper, stacks 1 in 100";

    protected override void Configure(ResourcePoolOptions options) => options.StackCapture = 100;
}

/// <summary>The same with a listener on every metric.</summary>
internal sealed class PepperListenerPeer : PepperPeer
{
    private MeterListener? _listener;

    internal override string Name => "Pepper, a metrics listener attached";

    internal override Task PrepareAsync(int places)
    {
        _listener?.Dispose();
        _listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == ResourceMonitor.MeterName)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        _listener.SetMeasurementEventCallback<double>(static (_, _, _, _) => { });
        _listener.SetMeasurementEventCallback<long>(static (_, _, _, _) => { });
        _listener.Start();
        return base.PrepareAsync(places);
    }

    public override ValueTask DisposeAsync()
    {
        _listener?.Dispose();
        _listener = null;
        return base.DisposeAsync();
    }
}
