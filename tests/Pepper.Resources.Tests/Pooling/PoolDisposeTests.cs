using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolDisposeTests : PoolTestBase
{
    [Fact]
    public async Task DisposeAsync_SomebodyWaits_IsToldAtOnce()
    {
        var pool = NewPool(options => options.MaxSize = 1);
        await using var lease = await Lend(pool);
        var waiting = Ask(pool);

        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(Guard, Stop));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Ask(pool));
        Assert.False(lease.IsStale);
    }

    [Fact]
    public async Task DisposeAsync_NotAwaited_RefusesFromThenOn()
    {
        var pool = NewPool();
        await (await Lend(pool)).DisposeAsync();

        var disposed = pool.DisposeAsync().AsTask();

        Assert.False(pool.TryAcquire(out _));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Ask(pool));
        Assert.Throws<ObjectDisposedException>(pool.Pause);
        Assert.Throws<ObjectDisposedException>(pool.Invalidate);
        Assert.Throws<ObjectDisposedException>(() => pool.Resize(0, 1));
        await disposed.WaitAsync(Guard, Stop);
    }

    [Fact]
    public async Task DisposeAsync_LeaseIsOut_DoesNotWaitForItAndDestroysItAtReturn()
    {
        var pool = NewPool();
        var lease = await Lend(pool);
        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
        Assert.Equal(0, lease.Resource.Destroyed);

        lease.Dispose();

        await AssertAllDestroyedOnce(Factory);
        Assert.Equal(DestroyReason.PoolClosed, Factory.Made.Single().Reason);
    }

    [Fact]
    public async Task DisposeAsync_CreationUnderWay_IsCanceledAndWaitedFor()
    {
        Factory.Set(Stage.Create, Behaviour.NeverEnds);
        var pool = NewPool();
        var waiting = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);

        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(Guard, Stop));
        Assert.Equal(0, pool.Statistics.Size);
    }

    [Fact]
    public async Task DisposeAsync_CreationIgnoresIt_EndsAfterTheDestroyTimeoutAndDestroysTheLateProduct()
    {
        Factory.Set(Stage.Create, Behaviour.IgnoresCancellation);
        var pool = NewPool(options => options.DestroyTimeout = TimeSpan.FromSeconds(5));
        var waiting = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);
        var disposed = pool.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(Guard, Stop));

        await PassTimeUntil(() => disposed.IsCompleted);

        Factory.Open(Stage.Create);
        await Until(() => Factory.Destroyed == 1);
        await AssertAllDestroyedOnce(Factory);
    }

    [Fact]
    public async Task DisposeAsync_CreationSucceedsAllTheSame_DestroysItsProduct()
    {
        Factory.Set(Stage.Create, Behaviour.IgnoresCancellation);
        var pool = NewPool();
        var waiting = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);
        var disposed = pool.DisposeAsync().AsTask();

        Factory.Open(Stage.Create);

        await disposed.WaitAsync(Guard, Stop);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(Guard, Stop));
        await AssertAllDestroyedOnce(Factory);
    }

    [Fact]
    public async Task DisposeAsync_Twice_IsOnce()
    {
        var pool = NewPool();
        await (await Lend(pool)).DisposeAsync();

        await Task.WhenAll(pool.DisposeAsync().AsTask(), pool.DisposeAsync().AsTask()).WaitAsync(Guard, Stop);
        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        await AssertAllDestroyedOnce(Factory);
        Assert.Equal(0, Time.ActiveTimers);
    }

    [Fact]
    public async Task DisposeAsync_Paused_Ends()
    {
        var pool = NewPool();
        await (await Lend(pool)).DisposeAsync();
        pool.Pause();

        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        await AssertAllDestroyedOnce(Factory);
    }

    [Fact]
    public async Task DisposeAsync_WhileDraining_EndsBoth()
    {
        var pool = NewPool();
        var lease = await Lend(pool);
        var drained = pool.DrainAsync(Stop);
        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        lease.Dispose();

        await drained.WaitAsync(Guard, Stop);
    }

    [Fact]
    public async Task DisposeAsync_ValidationUnderWayOnAnotherThread_DoesNotWaitForThatLease()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        var pool = NewPool(null, factory);
        await (await Lend(pool)).DisposeAsync();
        using var inValidation = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        factory.IsFit = _ =>
        {
            inValidation.Set();
            return goOn.Wait(Guard, CancellationToken.None);
        };
        var caller = Task.Run(() => pool.TryAcquire(out var lease) ? lease : default, Stop);
        Assert.True(inValidation.Wait(Guard, Stop));
        var disposed = pool.DisposeAsync().AsTask();

        goOn.Set();

        var got = await caller.WaitAsync(Guard, Stop);
        await disposed.WaitAsync(Guard, Stop);
        got.Dispose();
        await AssertAllDestroyedOnce(factory);
    }
}
