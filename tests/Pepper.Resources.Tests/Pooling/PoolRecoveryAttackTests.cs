using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>
/// What a pool's recovery does at its edges: probes that say nothing, new resources that are unfit, and what is in hand.
/// </summary>
public sealed class PoolRecoveryAttackTests : PoolRecoveryTestBase
{
    [Fact]
    public async Task Probe_FailureSaysNothing_RestsBeforeTheNext()
    {
        var kind = FailureKind.Resource;
        await using var pool = NewPool((_, recovery) => recovery.Classify = _ => kind);
        await OpenCircuit(pool);
        kind = FailureKind.Request;

        for (var probe = 1; probe <= 3; probe++)
        {
            Time.Advance(Break);
            await Until(() => pool.Statistics is { CreateFailures: var failures, Creating: 0 } && failures >= 5 + probe);
            Assert.IsType<CircuitOpenException>(await Failure(pool));
            Assert.Equal(5 + probe, Factory.Calls(Stage.Create));
        }

        Factory.Heal(Stage.Create);
        Time.Advance(Break);
        await Until(() => StateOf(pool) == CircuitState.Closed);
        await (await Lend(pool)).DisposeAsync();
    }

    [Fact]
    public async Task Create_ProductDoesNotPassItsValidation_TellsAllWhoHadQueued()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate, IsFit = static _ => false };
        await using var pool = NewPool(
            (options, _) => (options.MaxConcurrentCreates, options.Validation) = (1, ValidationMode.OnCreate), factory);
        using var gates = new OpenedGates(factory);
        factory.Set(Stage.Create, Behaviour.Slow);
        factory.Set(Stage.Destroy, Behaviour.Slow);
        var first = Ask(pool);
        await Until(() => factory.Calls(Stage.Create) == 1);
        pool.Pause();
        Task<Lease<TestResource>>[] asked = [first, Ask(pool), Ask(pool)];
        Assert.Equal(3, pool.Statistics.Waiting);
        factory.OpenOnce(Stage.Create);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => first.WaitAsync(Guard, Stop));

        // Only the first had queued when the creation began; the next one is for both others.
        pool.Resume();
        await Until(() => factory.Calls(Stage.Create) == 2);
        factory.OpenOnce(Stage.Create);

        foreach (var other in asked[1..])
        {
            await Assert.ThrowsAsync<ResourceInitializationException>(() => other.WaitAsync(Guard, Stop));
        }

        Assert.Equal(2, factory.Calls(Stage.Create));
    }

    [Fact]
    public async Task Open_NewOnesWereUnfitButLentOnesComeBackGood_CallersWait()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate, IsFit = static resource => resource.Id == 1 };
        await using var pool = NewPool((options, _) => options.Validation = ValidationMode.OnCreate, factory);
        var lease = await Lend(pool);
        for (var failure = 1; failure <= 5; failure++)
        {
            Assert.IsType<ResourceInitializationException>(await Failure(pool));
            await Until(() => pool.Statistics is { Destroyed: var destroyed, Size: 1 } && destroyed == failure);
        }

        Assert.Equal(CircuitState.Open, StateOf(pool));
        await lease.DisposeAsync();
        await using var again = await Lend(pool);

        var waiting = Ask(pool);

        Assert.False(waiting.IsCompleted);
        await again.DisposeAsync();
        await (await waiting.WaitAsync(Guard, Stop)).DisposeAsync();
    }

    [Fact]
    public async Task Open_ReturnedResourceIsBeingValidated_CallerWaitsForIt()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewRejecting(factory);
        using var gates = new OpenedGates(factory);
        var lease = await Lend(pool);
        await OpenCircuit(pool, factory);
        factory.Set(Stage.Validate, Behaviour.Slow);
        var returned = lease.DisposeAsync();

        var first = Ask(pool);
        var second = Ask(pool);

        // There is one for one of them.
        Assert.False(first.IsCompleted);
        await Assert.ThrowsAsync<CircuitOpenException>(() => second.WaitAsync(Guard, Stop));
        factory.Open(Stage.Validate);
        await returned.AsTask().WaitAsync(Guard, Stop);
        await using var served = await first.WaitAsync(Guard, Stop);
    }

    [Fact]
    public async Task Open_ReturnedResourceIsUnfit_WhoWaitedForItIsToldBeforeItIsDestroyed()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewRejecting(factory);
        using var gates = new OpenedGates(factory);
        var lease = await Lend(pool);
        await OpenCircuit(pool, factory);
        factory.IsFit = static _ => false;
        factory.Set(Stage.Validate, Behaviour.Slow);
        factory.Set(Stage.Destroy, Behaviour.Slow);
        var returned = lease.DisposeAsync();
        var waiting = Ask(pool);

        factory.Open(Stage.Validate);

        await returned.AsTask().WaitAsync(Guard, Stop);
        await Assert.ThrowsAsync<CircuitOpenException>(() => waiting.WaitAsync(Guard, Stop));
    }

    [Fact]
    public async Task Open_ReturnedResourceIsOutOfDateAfterItsValidation_WhoWaitedForItIsToldBeforeItIsDestroyed()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewRejecting(factory);
        using var gates = new OpenedGates(factory);
        var lease = await Lend(pool);
        await OpenCircuit(pool, factory);
        factory.Set(Stage.Validate, Behaviour.Slow);
        factory.Set(Stage.Destroy, Behaviour.Slow);
        var returned = lease.DisposeAsync();
        var waiting = Ask(pool);
        pool.Invalidate();
        Assert.False(waiting.IsCompleted);

        factory.Open(Stage.Validate);

        await returned.AsTask().WaitAsync(Guard, Stop);
        await Assert.ThrowsAsync<CircuitOpenException>(() => waiting.WaitAsync(Guard, Stop));
    }

    [Fact]
    public async Task Open_LentOneIsWornOut_WhoWaitedForItIsToldBeforeItIsDestroyed()
    {
        await using var pool = NewPool(
            (options, recovery) => (options.MaxUses, recovery.WhileOpen) = (1, OutageBehavior.WaitForReturn));
        using var gates = new OpenedGates(Factory);
        var lease = await Lend(pool);
        await OpenCircuit(pool);
        Factory.Set(Stage.Destroy, Behaviour.Slow);
        var waiting = Ask(pool);
        Assert.False(waiting.IsCompleted);

        await lease.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        await Assert.ThrowsAsync<CircuitOpenException>(() => waiting.WaitAsync(Guard, Stop));
    }

    [Fact]
    public async Task CloseCircuit_ProbeEndsAfterIt_IsNoRecovery()
    {
        await using var pool = NewPlain();
        using var gates = new OpenedGates(Factory);
        await OpenCircuit(pool);
        Factory.Set(Stage.Create, Behaviour.Slow);
        Time.Advance(Break);
        await Until(() => Factory.Calls(Stage.Create) == 6);

        pool.CloseCircuit();
        Factory.Open(Stage.Create);

        await Until(() => pool.Statistics.Idle == 1);
        Assert.Equal(0, pool.Statistics.Recoveries);
    }

    [Fact]
    public async Task IsolateCircuit_LastOutageWasOfCapacity_CallersAreTold()
    {
        await using var pool = NewPool((_, recovery) =>
            (recovery.Classify, recovery.WhileOpen) = (static _ => FailureKind.Capacity, OutageBehavior.Reject));
        await OpenCircuit(pool);
        Factory.Heal(Stage.Create);
        Time.Advance(Break);
        await Until(() => StateOf(pool) == CircuitState.Closed);
        await using var lease = await Lend(pool);

        pool.IsolateCircuit("maintenance");

        Assert.IsType<CircuitOpenException>(await Failure(pool));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task IsolateCircuit_DuringAnOutageOfCapacity_CallersAreTold(bool failsAfterIt)
    {
        await using var pool = NewPool((_, recovery) =>
            (recovery.Classify, recovery.WhileOpen) = (static _ => FailureKind.Capacity, OutageBehavior.Reject));
        await using var lease = await Lend(pool);
        Factory.Set(Stage.Create, Behaviour.Slow);
        Factory.CreateFails = true;
        using var cancelled = new CancellationTokenSource();
        var asked = Ask(pool, cancellationToken: cancelled.Token);
        await Until(() => pool.Statistics.Creating == 1);
        if (failsAfterIt)
        {
            pool.IsolateCircuit("maintenance");
        }

        Factory.Open(Stage.Create);
        await Until(() => pool.Statistics.CreateFailures > 0);
        pool.IsolateCircuit("maintenance");

        Assert.IsType<CircuitOpenException>(await Failure(pool));
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => asked.WaitAsync(Guard, Stop));
    }

    [Fact]
    public async Task Open_CallerQueuesForWhatIsJustBeingLentToAnother_IsTold()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewPool((_, recovery) => recovery.WhileOpen = OutageBehavior.Reject, factory);
        var lease = await Lend(pool);
        await OpenCircuit(pool, factory);
        await lease.DisposeAsync();
        Task<Lease<TestResource>>? queued = null;
        using var listener = new MetricListener(Monitor, static name => name == "pepperpy_resource_acquisition_seconds");

        // What is counted is validated, and the pool's own still: whoever comes now takes it for one that may yet be idle.
        listener.OnMeasurement = _ =>
        {
            listener.OnMeasurement = null;
            queued = Ask(pool);
        };
        await using var served = await Lend(pool);

        await Assert.ThrowsAsync<CircuitOpenException>(() => queued!.WaitAsync(Guard, Stop));
    }

    /// <summary>Declared after the pool: a test that fails is not to hang in the pool's disposal.</summary>
    private sealed class OpenedGates(TestFactory factory) : IDisposable
    {
        public void Dispose() => Array.ForEach(Enum.GetValues<Stage>(), factory.Open);
    }

    /// <summary>Validates what comes back, and lets nobody wait for anything else while its circuit is open.</summary>
    private ResourcePool<TestResource> NewRejecting(TestFactory factory) => NewPool(
        static (options, recovery) =>
            (options.Validation, recovery.WhileOpen) = (ValidationMode.OnReturn, OutageBehavior.Reject),
        factory);
}
