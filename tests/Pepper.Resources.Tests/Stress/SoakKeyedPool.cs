using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>A keyed pool under everything at once: a total over all keys, and fewer places than keys.</summary>
internal sealed class SoakKeyedPool : SoakTarget
{
    internal const int Keys = 6;
    private const int MaxTotal = 4;
    private readonly KeyedResourcePool<int, SoakItem> _pools;

    internal SoakKeyedPool()
        : base(new SoakLedger("keyed", MaxTotal))
    {
        _pools = new KeyedResourcePool<int, SoakItem>(
            key => NewFactory(key, key % 2 == 0 ? FactoryHooks.None : FactoryHooks.All),
            new KeyedResourcePoolOptions<int>
            {
                Name = "soak keyed",
                MaxTotal = MaxTotal,
                KeyIdleTimeout = TimeSpan.FromMilliseconds(100),
                PerKey =
                {
                    MinSize = 0,
                    MaxSize = 2,
                    AcquireTimeout = TimeSpan.FromSeconds(20),
                    CreateTimeout = CreateTimeout,
                    ValidateTimeout = TimeSpan.FromMilliseconds(30),
                    ResetTimeout = TimeSpan.FromMilliseconds(30),
                    DestroyTimeout = TimeSpan.FromMilliseconds(300),
                },
            });
    }

    public override ValueTask DisposeAsync() => _pools.DisposeAsync();

    public override string ToString() => _pools.Statistics.ToString();

    internal override ValueTask<Lease<SoakItem>> AcquireAsync(in SoakRequest request, CancellationToken cancellationToken) =>
        _pools.AcquireAsync(request.Key, request.Timeout, cancellationToken);

    internal override Lease<SoakItem> Acquire(in SoakRequest request, CancellationToken cancellationToken) =>
        _pools.Acquire(request.Key, request.Timeout, cancellationToken);

    internal override bool TryAcquire(in SoakRequest request, out Lease<SoakItem> lease) =>
        _pools.TryAcquire(request.Key, out lease);

    internal override async Task OperateAsync(Random random)
    {
        switch (random.Next(6))
        {
            case 0:
                _pools.Invalidate(random.Next(Keys));
                break;
            case 1:
                _pools.Invalidate();
                break;
            case 2:
                await _pools.RetireAsync(random.Next(Keys)).AsTask().WaitAsync(PoolTestBase.Guard);
                break;
            default:
                var seen = _pools.Statistics;
                if (seen.InUse > MaxTotal || seen.Waiting < 0 || _pools.GetLeases().Count > MaxTotal)
                {
                    Ledger.Fault($"The statistics do not add up: {seen}");
                }

                break;
        }
    }

    internal override async Task<(long Waits, long Created, long Failures, long Abandoned)> FinishAsync(TimeSpan guard)
    {
        Tame();
        await PoolTestBase.Until(
            () => _pools.Statistics is { Creating: 0, Waiting: 0, InUse: 0, StarvingKeys: 0 }, "all keys come to rest");
        var leases = await Task.WhenAll(Enumerable.Range(100, MaxTotal).Select(key => _pools.AcquireAsync(key, guard).AsTask()))
            .WaitAsync(guard);
        Counts.Asked += MaxTotal;
        Counts.Served += MaxTotal;
        Array.ForEach(leases, static lease => lease.Dispose());
        await _pools.DisposeAsync().AsTask().WaitAsync(guard);
        await PoolTestBase.Until(() => Ledger.Live == 0, "all resources of all keys are gone");
        var statistics = _pools.Statistics;
        Check("Made", Ledger.Made, Ledger.Destroyed + Ledger.Detached);

        // What comes when its creation has been given up, and its key retired, is destroyed, but may be counted no longer.
        var (uncreated, undestroyed) = (Ledger.Made - statistics.Created, Ledger.Destroyed - statistics.Destroyed);
        if (uncreated < 0 || undestroyed < uncreated || undestroyed > Ledger.Late)
        {
            Ledger.Fault($"Of {Ledger.Made} (late {Ledger.Late}), {uncreated} and {undestroyed} are not counted: {statistics}");
        }

        Check("Detached", Ledger.Detached, statistics.Detached);
        Check("Acquired", Counts.Served, statistics.Acquired);
        Check("Waiting", 0, statistics.Waiting);
        return (statistics.Waits, statistics.Created, statistics.CreateFailures, 0);
    }
}
