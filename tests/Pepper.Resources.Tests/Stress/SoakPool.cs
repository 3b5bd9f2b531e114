using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>A pool under everything at once.</summary>
internal sealed class SoakPool : SoakTarget
{
    private readonly FactoryHooks _hooks;
    private readonly int _cap;
    private readonly ResourcePool<SoakItem> _pool;
    private int _factories = 1;

    internal SoakPool(string name, int cap, FactoryHooks hooks, Action<ResourcePoolOptions> configure)
        : base(new SoakLedger(name, cap))
    {
        _hooks = hooks;
        _cap = cap;
        var options = new ResourcePoolOptions
        {
            Name = $"soak {name}",
            MinSize = 1,
            MaxSize = cap,
            AcquireTimeout = TimeSpan.FromSeconds(20),
            CreateTimeout = CreateTimeout,
            ValidateTimeout = TimeSpan.FromMilliseconds(30),
            ResetTimeout = TimeSpan.FromMilliseconds(30),
            DestroyTimeout = TimeSpan.FromMilliseconds(300),
        };
        configure(options);
        _pool = new ResourcePool<SoakItem>(NewFactory(0, hooks), options, monitor: new ResourceMonitor());
    }

    public override ValueTask DisposeAsync() => _pool.DisposeAsync();

    public override string ToString() => _pool.Statistics.ToString();

    internal override ValueTask<Lease<SoakItem>> AcquireAsync(in SoakRequest request, CancellationToken cancellationToken) =>
        request.Priority == AcquirePriority.Normal
            ? _pool.AcquireAsync(request.Timeout, cancellationToken)
            : _pool.AcquireAsync(request.Priority, request.Timeout, cancellationToken);

    internal override Lease<SoakItem> Acquire(in SoakRequest request, CancellationToken cancellationToken) =>
        _pool.Acquire(request.Timeout, cancellationToken);

    internal override bool TryAcquire(in SoakRequest request, out Lease<SoakItem> lease) => _pool.TryAcquire(out lease);

    internal override async Task OperateAsync(Random random)
    {
        switch (random.Next(13))
        {
            case 0 or 1 or 2:
                var max = random.Next(1, _cap + 1);
                _pool.Resize(random.Next(0, max + 1), max);
                break;
            case 3 or 4:
                _pool.Pause();
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(3)), TimeProvider.System);
                _pool.Resume();
                break;
            case 5:
                _pool.Invalidate();
                break;
            case 6:
                _pool.Invalidate(TimeSpan.FromMilliseconds(random.Next(1, 100)));
                break;
            case 7:
                await _pool.ReplaceFactoryAsync(NewFactory(_factories++, _hooks)).WaitAsync(PoolTestBase.Guard);
                break;
            case 8:
                await WarmUpAsync();
                break;
            case 9:
                _pool.IsolateCircuit();
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(3)), TimeProvider.System);
                _pool.CloseCircuit();
                break;
            default:
                Look();
                break;
        }
    }

    internal override async Task<(long Waits, long Created, long Failures, long Abandoned)> FinishAsync(TimeSpan guard)
    {
        Tame();
        _pool.Resume();
        _pool.Resize(0, _cap);
        _pool.CloseCircuit();

        // What was failing when it became tame may be told once more.
        await PoolTestBase.Until(() => _pool.Statistics is { Creating: 0, Waiting: 0, InUse: 0 }, $"{Ledger.Name} comes to rest");
        await AssertNoPlaceLostAsync(guard);
        await _pool.DisposeAsync().AsTask().WaitAsync(guard);
        await PoolTestBase.Until(
            () => _pool.Statistics is var now && now.Created == now.Destroyed + now.Detached && Ledger.Live == 0,
            $"{Ledger.Name}: all is gone");
        var statistics = _pool.Statistics;
        Check("Size", 0, statistics.Size);
        Check("Waiting", 0, statistics.Waiting);
        Check("InUse", 0, statistics.InUse);
        Check("Created", Ledger.Made, statistics.Created);
        Check("Destroyed", Ledger.Destroyed, statistics.Destroyed);
        Check("Detached", Ledger.Detached, statistics.Detached);
        Check("Acquired", Counts.Served, statistics.Acquired);
        Check("Timeouts", Counts.TimedOut, statistics.Timeouts);
        Check("Shed", Counts.Shed, statistics.Shed);
        Check("Rejections", Counts.QueueFull, statistics.Rejections);
        var blocking = statistics.Cancellations - Counts.Canceled;
        if (blocking < 0 || blocking > Counts.CanceledWhileBlocking)
        {
            Ledger.Fault($"Cancellations: {statistics.Cancellations}, not {Counts.Canceled} (+ {Counts.CanceledWhileBlocking}).");
        }

        return (statistics.Waits, statistics.Created, statistics.CreateFailures, statistics.Abandoned);
    }

    /// <summary>All places can be lent at once.</summary>
    private async Task AssertNoPlaceLostAsync(TimeSpan guard)
    {
        var leases = await Task.WhenAll(Enumerable.Range(0, _cap).Select(_ => _pool.AcquireAsync(guard).AsTask()))
            .WaitAsync(guard);
        Check("resources that are lent at once", _cap, leases.Select(static lease => lease.Resource).Distinct().Count());
        Counts.Asked += _cap;
        Counts.Served += _cap;
        foreach (var lease in leases)
        {
            await lease.DisposeAsync().AsTask().WaitAsync(guard);
        }
    }

    private async Task WarmUpAsync()
    {
        try
        {
            await _pool.WarmUpAsync().WaitAsync(PoolTestBase.Guard);
        }
        catch (Exception failure) when (failure is ResourceInitializationException or ResourceTimeoutException
            or CircuitOpenException)
        {
            // It tells the first failure.
        }
    }

    private void Look()
    {
        var seen = _pool.Statistics;
        if (seen.Size > _cap || seen.Idle + seen.InUse > _cap || seen.Waiting < 0 || seen.Created < seen.Destroyed)
        {
            Ledger.Fault($"The statistics do not add up: {seen}");
        }

        if (_pool.GetLeases().Count > _cap)
        {
            Ledger.Fault("More leases are listed than there can be.");
        }
    }
}
