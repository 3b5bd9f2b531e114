using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Further attempts, second creations, the budget that pays for them, first validations, and health.</summary>
public sealed class PoolCreateRecoveryTests : PoolRecoveryTestBase
{
    [Fact]
    public async Task CreateAttempts_FirstFails_NobodyIsToldAndTheNextServes()
    {
        var factory = new TestFactory
        {
            CreateNow = static (number, _) => number == 1
                ? Task.FromException(new IOException("reset")) : Task.CompletedTask,
        };
        await using var pool = NewPool((_, recovery) => recovery.CreateAttempts = 2, factory);

        await using var lease = await Lend(pool);

        Assert.Equal((2, 1L), (factory.Calls(Stage.Create), pool.Statistics.CreateFailures));
    }

    [Fact]
    public async Task CreateAttempts_AllFail_TellsTheLast()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var pool = NewPool((_, recovery) => recovery.CreateAttempts = 3);

        Assert.IsType<ResourceInitializationException>(await Failure(pool));

        Assert.Equal(3, Factory.Calls(Stage.Create));
    }

    [Fact]
    public async Task CreateAttempts_BudgetRefuses_TellsTheFailureItself()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        var budget = new RetryBudget(new RetryBudgetOptions { Capacity = 1, MinimumPerSecond = 0, Ratio = 0 }, Time);
        await using var pool = NewPool((_, recovery) => (recovery.CreateAttempts, recovery.Budget) = (100, budget));

        var thrown = Assert.IsType<ResourceInitializationException>(await Failure(pool));

        Assert.IsType<InvalidOperationException>(thrown.InnerException);
        Assert.Equal((2, 1L, 1L), (Factory.Calls(Stage.Create), budget.Granted, budget.Refused));
    }

    [Fact]
    public async Task Minimum_FailsAndTheBudgetIsEmpty_WaitsForTheBudget()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        var budget = new RetryBudget(new RetryBudgetOptions { Capacity = 1, MinimumPerSecond = 0, Ratio = 0 }, Time);
        await using var pool = NewPool((options, recovery) => (options.MinSize, recovery.Budget) = (1, budget));
        await Assert.ThrowsAsync<ResourceInitializationException>(() => pool.WarmUpAsync(Stop).WaitAsync(Guard, Stop));

        await PassTimeUntil(() => budget.Refused > 2);

        Assert.Equal(2, Factory.Calls(Stage.Create));
    }

    [Fact]
    public async Task Hedge_CreationIsSlow_SecondServesAndTheFirstIsKept()
    {
        var gate = new TaskCompletionSource();
        var factory = new TestFactory { CreateNow = (number, _) => number == 1 ? gate.Task : Task.CompletedTask };
        await using var pool = NewPool((_, recovery) => recovery.HedgeAfter = TimeSpan.FromMilliseconds(100), factory);
        var asked = Ask(pool);
        await Until(() => factory.Calls(Stage.Create) == 1);

        Time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.False(asked.IsCompleted);
        Time.Advance(TimeSpan.FromMilliseconds(1));

        await using var lease = await asked.WaitAsync(Guard, Stop);
        Assert.Equal((2, 1L), (factory.Calls(Stage.Create), pool.Statistics.Hedges));
        gate.SetResult();
        await Until(() => pool.Statistics.Idle == 1);
        Assert.Equal(2, pool.Statistics.Size);
    }

    [Fact]
    public async Task Hedge_FirstEndsFirst_SecondIsKept()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool((_, recovery) => recovery.HedgeAfter = TimeSpan.FromMilliseconds(100));
        var asked = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);
        Time.Advance(TimeSpan.FromMilliseconds(100));
        await Until(() => Factory.Calls(Stage.Create) == 2);

        // One is joined by one other, and that by none.
        Time.Advance(TimeSpan.FromSeconds(1));
        Factory.Open(Stage.Create);

        await using var lease = await asked.WaitAsync(Guard, Stop);
        await Until(() => pool.Statistics.Idle == 1);
        Assert.Equal(2, Factory.Calls(Stage.Create));
    }

    [Fact]
    public async Task Hedge_NobodyWaitsAnyMore_IsNotMade()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool((_, recovery) => recovery.HedgeAfter = TimeSpan.FromMilliseconds(100));
        using var source = new CancellationTokenSource();
        var asked = Ask(pool, cancellationToken: source.Token);
        await Until(() => Factory.Calls(Stage.Create) == 1);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.WaitAsync(Guard, Stop));

        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((1, 0L), (Factory.Calls(Stage.Create), pool.Statistics.Hedges));
        Factory.Open(Stage.Create);
    }

    [Fact]
    public async Task Hedge_PoolIsFull_IsNotMade()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool((options, recovery) =>
            (options.MaxSize, recovery.HedgeAfter) = (1, TimeSpan.FromMilliseconds(100)));
        var asked = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);

        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(0, pool.Statistics.Hedges);
        Factory.Open(Stage.Create);
        await (await asked.WaitAsync(Guard, Stop)).DisposeAsync();
    }

    [Fact]
    public async Task Hedge_BudgetRefuses_TheCallIsServedAllTheSame()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        var budget = new RetryBudget(new RetryBudgetOptions { Capacity = 1, MinimumPerSecond = 0, Ratio = 0 }, Time);
        Assert.True(budget.TryWithdraw());
        await using var pool = NewPool((_, recovery) =>
            (recovery.HedgeAfter, recovery.Budget) = (TimeSpan.FromMilliseconds(100), budget));
        var asked = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);

        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(0, pool.Statistics.Hedges);
        Factory.Open(Stage.Create);
        await (await asked.WaitAsync(Guard, Stop)).DisposeAsync();
    }

    [Fact]
    public async Task OnCreate_NewOneIsUnfit_CountsAsAFailedCreationUntilTheCircuitOpens()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate, IsFit = static _ => false };
        await using var pool = NewPool((options, _) => options.Validation = ValidationMode.OnCreate, factory);

        for (var failure = 0; failure < 5; failure++)
        {
            var thrown = Assert.IsType<ResourceInitializationException>(await Failure(pool));
            Assert.Contains("first validation", thrown.Message, StringComparison.Ordinal);
        }

        Assert.IsType<CircuitOpenException>(await Failure(pool));
        await Until(() => factory.Destroyed == 5 && pool.Statistics.Size == 0);
        Assert.Equal((5L, 5L, 0), (pool.Statistics.Created, pool.Statistics.CreateFailures, pool.Statistics.Size));
    }

    [Theory]
    [InlineData(Behaviour.ThrowsSync)]
    [InlineData(Behaviour.ThrowsAsync)]
    [InlineData(Behaviour.NeverEnds)]
    [InlineData(Behaviour.IgnoresCancellation)]
    public async Task OnCreate_FirstValidationFailsOrHangs_DestroysTheNewOneAndTellsWhy(object behaviour)
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        factory.Set(Stage.Validate, (Behaviour)behaviour);
        await using var pool = NewPool((options, _) => options.Validation = ValidationMode.OnCreate, factory);

        var asked = Ask(pool);
        await Until(() => factory.Calls(Stage.Validate) == 1);
        Time.Advance(TimeSpan.FromSeconds(5));

        var thrown = await Assert.ThrowsAnyAsync<ResourceException>(() => asked.WaitAsync(Guard, Stop));
        Assert.Equal("orders", thrown.ResourceId);
        Assert.True(thrown is ResourceInitializationException or ResourceTimeoutException { Stage: ResourceStage.Validate });
        await Until(() => factory.Destroyed == 1 && pool.Statistics.Size == 0);
        factory.Open(Stage.Validate);
        factory.Heal(Stage.Validate);
        await (await Lend(pool)).DisposeAsync();
    }

    [Fact]
    public async Task OnCreate_NewOneIsFit_IsValidatedOnceAndLent()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewPool((options, _) => options.Validation = ValidationMode.OnCreate, factory);

        await (await Lend(pool)).DisposeAsync();
        await (await Lend(pool)).DisposeAsync();

        Assert.Equal(1, factory.Calls(Stage.Validate));
    }

    [Fact]
    public async Task Health_FollowsTheCircuit()
    {
        await using var pool = NewPlain();
        Assert.Equal((ResourceHealth.Healthy, null), (pool.Statistics.Health, pool.Statistics.HealthReason));
        var lease = await Lend(pool);
        await OpenCircuit(pool);
        Assert.Equal(ResourceHealth.Degraded, pool.Statistics.Health);
        Assert.Contains("circuit is open", pool.Statistics.HealthReason, StringComparison.Ordinal);

        lease.Invalidate();
        await lease.DisposeAsync();

        await Until(() => pool.Statistics.Health == ResourceHealth.Unhealthy);
        Factory.Heal(Stage.Create);
        Time.Advance(Break);
        await Until(() => pool.Statistics.Health == ResourceHealth.Healthy);
    }

    [Fact]
    public async Task Health_TooManyRecoveriesWithinThePeriod_IsUnhealthyAndSaysSo()
    {
        await using var pool = NewPool((options, recovery) =>
        {
            options.MaxSize = 20;
            (recovery.MaxRecoveries, recovery.RecoveryPeriod) = (2, TimeSpan.FromMinutes(1));
            recovery.Circuit.FailureThreshold = 1;
        });
        var events = new EventRecorder();
        using var subscription = pool.Subscribe(events.Handle);
        for (var recovery = 1; recovery <= 3; recovery++)
        {
            Assert.Equal(ResourceHealth.Healthy, pool.Statistics.Health);
            while (pool.TryAcquire(out _))
            {
            }

            Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
            await Failure(pool);
            Factory.Heal(Stage.Create);
            Time.Advance(Break);
            var expected = recovery;
            await Until(() => pool.Statistics.Recoveries == expected);
        }

        Assert.Equal(ResourceHealth.Unhealthy, pool.Statistics.Health);
        Assert.Contains("MaxRecoveries", pool.Statistics.HealthReason, StringComparison.Ordinal);
        await events.UntilSeen(PoolEventKind.Unhealthy);
        await Until(() => Log.Count(1142) == 1);

        // It goes on working, and is well again when the recoveries are long ago.
        await (await Lend(pool)).DisposeAsync();
        Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(ResourceHealth.Healthy, pool.Statistics.Health);
    }

    [Fact]
    public async Task Recovery_OptionsAreChangedAfterwards_HasNoEffect()
    {
        var options = new ResourcePoolOptions { Name = "orders", MinSize = 0 };
        await using var pool = new ResourcePool<TestResource>(Factory, options, Time, Monitor);
        options.Recovery!.Circuit.FailureThreshold = 1;
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);

        await Failure(pool);

        Assert.Equal((CircuitState.Closed, "orders"), (StateOf(pool), pool.Statistics.Circuit!.Name));
        Assert.Equal("default", options.Recovery.Circuit.Name);
    }
}
