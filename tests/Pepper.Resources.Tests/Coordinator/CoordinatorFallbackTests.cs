using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;
using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Coordinator;

/// <summary>Pools that serve when another cannot.</summary>
public sealed class CoordinatorFallbackTests : PoolTestBase
{
    private readonly TestFactory _replica = new();
    private readonly TestFactory _third = new();

    [Fact]
    public async Task Acquire_PrimaryWorks_ServesIt()
    {
        await using var coordinator = NewCoordinator();

        await using var lease = await coordinator.AcquireAsync<TestResource>("primary", Stop);

        Assert.Equal(("primary", 0), (lease.Source, _replica.Calls(Stage.Create)));
    }

    [Fact]
    public async Task Acquire_PrimaryFails_TheReplicaServesAndTheLeaseSaysSo()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var coordinator = NewCoordinator();
        using var listener = new MetricListener(Monitor);

        await using var lease = await coordinator.AcquireAsync<TestResource>("primary", Stop).AsTask().WaitAsync(Guard, Stop);

        Assert.Equal("replica", lease.Source);
        Assert.Same(_replica, lease.Resource.Factory);
        Assert.Equal(1, listener.Count("pepperpy_fallback_operations_total", "index=0"));
        Assert.Equal(
            nameof(Acquire_PrimaryFails_TheReplicaServesAndTheLeaseSaysSo),
            Assert.Single(coordinator.Pools["replica"].GetLeases()).CallSite.Member);
    }

    [Fact]
    public async Task Acquire_PrimarysCircuitIsOpen_TheReplicaServesWithoutAnAttempt()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var coordinator = NewCoordinator();
        for (var call = 0; call < 20; call++)
        {
            await using var lease = await coordinator.AcquireAsync<TestResource>("primary", Stop).AsTask().WaitAsync(Guard, Stop);
            Assert.Equal("replica", lease.Source);
        }

        Assert.Equal(5, Factory.Calls(Stage.Create));
        Factory.Heal(Stage.Create);
        await PassTimeUntil(() => coordinator.Pools["primary"].Statistics.Circuit!.State == CircuitState.Closed);
        await using var healed = await coordinator.AcquireAsync<TestResource>("primary", Stop);
        Assert.Equal("primary", healed.Source);
    }

    [Fact]
    public async Task Acquire_ReplicaFailsToo_TheNextServes()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        _replica.Set(Stage.Create, Behaviour.ThrowsSync);
        await using var coordinator = NewCoordinator();

        await using var lease = await coordinator.AcquireAsync<TestResource>("primary", Stop).AsTask().WaitAsync(Guard, Stop);

        Assert.Equal("third", lease.Source);
    }

    [Fact]
    public async Task Acquire_AllFail_TellsEveryFailure()
    {
        foreach (var factory in (TestFactory[])[Factory, _replica, _third])
        {
            factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        }

        await using var coordinator = NewCoordinator();

        var thrown = await Assert.ThrowsAsync<AllFallbacksFailedException>(
            () => coordinator.AcquireAsync<TestResource>("primary", Stop).AsTask().WaitAsync(Guard, Stop));

        Assert.Equal(
            ["primary", "replica", "third"],
            thrown.Failures.Select(static one => Assert.IsType<ResourceInitializationException>(one).ResourceId));
    }

    [Fact]
    public async Task Acquire_CallerCancels_AsksNoFallback()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var coordinator = NewCoordinator();
        using var source = new CancellationTokenSource();
        var asked = coordinator.AcquireAsync<TestResource>("primary", source.Token).AsTask();

        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.WaitAsync(Guard, Stop));
        Assert.Equal(0, _replica.Calls(Stage.Create));
        Factory.Open(Stage.Create);
    }

    [Fact]
    public async Task Acquire_PrimaryIsDrained_AsksNoFallback()
    {
        await using var coordinator = NewCoordinator();
        await coordinator.Pools["primary"].DrainAsync(TimeSpan.FromSeconds(1), Stop);

        await Assert.ThrowsAsync<PoolClosedException>(
            () => coordinator.AcquireAsync<TestResource>("primary", Stop).AsTask().WaitAsync(Guard, Stop));
    }

    [Fact]
    public void Build_FallbacksThatDoNotFit_AreAllListed()
    {
        var builder = NewBuilder()
            .AddPool("strings", ResourceFactory.Create(static _ => new ValueTask<string>("text")))
            .AddFallback("nowhere", "replica")
            .AddFallback("primary", "third")
            .AddFallback("replica")
            .AddFallback("third", "third", "nothing", "strings");

        var thrown = Assert.Throws<ArgumentException>(builder.Build);

        Assert.Contains("6 fault(s)", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("'nowhere', which is no pool", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("fallbacks of pool 'primary' are given twice", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("fallbacks of pool 'replica' are none", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("'third' cannot be a fallback of pool 'third'", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("'nothing' cannot be a fallback of pool 'third': it is no", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("it lends System.String", thrown.Message, StringComparison.Ordinal);
    }

    private static ResourcePoolOptions Small()
    {
        var options = new ResourcePoolOptions { MinSize = 0, MaxSize = 2 };
        options.Recovery!.Circuit.ResetTimeoutJitter = 0;
        return options;
    }

    private ResourceCoordinatorBuilder NewBuilder() => ResourceCoordinator.CreateBuilder()
        .UseTimeProvider(Time).UseMonitor(Monitor)
        .AddPool("primary", Factory, Small())
        .AddPool("replica", _replica, Small())
        .AddPool("third", _third, Small())
        .AddFallback("primary", "replica", "third");

    private ResourceCoordinator NewCoordinator() => NewBuilder().Build();
}
