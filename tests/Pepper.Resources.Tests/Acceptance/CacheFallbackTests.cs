using Pepper.Resources.Caching;
using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;
using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Acceptance;

/// <summary>An outage as a user of a pool and a cache lives through it; the documentation quotes it.</summary>
public sealed class CacheFallbackTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    private readonly ManualTimeProvider _time = new();
    private volatile bool _isDown;
    private int _asked;

    [Fact]
    public async Task Outage_OfTheBackend_IsBridgedByWhatWasKnownLast()
    {
        using var monitor = new ResourceMonitor();
        var knownFor = new ResourceCacheOptions<string, IRates>
        {
            TimeToLive = TimeSpan.FromMinutes(1),
            ServeStaleFor = TimeSpan.FromHours(1),
        };
        await using var coordinator = ResourceCoordinator.CreateBuilder()
            .UseTimeProvider(_time)
            .UseMonitor(monitor)
            .AddPool<IRates>("rates", ConnectAsync, new ResourcePoolOptions { MinSize = 0 })
            .AddCache("known rates", knownFor)
            .AddCacheFallback<string, IRates>("rates", "known rates", "all", maxAge: TimeSpan.FromMinutes(30))
            .Build();
        var cache = coordinator.GetCache<string, IRates>("known rates");

        async Task<string> AskAsync()
        {
            await using var rates = await coordinator.AcquireAsync<IRates>("rates");
            if (rates.IsOutdated)
            {
                return $"{rates.Resource.Of("EUR")}, as it was; from the {rates.Source}";
            }

            await cache.PutAsync("all", rates.Resource.Remember());
            return $"{rates.Resource.Of("EUR")}";
        }

        Assert.Equal("1", await AskAsync().WaitAsync(Guard));

        // The backend goes, and with it every connection.
        _isDown = true;
        coordinator.Pools["rates"].Invalidate();
        for (var call = 0; call < 20; call++)
        {
            Assert.Equal("1, as it was; from the known rates", await AskAsync().WaitAsync(Guard));
        }

        // Nobody waited for it: after five failures the pool's own circuit was open.
        Assert.Equal(6, _asked);
        _time.Advance(TimeSpan.FromMinutes(29));
        Assert.Equal("1, as it was; from the known rates", await AskAsync().WaitAsync(Guard));
        _time.Advance(TimeSpan.FromMinutes(1));
        var none = await Assert.ThrowsAsync<AllFallbacksFailedException>(() => AskAsync().WaitAsync(Guard));
        Assert.IsType<ResourceNotFoundException>(none.Failures[^1]);

        // It comes back, and is found by the pool itself.
        _isDown = false;
        await Eventually.HoldsAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return coordinator.Pools["rates"].Statistics.Circuit!.State == CircuitState.Closed;
        });
        Assert.Equal("1", await AskAsync().WaitAsync(Guard));
    }

    private ValueTask<IRates> ConnectAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        return _isDown ? throw new IOException("The backend is down.") : new ValueTask<IRates>(new LiveRates());
    }

    private interface IRates
    {
        decimal Of(string currency);

        IRates Remember();
    }

    private sealed class LiveRates : IRates
    {
        public decimal Of(string currency) => 1;

        public IRates Remember() => new KnownRates(Of("EUR"));
    }

    private sealed class KnownRates(decimal euro) : IRates
    {
        public decimal Of(string currency) => euro;

        public IRates Remember() => this;
    }
}
