using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Whom an open circuit tells, and who waits all the same.</summary>
public sealed class PoolOutageTests : PoolRecoveryTestBase
{
    [Fact]
    public async Task Open_ManyWait_AllAreToldInOneStep()
    {
        await using var pool = NewPool((options, recovery) =>
            (options.MaxConcurrentCreates, recovery.Circuit.FailureThreshold) = (1, 1));
        Factory.Set(Stage.Create, Behaviour.Slow);
        var first = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);
        var others = Enumerable.Range(0, 20).Select(_ => Ask(pool)).ToArray();
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);

        Factory.Open(Stage.Create);
        await (await first.WaitAsync(Guard, Stop)).DisposeAsync();

        // The lease went to the second; its next creation, for another, failed, and with it the circuit opened.
        var ended = await Task.WhenAll(others.Select(async other =>
        {
            try
            {
                var lease = await other.WaitAsync(Guard, Stop);
                await lease.DisposeAsync();
                return null;
            }
            catch (ResourceException failure)
            {
                return failure;
            }
        }));
        Assert.All(ended, static failure =>
            Assert.True(failure is null or CircuitOpenException or ResourceInitializationException, failure?.ToString()));
        Assert.Equal(0, pool.Statistics.Waiting);
    }

    [Fact]
    public async Task Open_LentResourceMayComeBack_RejectsUnlessTheyAreToWait()
    {
        await using var pool = NewPool((_, recovery) => recovery.WhileOpen = OutageBehavior.WaitForReturn);
        var lease = await Lend(pool);
        await OpenCircuit(pool);

        var waiting = Ask(pool);

        Assert.False(waiting.IsCompleted);
        await lease.DisposeAsync();
        await using var served = await waiting.WaitAsync(Guard, Stop);
        var last = Ask(pool);
        Assert.False(last.IsCompleted);

        // The last that could have come back is broken: now nothing will.
        served.Invalidate();
        await served.DisposeAsync();
        await Assert.ThrowsAsync<CircuitOpenException>(() => last.WaitAsync(Guard, Stop));
    }

    [Fact]
    public async Task Open_LentResourcesStillComeBackGood_CallersWaitForThem()
    {
        await using var pool = NewPlain();
        var lease = await Lend(pool);
        await OpenCircuit(pool);
        await lease.DisposeAsync();
        await using var again = await Lend(pool);

        // One has come back good since the failures began: the server takes no more, but serves.
        var waiting = Ask(pool);

        Assert.False(waiting.IsCompleted);
        await again.DisposeAsync();
        var served = await waiting.WaitAsync(Guard, Stop);
        var last = Ask(pool);
        Assert.False(last.IsCompleted);

        // For some time now nothing has come back.
        await PassTimeUntil(() => last.IsCompleted, TimeSpan.FromMilliseconds(500));
        await Assert.ThrowsAsync<CircuitOpenException>(() => last);
        await served.DisposeAsync();
    }

    [Fact]
    public async Task Open_LentResourcesComeBackBroken_CallersAreTold()
    {
        await using var pool = NewPool((options, _) => options.MaxSize = 3);
        var leases = await Lend(pool, 2);
        await OpenCircuit(pool);

        leases[0].Invalidate();
        await leases[0].DisposeAsync();
        await Until(() => Factory.Destroyed == 1);

        Assert.IsType<CircuitOpenException>(await Failure(pool));
        await leases[1].DisposeAsync();
    }

    [Fact]
    public async Task Open_Reject_TellsAtOnceWhateverComesBack()
    {
        await using var pool = NewPool((_, recovery) => recovery.WhileOpen = OutageBehavior.Reject);
        var lease = await Lend(pool);
        await OpenCircuit(pool);
        await lease.DisposeAsync();
        await using var again = await Lend(pool);

        Assert.IsType<CircuitOpenException>(await Failure(pool));
    }

    [Fact]
    public async Task Open_BySaturation_WaitsForWhatIsLent()
    {
        await using var pool = NewPool((_, recovery) => recovery.Classify = static _ => FailureKind.Capacity);
        var lease = await Lend(pool);
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);

        var waiting = Ask(pool);
        await Until(() => StateOf(pool) == CircuitState.Open);

        Assert.False(waiting.IsCompleted);
        Assert.Equal(1 + 5, Factory.Calls(Stage.Create));
        await lease.DisposeAsync();
        await (await waiting.WaitAsync(Guard, Stop)).DisposeAsync();
    }

    [Fact]
    public async Task Acquire_PoolIsFullWhenTheCircuitIsOpen_Waits()
    {
        await using var pool = NewPool((options, _) => options.MaxSize = 1);
        await OpenCircuit(pool);
        Factory.Heal(Stage.Create);
        pool.CloseCircuit();
        var lease = await Lend(pool);
        pool.IsolateCircuit("maintenance");

        var waiting = Ask(pool);

        Assert.False(waiting.IsCompleted);
        await lease.DisposeAsync();
        await (await waiting.WaitAsync(Guard, Stop)).DisposeAsync();
    }
}
