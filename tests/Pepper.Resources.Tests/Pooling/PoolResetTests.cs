using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolResetTests : PoolTestBase
{
    public PoolResetTests() => Factory = new TestFactory { Hooks = FactoryHooks.Reset };

    [Fact]
    public async Task DisposeAsync_ResetTakesTime_WaitsForIt()
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);
        Factory.Set(Stage.Reset, Behaviour.Slow);

        var returned = lease.DisposeAsync().AsTask();

        Assert.True(lease.IsStale);
        Assert.False(returned.IsCompleted);
        Assert.Equal(1, pool.Statistics.Busy);
        Factory.Open(Stage.Reset);
        await returned.WaitAsync(Guard, Stop);
        Assert.Equal(1, pool.Statistics.Idle);
    }

    [Fact]
    public async Task Dispose_ResetTakesTime_LeavesItToTheBackground()
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);
        Factory.Set(Stage.Reset, Behaviour.Slow);

        lease.Dispose();

        Assert.Equal(0, pool.Statistics.Idle);
        Factory.Open(Stage.Reset);
        await Until(() => pool.Statistics.Idle == 1);
    }

    [Theory]
    [InlineData(Behaviour.ThrowsSync)]
    [InlineData(Behaviour.ThrowsAsync)]
    public async Task Reset_Throws_DestroysAndTellsNobody(Behaviour behaviour)
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);
        Factory.Set(Stage.Reset, behaviour);

        await lease.DisposeAsync();

        await Until(() => Factory.Destroyed == 1);
        Assert.Equal(DestroyReason.ResetFailed, Factory.Made.Single().Reason);
    }

    [Fact]
    public async Task Reset_SaysNo_DestroysAndFreesThePlaceForWhoWaits()
    {
        Factory.IsReusable = _ => false;
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var waiting = Ask(pool);

        lease.Dispose();

        Assert.Equal(2, (await waiting.WaitAsync(Guard, Stop)).Resource.Id);
    }

    [Theory]
    [InlineData(Behaviour.NeverEnds, true)]
    [InlineData(Behaviour.IgnoresCancellation, true)]
    [InlineData(Behaviour.NeverEnds, false)]
    public async Task Reset_NeverEnds_IsAbandonedAtItsTimeout(Behaviour behaviour, bool isAwaited)
    {
        await using var pool = NewPool(options => (options.MaxSize, options.ResetTimeout) = (1, TimeSpan.FromSeconds(2)));
        var lease = await Lend(pool);
        Factory.Set(Stage.Reset, behaviour);
        var waiting = Ask(pool);
        var returned = isAwaited ? lease.DisposeAsync().AsTask() : Task.Run(lease.Dispose, Stop);
        await Until(() => Factory.Calls(Stage.Reset) == 1);

        await PassTimeUntil(() => waiting.IsCompleted);

        await returned.WaitAsync(Guard, Stop);
        Assert.Equal(2, (await waiting).Resource.Id);
        Assert.Equal(1, pool.Statistics.Abandoned);
        Factory.Open(Stage.Reset);
    }

    [Fact]
    public async Task Reset_SomebodyWaits_ComesBeforeTheHandOver()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        Factory.Set(Stage.Reset, Behaviour.Slow);
        var waiting = Ask(pool);
        lease.Dispose();
        Assert.False(waiting.IsCompleted);

        Factory.Open(Stage.Reset);

        Assert.Equal(1, (await waiting.WaitAsync(Guard, Stop)).Resource.Id);
    }

    [Fact]
    public async Task Reset_PoolIsInvalidatedMeanwhile_Destroys()
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);
        Factory.Set(Stage.Reset, Behaviour.Slow);
        lease.Dispose();
        pool.Invalidate();

        Factory.Open(Stage.Reset);

        await Until(() => Factory.Destroyed == 1);
        Assert.Equal(DestroyReason.PoolInvalidated, Factory.Made.Single().Reason);
    }

    [Fact]
    public async Task ResetAndValidate_OnReturn_RunInThisOrder()
    {
        List<string> order = [];
        var factory = new TestFactory
        {
            Hooks = FactoryHooks.All,
            IsReusable = _ => Note("reset"),
            IsFit = _ => Note("validate"),
        };
        await using var pool = NewPool(options => options.Validation = ValidationMode.OnReturn, factory);

        await (await Lend(pool)).DisposeAsync();

        Assert.Equal(["reset", "validate"], order);

        bool Note(string stage)
        {
            order.Add(stage);
            return true;
        }
    }
}
