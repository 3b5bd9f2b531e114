using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>The circuit that a pool's creations go through: whom it rejects, and what counts.</summary>
public sealed class PoolCircuitTests : PoolRecoveryTestBase
{
    [Fact]
    public async Task Acquire_CircuitIsOpen_IsToldAtOnceWhenAndWhy()
    {
        await using var pool = NewPlain();
        await OpenCircuit(pool);
        using var listener = new MetricListener(Monitor);

        var told = Ask(pool);

        Assert.True(told.IsFaulted);
        var thrown = await Assert.ThrowsAsync<CircuitOpenException>(() => told);
        Assert.Equal((CircuitState.Open, Break, "orders"), (thrown.State, thrown.RetryAfter, thrown.ResourceId));
        Assert.IsType<InvalidOperationException>(thrown.InnerException);
        Assert.Contains("Pool 'orders' has nothing idle", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("ResetTimeout", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(5, Factory.Calls(Stage.Create));
        Assert.Equal(1, listener.Count("pepperpy_resource_acquisition_seconds", "outcome=circuit_open"));
        Assert.Equal(1, pool.Statistics.Circuit!.Rejected);
    }

    [Fact]
    public async Task Acquire_CircuitIsOpen_IsServedWhatIsIdle()
    {
        await using var pool = NewPool((_, recovery) => recovery.WhileOpen = OutageBehavior.Reject);
        var lease = await Lend(pool);
        await OpenCircuit(pool);
        await lease.DisposeAsync();

        await using var served = await Lend(pool);

        Assert.Equal(CircuitState.Open, StateOf(pool));
        Assert.IsType<CircuitOpenException>(await Failure(pool));
    }

    [Fact]
    public async Task Acquire_IdleOneIsValidatedWhileTheCircuitIsOpen_WaitsForIt()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewPool((_, recovery) => recovery.WhileOpen = OutageBehavior.Reject, factory);
        var lease = await Lend(pool);
        await OpenCircuit(pool, factory);
        await lease.DisposeAsync();
        factory.Set(Stage.Validate, Behaviour.Slow);

        var waiting = Ask(pool);
        var rejected = await Failure(pool);

        Assert.False(waiting.IsCompleted);
        Assert.IsType<CircuitOpenException>(rejected);
        factory.Open(Stage.Validate);
        await (await waiting.WaitAsync(Guard, Stop)).DisposeAsync();
    }

    [Fact]
    public async Task Acquire_IdleOneIsFoundUnfitWhileTheCircuitIsOpen_IsToldThen()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewPool((_, _) => { }, factory);
        var lease = await Lend(pool);
        await OpenCircuit(pool, factory);
        await lease.DisposeAsync();
        factory.Set(Stage.Validate, Behaviour.Slow);
        factory.IsFit = static _ => false;
        factory.Set(Stage.Destroy, Behaviour.IgnoresCancellation);

        var waiting = Ask(pool);
        factory.Open(Stage.Validate);

        // Before the destruction has ended: nobody waits for that.
        await Assert.ThrowsAsync<CircuitOpenException>(() => waiting.WaitAsync(Guard, Stop));
        factory.Open(Stage.Destroy);
    }

    [Fact]
    public async Task Create_FailsAfterALongTime_CountsAsTwo()
    {
        await using var pool = NewPlain(maxSize: 4);
        Factory.Set(Stage.Create, Behaviour.Slow);
        var asked = Enumerable.Range(0, 4).Select(_ => Ask(pool)).ToArray();
        await Until(() => Factory.Calls(Stage.Create) == 4);
        Factory.CreateFails = true;

        Time.Advance(TimeSpan.FromSeconds(5));
        Factory.Open(Stage.Create);

        // Four that hung at once are enough: another round would take as long.
        await Task.WhenAll(asked.Select(one => Assert.ThrowsAnyAsync<ResourceException>(() => one.WaitAsync(Guard, Stop))));
        await Until(() => StateOf(pool) == CircuitState.Open);
        Assert.Equal(4, Factory.Calls(Stage.Create));
    }

    [Fact]
    public async Task Create_FailsAfterALongTimeWhileOthersSucceed_CountsOnce()
    {
        await using var pool = NewPlain();
        Factory.Set(Stage.Create, Behaviour.Slow);
        var asked = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);
        Factory.Heal(Stage.Create);
        var other = Ask(pool);
        await using var first = await asked.WaitAsync(Guard, Stop);
        Factory.CreateFails = true;

        Time.Advance(TimeSpan.FromSeconds(5));
        Factory.Open(Stage.Create);

        await Assert.ThrowsAsync<ResourceInitializationException>(() => other.WaitAsync(Guard, Stop));
        Assert.Equal((CircuitState.Closed, 2), (StateOf(pool), pool.Statistics.Circuit!.FailuresInARow));
        Assert.Equal(3, Factory.Calls(Stage.Create));
    }

    [Fact]
    public async Task Create_RequestsOwnFailures_NeverOpenTheCircuit()
    {
        await using var pool = NewPool((_, recovery) => recovery.Classify = static _ => FailureKind.Request);
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);

        for (var failure = 0; failure < 20; failure++)
        {
            Assert.IsType<ResourceInitializationException>(await Failure(pool));
        }

        Assert.Equal((CircuitState.Closed, 20L), (StateOf(pool), pool.Statistics.Circuit!.Neutral));
    }

    [Fact]
    public async Task Create_CallersCancelOrRunOutOfTime_CountsForNothing()
    {
        await using var pool = NewPlain();
        Factory.Set(Stage.Create, Behaviour.Slow);
        for (var caller = 0; caller < 10; caller++)
        {
            using var source = new CancellationTokenSource();
            var asked = Ask(pool, cancellationToken: source.Token);
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.WaitAsync(Guard, Stop));
            await Assert.ThrowsAsync<ResourceTimeoutException>(() => Ask(pool, TimeSpan.Zero).WaitAsync(Guard, Stop));
        }

        Assert.Equal((CircuitState.Closed, 0), (StateOf(pool), pool.Statistics.Circuit!.FailuresInARow));
        Factory.Open(Stage.Create);
        await Until(() => pool.Statistics.Idle > 0);
    }

    [Fact]
    public async Task Create_TakesTooLong_CountsAndOpensTheCircuit()
    {
        await using var pool = NewPool((options, recovery) =>
            (options.CreateTimeout, recovery.Circuit.FailureThreshold) = (TimeSpan.FromSeconds(3), 1));
        Factory.Set(Stage.Create, Behaviour.NeverEnds);

        var asked = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);
        Time.Advance(TimeSpan.FromSeconds(3));

        var thrown = await Assert.ThrowsAsync<ResourceTimeoutException>(() => asked.WaitAsync(Guard, Stop));
        Assert.Equal(ResourceStage.Create, thrown.Stage);
        Assert.Equal(CircuitState.Open, StateOf(pool));
    }

    [Fact]
    public async Task Create_BegunBeforeTheCircuitOpened_IsKeptButClosesNothing()
    {
        await using var pool = NewPool((_, recovery) => recovery.Circuit.FailureThreshold = 1);
        Factory.Set(Stage.Create, Behaviour.Slow);
        var slow = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        var fails = Ask(pool);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => fails.WaitAsync(Guard, Stop));
        await Assert.ThrowsAnyAsync<ResourceException>(() => slow.WaitAsync(Guard, Stop));

        Factory.Open(Stage.Create);

        await Until(() => pool.Statistics.Idle == 1);
        Assert.Equal((CircuitState.Open, 1L), (StateOf(pool), pool.Statistics.Circuit!.Stale));
        await (await Lend(pool)).DisposeAsync();
    }

    [Fact]
    public async Task Minimum_CircuitIsOpen_StandsDown()
    {
        await using var pool = NewPool((options, _) => (options.MinSize, options.MaxSize) = (2, 4));
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        while (StateOf(pool) == CircuitState.Closed)
        {
            await Failure(pool);
        }

        await Until(() => pool.Statistics.Creating == 0);
        var calls = Factory.Calls(Stage.Create);

        Time.Advance(Break - TimeSpan.FromMilliseconds(1));
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Failure(pool)));
        Assert.Equal(calls, Factory.Calls(Stage.Create));

        Factory.Heal(Stage.Create);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        await Until(() => pool.Statistics.Idle == 2);
    }

    [Fact]
    public async Task WarmUp_CircuitIsOpen_IsToldAtOnce()
    {
        await using var pool = NewPool((options, _) => options.MinSize = 1);
        await OpenCircuit(pool);

        await Assert.ThrowsAsync<CircuitOpenException>(() => pool.WarmUpAsync(Stop).WaitAsync(Guard, Stop));
    }

    [Fact]
    public async Task WarmUp_Patient_GoesOnThroughAnOpenCircuit()
    {
        await using var pool = NewPool((options, _) => (options.MinSize, options.PatientWarmUp) = (2, true));
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        var warming = pool.WarmUpAsync(Stop);
        await PassTimeUntil(() => StateOf(pool) == CircuitState.Open, TimeSpan.FromMilliseconds(100));
        Factory.Heal(Stage.Create);

        await PassTimeUntil(() => warming.IsCompleted);

        await warming;
        Assert.Equal(2, pool.Statistics.Idle);
    }

    [Fact]
    public async Task Isolate_ByHand_CreatesNothingUntilItIsClosed()
    {
        await using var pool = NewPlain();
        await using var lease = await Lend(pool);

        pool.IsolateCircuit("maintenance");

        var thrown = Assert.IsType<CircuitOpenException>(await Failure(pool));
        Assert.Equal((CircuitState.Isolated, Timeout.InfiniteTimeSpan), (thrown.State, thrown.RetryAfter));
        Assert.Contains("maintenance", thrown.Message, StringComparison.Ordinal);
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((1, CircuitState.Isolated), (Factory.Calls(Stage.Create), StateOf(pool)));
        pool.CloseCircuit();
        await (await Lend(pool)).DisposeAsync();
        Assert.Equal(0, pool.Statistics.Recoveries);
    }

    [Fact]
    public async Task Isolate_SomebodyWaits_IsToldAtOnce()
    {
        await using var pool = NewPlain();
        Factory.Set(Stage.Create, Behaviour.Slow);
        var waiting = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);

        pool.IsolateCircuit();

        await Assert.ThrowsAsync<CircuitOpenException>(() => waiting.WaitAsync(Guard, Stop));
        Factory.Open(Stage.Create);
    }

    [Fact]
    public async Task Pause_CircuitOpens_CallersWaitForTheResumeAndAreToldThen()
    {
        await using var pool = NewPlain();
        await OpenCircuit(pool);
        pool.Pause();

        var waiting = Ask(pool);

        Assert.False(waiting.IsCompleted);
        pool.Resume();
        await Assert.ThrowsAsync<CircuitOpenException>(() => waiting.WaitAsync(Guard, Stop));
    }

    [Fact]
    public async Task Recovery_IsNull_EachCallerMakesThePoolTry()
    {
        await using var pool = NewPool(options => options.Recovery = null);
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);

        for (var failure = 0; failure < 20; failure++)
        {
            Assert.IsType<ResourceInitializationException>(await Failure(pool));
        }

        Assert.Equal(20, Factory.Calls(Stage.Create));
        Assert.Null(pool.Statistics.Circuit);
        Assert.Throws<InvalidOperationException>(() => pool.IsolateCircuit());
        Assert.Throws<InvalidOperationException>(pool.CloseCircuit);
    }

    [Fact]
    public async Task Dispose_ProbeIsUnderWay_EndsItAndTakesTheCircuitOutOfTheMetrics()
    {
        var pool = NewPlain();
        await OpenCircuit(pool);
        Factory.Set(Stage.Create, Behaviour.Slow);
        Time.Advance(Break);
        await Until(() => Factory.Calls(Stage.Create) == 6);
        using var listener = new MetricListener(Monitor);
        Assert.Equal(1, Assert.Single(listener.Read("pepperpy_circuit_state")).Value);

        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        Assert.Empty(listener.Read("pepperpy_circuit_state"));
        await AssertAllDestroyedOnce(Factory);
    }

    [Fact]
    public async Task Drain_CircuitIsOpen_Ends()
    {
        await using var pool = NewPlain();
        await OpenCircuit(pool);

        await pool.DrainAsync(TimeSpan.FromSeconds(5), Stop).WaitAsync(Guard, Stop);

        Assert.Equal(0, pool.Statistics.Size);
    }

    [Fact]
    public async Task Acquire_BlockingWhileTheCircuitIsOpen_IsToldAtOnce()
    {
        await using var pool = NewPlain();
        await OpenCircuit(pool);

        Assert.False(pool.TryAcquire(out _));
        await Assert.ThrowsAnyAsync<Exception>(
            () => Task.Run(() => pool.Acquire(TimeSpan.FromSeconds(30)), Stop).WaitAsync(Guard, Stop));
    }
}
