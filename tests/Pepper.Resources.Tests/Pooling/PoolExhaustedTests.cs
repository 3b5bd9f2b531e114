using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolExhaustedTests : PoolTestBase
{
    [Fact]
    public async Task Exhausted_AllInUse_NamesEverything()
    {
        await using var pool = NewPool();
        var first = await Lend(pool);
        Time.Advance(TimeSpan.FromSeconds(5));
        var second = await Lend(pool);
        var late = Ask(pool);
        var other = Ask(pool, Timeout.InfiniteTimeSpan);

        Time.Advance(TimeSpan.FromSeconds(31));

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => late.WaitAsync(Guard, Stop));
        Assert.Equal(ExhaustionReason.AllInUse, thrown.Reason);
        Assert.Equal(ResourceStage.Wait, thrown.Stage);
        Assert.Equal(TimeSpan.FromSeconds(30), thrown.Timeout);
        Assert.Equal((2, 0, 1), (thrown.Statistics.InUse, thrown.Statistics.Idle, thrown.Statistics.Waiting));
        Assert.Equal(2, thrown.Holders.Count);
        Assert.True(thrown.Holders[0].Age >= thrown.Holders[1].Age);
        foreach (var part in new[]
        {
            "Pool 'orders'", "AcquireTimeout (00:00:30)", "MaxSize (2)", "in use 2", "idle 0", "creating 0", "waiting 1",
            "Longest holders", "PoolTestBase.cs", "raise MaxSize",
        })
        {
            Assert.Contains(part, thrown.Message, StringComparison.Ordinal);
        }

        first.Dispose();
        second.Dispose();
        (await other.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Exhausted_TimeoutOfTheCall_SaysSo()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        await using var lease = await Lend(pool);
        var late = Ask(pool, TimeSpan.FromSeconds(3));

        Time.Advance(TimeSpan.FromSeconds(4));

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => late.WaitAsync(Guard, Stop));
        Assert.Contains("the timeout of the call (00:00:03)", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exhausted_CreationsFailedBefore_NamesTheirCause()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pool));
        Factory.Set(Stage.Create, Behaviour.Ok);
        Factory.Set(Stage.Destroy, Behaviour.Slow);
        var lease = await Lend(pool);
        lease.Invalidate();
        lease.Dispose();
        var late = Ask(pool, TimeSpan.FromSeconds(5));
        Time.Advance(TimeSpan.FromSeconds(6));

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => late.WaitAsync(Guard, Stop));

        Assert.Equal(ExhaustionReason.NotReady, thrown.Reason);
        Assert.Contains("Create failed later", thrown.InnerException!.Message, StringComparison.Ordinal);
        Factory.Open(Stage.Destroy);
    }

    [Fact]
    public async Task Exhausted_ManyCallersAtOnce_AreOneLineInTheLog()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        await using var lease = await Lend(pool);
        var late = Enumerable.Range(0, 100).Select(_ => Ask(pool)).ToArray();

        Time.Advance(TimeSpan.FromSeconds(31));

        foreach (var caller in late)
        {
            await Assert.ThrowsAsync<PoolExhaustedException>(() => caller.WaitAsync(Guard, Stop));
        }

        Assert.Equal(1, Log.Count(1106));
        Assert.Equal(100, pool.Statistics.Timeouts);
    }
}
