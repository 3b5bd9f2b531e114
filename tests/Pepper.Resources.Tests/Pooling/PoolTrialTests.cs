using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>A circuit that wants more good trials than one: each makes a resource, for which there must be a place.</summary>
public sealed class PoolTrialTests : PoolRecoveryTestBase
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Trials_MoreThanThePoolHolds_AreEnoughWhenItIsFull(int maxSize)
    {
        await using var pool = NewWithTrials(3, maxSize);
        await OpenCircuit(pool);
        Factory.Heal(Stage.Create);

        Time.Advance(Break);

        await Until(() => StateOf(pool) == CircuitState.Closed, "the circuit closes");
        Assert.Equal((5 + maxSize, 1), (Factory.Calls(Stage.Create), pool.Statistics.Recoveries));
        Assert.Equal(ResourceHealth.Healthy, pool.Statistics.Health);
    }

    [Fact]
    public async Task Trials_OneSurvivedTheOutage_AreEnoughWhenThePoolIsFull()
    {
        await using var pool = NewWithTrials(2, maxSize: 2);
        await using var survivor = await Lend(pool);
        await OpenCircuit(pool);
        Factory.Heal(Stage.Create);

        Time.Advance(Break);

        await Until(() => StateOf(pool) == CircuitState.Closed, "the circuit closes");
        Assert.Equal((2, 1), (pool.Statistics.Size, pool.Statistics.Recoveries));
    }

    [Fact]
    public async Task Trials_LastOfAFullPoolFails_OpensAgain()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var factory = new TestFactory
        {
            CreateNow = (number, token) => number == 6 ? Task.CompletedTask : gate.Task.WaitAsync(token),
        };
        await using var pool = NewWithTrials(3, maxSize: 2, factory);
        gate.SetException(new IOException("down"));
        await OpenCircuit(pool, factory);
        gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Time.Advance(Break);
        await Until(() => pool.Statistics is { Idle: 1, Creating: 1 });

        // It is full, but the other trial may yet say otherwise.
        Assert.Equal(CircuitState.HalfOpen, StateOf(pool));
        gate.SetException(new IOException("down"));

        await Until(() => StateOf(pool) == CircuitState.Open);
        Assert.Equal(0, pool.Statistics.Recoveries);
    }

    [Fact]
    public async Task Resize_ToWhatTheTrialsHaveMade_ClosesTheCircuit()
    {
        var factory = new TestFactory
        {
            CreateNow = static (number, _) => number == 6 ? Task.CompletedTask
                : Task.FromException(number < 6 ? new IOException("down") : new ArgumentException("says nothing")),
        };
        await using var pool = NewWithTrials(3, maxSize: 3, factory);
        await OpenCircuit(pool, factory);
        Time.Advance(Break);
        await Until(() => pool.Statistics is { Idle: 1, Creating: 0, CreateFailures: 7 });
        Assert.Equal(CircuitState.HalfOpen, StateOf(pool));

        pool.Resize(0, 1);

        await Until(() => StateOf(pool) == CircuitState.Closed, "the circuit closes");
        Assert.Equal((8, 1), (factory.Calls(Stage.Create), pool.Statistics.Recoveries));
    }

    [Fact]
    public async Task Resize_ToMoreDuringTheOutage_AllTrialsAreMade()
    {
        await using var pool = NewWithTrials(3, maxSize: 1);
        await OpenCircuit(pool);
        Factory.Heal(Stage.Create);

        pool.Resize(0, 5);
        Time.Advance(Break);

        await Until(() => StateOf(pool) == CircuitState.Closed, "the circuit closes");
        Assert.Equal(5 + 3, Factory.Calls(Stage.Create));
    }

    private ResourcePool<TestResource> NewWithTrials(int trials, int maxSize, TestFactory? factory = null) => NewPool(
        (options, recovery) =>
        {
            (options.MaxSize, recovery.Circuit.HalfOpenTrials) = (maxSize, trials);
            recovery.Classify = static failure =>
                failure.Exception is ArgumentException ? FailureKind.Request : FailureKind.Resource;
        },
        factory);
}
