using Pepper.Resources.Caching;
using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Caching;

/// <summary>The circuit that a cache's loads go through, and what is lent although it is outdated.</summary>
public sealed class CacheRecoveryTests : CacheTestBase
{
    private static readonly TimeSpan Break = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Get_LoadsFailAgainAndAgain_TellsTheNextAtOnceWhateverItsKey()
    {
        await using var cache = NewHealing();
        await OpenCircuit(cache);

        var thrown = await Assert.ThrowsAsync<CircuitOpenException>(() => Get(cache, "another"));

        Assert.Equal((CircuitState.Open, Break), (thrown.State, thrown.RetryAfter));
        Assert.IsType<IOException>(thrown.InnerException);
        Assert.StartsWith("Cache 'tenants' loads nothing:", thrown.Message, StringComparison.Ordinal);
        Assert.Equal((5, 5L, CircuitState.Open),
            (Source.Loads, cache.Statistics.LoadFailures, cache.Statistics.Circuit!.State));
        using var listener = new MetricListener(Monitor);
        Assert.Equal(2, Assert.Single(listener.Read("pepperpy_circuit_state")).Value);
    }

    [Fact]
    public async Task Get_CircuitIsOpen_HitsGoOn()
    {
        await using var cache = NewHealing();
        var there = await Touch(cache, "there");
        await OpenCircuit(cache);

        Assert.Same(there, await Touch(cache, "there"));
    }

    [Fact]
    public async Task Get_BreakIsOver_OneLoadTriesAndClosesTheCircuit()
    {
        await using var cache = NewHealing();
        await OpenCircuit(cache);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = (_, _) => gate.Task;
        Time.Advance(Break);

        var trial = Get(cache, "trial");
        await Until(() => Source.Loads == 6);
        var told = await Assert.ThrowsAsync<CircuitOpenException>(() => Get(cache, "other"));

        Assert.Equal((CircuitState.HalfOpen, 6), (told.State, Source.Loads));
        gate.SetResult();
        (await trial).Dispose();
        Assert.Equal(CircuitState.Closed, cache.Statistics.Circuit!.State);
        await Touch(cache, "other");
    }

    [Fact]
    public async Task Get_TrialIsLeftByAllWhoWaited_TheNextTakesItsPlace()
    {
        await using var cache = NewHealing();
        await OpenCircuit(cache);
        Source.OnLoad = static (_, token) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
        Time.Advance(Break);
        using var source = new CancellationTokenSource();
        var trial = cache.GetOrAddAsync("trial", source.Token).AsTask();
        await Until(() => Source.Loads == 6);

        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Within(trial));
        Source.OnLoad = null;
        await Until(() => cache.Statistics.Circuit!.Trials == 0);
        await Touch(cache, "next");
        Assert.Equal(CircuitState.Closed, cache.Statistics.Circuit!.State);
    }

    [Fact]
    public async Task Get_FailuresOfOneKeyAlone_NeverOpenTheCircuit()
    {
        await using var cache = NewHealing(options =>
            options.Recovery!.Classify = static failure =>
                failure.Exception is KeyNotFoundException ? FailureKind.Request : failure.DefaultKind);
        Source.OnLoad = static (_, _) => Task.FromException(new KeyNotFoundException());

        for (var failure = 0; failure < 20; failure++)
        {
            await Assert.ThrowsAsync<KeyNotFoundException>(() => Get(cache, "missing"));
        }

        Assert.Equal(CircuitState.Closed, cache.Statistics.Circuit!.State);
    }

    [Fact]
    public async Task Get_CircuitIsOpenAndTheEntryHasExpired_ServesItStaleAndTheLeaseSaysSo()
    {
        await using var cache = NewHealing(options =>
        {
            options.TimeToLive = TimeSpan.FromSeconds(10);
            options.ServeStaleFor = TimeSpan.FromMinutes(1);
        });
        using (var fresh = await Get(cache, "there"))
        {
            Assert.False(fresh.IsOutdated);
        }

        await OpenCircuit(cache);
        Time.Advance(TimeSpan.FromSeconds(11));
        Source.OnLoad = static (_, _) => Task.FromException(new IOException("down"));
        await Assert.ThrowsAsync<IOException>(() => Get(cache, "trial"));

        using var stale = await Get(cache, "there");

        Assert.True(stale.IsOutdated);
        Assert.Equal(("tenants", 1), (stale.Source, stale.Resource.Number));
        Assert.Equal((7, 1L), (Source.Loads, cache.Statistics.StaleServed));
        stale.Dispose();
        Assert.False(stale.IsOutdated);
    }

    [Fact]
    public async Task Construct_FaultyRecovery_IsNamed()
    {
        var thrown = Assert.Throws<ArgumentException>(
            () => NewHealing(options => options.Recovery!.Circuit.FailureThreshold = 0));

        Assert.Contains("Recovery: FailureThreshold is 0", thrown.Message, StringComparison.Ordinal);
        await using var plain = NewCache();
        Assert.Null(plain.Statistics.Circuit);
    }

    private ResourceCache<string, CachedThing> NewHealing(Action<ResourceCacheOptions<string, CachedThing>>? configure = null) =>
        NewCache(options =>
        {
            options.Capacity = 100;
            options.Recovery = new FactoryRecoveryOptions();
            options.Recovery.Circuit.ResetTimeoutJitter = 0;
            configure?.Invoke(options);
        });

    private async Task OpenCircuit(ResourceCache<string, CachedThing> cache)
    {
        var before = Source.OnLoad;
        Source.OnLoad = static (_, _) => Task.FromException(new IOException("down"));
        for (var failure = 0; failure < 5; failure++)
        {
            await Assert.ThrowsAsync<IOException>(() => Get(cache, $"key {failure}"));
        }

        Source.OnLoad = before;
    }
}
