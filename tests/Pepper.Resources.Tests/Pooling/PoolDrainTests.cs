using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolDrainTests : PoolTestBase
{
    [Fact]
    public async Task DrainAsync_NothingLent_DestroysAll()
    {
        await using var pool = NewPool(options => options.MinSize = 2);
        await pool.WarmUpAsync(Stop).WaitAsync(Guard, Stop);

        await pool.DrainAsync(Stop).WaitAsync(Guard, Stop);

        Assert.Equal(0, pool.Statistics.Size);
        Assert.True(pool.Statistics.IsClosed);
        Assert.All(Factory.Made, made => Assert.Equal(DestroyReason.PoolClosed, made.Reason));
    }

    [Fact]
    public async Task DrainAsync_NewCallers_AreRefused()
    {
        await using var pool = NewPool();
        await using var lease = await Lend(pool);
        var drained = pool.DrainAsync(Stop);

        var thrown = await Assert.ThrowsAsync<PoolClosedException>(() => Ask(pool));

        Assert.Contains("orders", thrown.Message, StringComparison.Ordinal);
        Assert.False(pool.TryAcquire(out _));
        await Assert.ThrowsAsync<PoolClosedException>(() => pool.WarmUpAsync(Stop));
        Assert.False(drained.IsCompleted);
    }

    [Fact]
    public async Task DrainAsync_SomebodyWaits_ServesThemAndWaitsForTheLeases()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var waiters = new[] { Ask(pool), Ask(pool) };
        var drained = pool.DrainAsync(Stop);

        foreach (var waiter in waiters)
        {
            lease.Dispose();
            lease = await waiter.WaitAsync(Guard, Stop);
            Assert.False(drained.IsCompleted);
        }

        lease.Dispose();
        await drained.WaitAsync(Guard, Stop);
        Assert.Equal(1, Factory.Created);
        await AssertAllDestroyedOnce(Factory);
    }

    [Fact]
    public async Task DrainAsync_WaiterGivesUp_EndsAllTheSame()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var late = Ask(pool, TimeSpan.FromSeconds(1));
        var drained = pool.DrainAsync(Stop);
        Time.Advance(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAsync<PoolExhaustedException>(() => late.WaitAsync(Guard, Stop));

        lease.Dispose();

        await drained.WaitAsync(Guard, Stop);
    }

    [Fact]
    public async Task DrainAsync_Paused_ServesWhoWaits()
    {
        await using var pool = NewPool();
        pool.Pause();
        var waiting = Ask(pool);

        var drained = pool.DrainAsync(Stop);

        (await waiting.WaitAsync(Guard, Stop)).Dispose();
        await drained.WaitAsync(Guard, Stop);
    }

    [Fact]
    public async Task DrainAsync_TimeIsOver_NamesTheHolders()
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);
        var drained = pool.DrainAsync(TimeSpan.FromSeconds(5), Stop);

        Time.Advance(TimeSpan.FromSeconds(5));

        var thrown = await Assert.ThrowsAsync<ResourceBusyException>(() => drained.WaitAsync(Guard, Stop));
        Assert.Equal(nameof(Ask), Assert.Single(thrown.Holders).CallSite.Member);
        Assert.Contains(nameof(Ask), thrown.Message, StringComparison.Ordinal);
        lease.Dispose();
        await Until(() => pool.Statistics.Size == 0);
    }

    [Fact]
    public async Task DrainAsync_Canceled_StaysClosed()
    {
        await using var pool = NewPool();
        await using var lease = await Lend(pool);
        using var cancellation = new CancellationTokenSource();
        var drained = pool.DrainAsync(cancellation.Token);

        await cancellation.CancelAsync();

        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => drained.WaitAsync(Guard, Stop));
        Assert.Equal(cancellation.Token, thrown.CancellationToken);
        Assert.True(pool.Statistics.IsClosed);
    }

    [Fact]
    public async Task DrainAsync_ForYears_IsForEver()
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);

        var drained = pool.DrainAsync(TimeSpan.FromDays(400), Stop);

        lease.Dispose();
        await drained.WaitAsync(Guard, Stop);
    }

    [Fact]
    public async Task DrainAsync_Twice_BothEnd()
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);
        var drains = new[] { pool.DrainAsync(Stop), pool.DrainAsync(Stop) };

        lease.Dispose();

        await Task.WhenAll(drains).WaitAsync(Guard, Stop);
        await pool.DrainAsync(Stop).WaitAsync(Guard, Stop);
    }
}
