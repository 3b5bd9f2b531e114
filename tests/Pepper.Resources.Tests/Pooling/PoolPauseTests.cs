using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolPauseTests : PoolTestBase
{
    [Fact]
    public async Task Pause_CallersCome_WaitUntilResume()
    {
        await using var pool = NewPool();
        await (await Lend(pool)).DisposeAsync();
        pool.Pause();
        Assert.True(pool.Statistics.IsPaused);
        var callers = new[] { Ask(pool), Ask(pool) };
        Assert.Equal(2, pool.Statistics.Waiting);
        Assert.Equal(1, pool.Statistics.Idle);

        pool.Resume();

        await Task.WhenAll(callers).WaitAsync(Guard, Stop);
        Assert.False(pool.Statistics.IsPaused);
    }

    [Fact]
    public async Task Pause_LeasesAreOut_CanBeReturned()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var waiting = Ask(pool);
        pool.Pause();

        lease.Dispose();

        Assert.Equal(1, pool.Statistics.Idle);
        Assert.False(waiting.IsCompleted);
        pool.Resume();
        Assert.Equal(1, (await waiting.WaitAsync(Guard, Stop)).Resource.Id);
    }

    [Fact]
    public async Task Pause_DeadlinePasses_SaysThatItIsPaused()
    {
        await using var pool = NewPool();
        pool.Pause();
        var waiting = Ask(pool);

        Time.Advance(TimeSpan.FromSeconds(31));

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => waiting.WaitAsync(Guard, Stop));
        Assert.Equal(ExhaustionReason.Paused, thrown.Reason);
        Assert.Contains("paused", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pause_CreationEnds_ItsProductWaits()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool();
        var caller = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);
        pool.Pause();

        Factory.Open(Stage.Create);

        await Until(() => pool.Statistics.Idle == 1);
        Assert.False(caller.IsCompleted);
        pool.Resume();
        Assert.False((await caller.WaitAsync(Guard, Stop)).IsStale);
    }

    [Fact]
    public async Task Pause_PoolIsDraining_IsRefusedSoThatTheDrainEnds()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var drain = pool.DrainAsync(Stop);

        var thrown = Assert.Throws<PoolClosedException>(pool.Pause);

        Assert.Contains("drained", thrown.Message, StringComparison.Ordinal);
        await lease.DisposeAsync();
        await drain.WaitAsync(Guard, Stop);
        Assert.False(pool.Statistics.IsPaused);
    }

    [Fact]
    public async Task Pause_Twice_IsOnce()
    {
        await using var pool = NewPool();
        pool.Pause();
        pool.Pause();
        pool.Resume();

        Assert.False((await Lend(pool)).IsStale);
    }
}
