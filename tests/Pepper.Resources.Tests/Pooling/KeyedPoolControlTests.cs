using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class KeyedPoolControlTests : KeyedPoolTestBase
{
    [Fact]
    public async Task Invalidate_OneKeyOrAll_ReplacesTheirResources()
    {
        await using var pools = NewKeyed();
        await MakeIdle(pools, "a");
        await MakeIdle(pools, "b");

        Assert.True(pools.Invalidate("a"));
        Assert.False(pools.Invalidate("c"));
        await Until(() => Factory.Destroyed == 1);
        Assert.Equal((1, 1), (pools.GetStatistics("a")!.Generation, pools.GetStatistics("b")!.Idle));

        pools.Invalidate();
        await Until(() => Factory.Destroyed == 2);
        (await Lend(pools, "b")).Dispose();
        Assert.Equal(3, Factory.Created);
    }

    [Fact]
    public async Task Drain_CallersStarve_ServesThemAndWaitsForEveryLease()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 1);
        var lease = await Lend(pools, "a");
        var starved = await Starve(pools, "b");
        var drained = pools.DrainAsync(Stop);
        await Assert.ThrowsAsync<PoolClosedException>(() => Lend(pools, "a"));
        await Assert.ThrowsAsync<PoolClosedException>(() => Lend(pools, "new"));

        lease.Dispose();
        lease = await starved.WaitAsync(Guard, Stop);
        Assert.False(drained.IsCompleted);
        lease.Dispose();

        await drained.WaitAsync(Guard, Stop);
        Assert.Equal((0, 0, true), (pools.Statistics.Size, Factory.Live, pools.Statistics.IsClosed));
    }

    [Fact]
    public async Task Drain_LeasesOfRetiredKeysAreOut_WaitsForThem()
    {
        await using var pools = NewKeyed();
        var lease = await Lend(pools, "a");
        await pools.RetireAsync("a").AsTask().WaitAsync(Guard, Stop);

        var drained = pools.DrainAsync(Stop);
        Assert.False(drained.IsCompleted);
        lease.Dispose();

        await drained.WaitAsync(Guard, Stop);
        Assert.Equal(0, Factory.Live);
    }

    [Fact]
    public async Task Drain_NotInTime_NamesTheHolders()
    {
        await using var pools = NewKeyed();
        using var lease = await Lend(pools, "a");
        var drained = pools.DrainAsync(TimeSpan.FromSeconds(5), Stop);

        Time.Advance(TimeSpan.FromSeconds(6));

        var thrown = await Assert.ThrowsAsync<ResourceBusyException>(() => drained.WaitAsync(Guard, Stop));
        Assert.Equal("hosts[a]", Assert.Single(thrown.Holders).Source);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => pools.DrainAsync(TimeSpan.FromSeconds(-2)));
        using var canceled = new CancellationTokenSource();
        await canceled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pools.DrainAsync(canceled.Token));
    }

    [Fact]
    public async Task Dispose_CallersStarve_TellsThemAndDestroysAll()
    {
        var pools = NewKeyed(options => options.MaxTotal = 2);
        var lease = await Lend(pools, "a");
        await MakeIdle(pools, "idle");
        Factory.Set(Stage.Destroy, Behaviour.Slow);
        var starved = await Starve(pools, "b");

        var disposal = pools.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => starved.WaitAsync(Guard, Stop));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Lend(pools, "a"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Lend(pools, "new"));
        Assert.False(disposal.IsCompleted);
        Factory.Open(Stage.Destroy);

        await disposal.WaitAsync(Guard, Stop);
        Assert.Equal((1, 1), (Factory.Live, pools.Statistics.InUse));
        lease.Dispose();
        await AssertAllDestroyedOnce(Factory);
        await pools.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => pools.Invalidate());
        Assert.Throws<ObjectDisposedException>(() => pools.Invalidate("a"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pools.DrainAsync());
    }

    [Fact]
    public async Task Dispose_WhileAPoolIsBeingMade_ClosesItToo()
    {
        using var gate = new ManualResetEventSlim();
        var entered = new TaskCompletionSource();
        var pools = NewKeyed(factory: _ =>
        {
            entered.SetResult();
            gate.Wait(Guard);
            return Factory;
        });
        var asked = Task.Run(() => Ask(pools, "a"), Stop);
        await entered.Task.WaitAsync(Guard, Stop);

        await pools.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
        gate.Set();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => asked.WaitAsync(Guard, Stop));
        Assert.Equal(0, Factory.Created);
    }

    [Fact]
    public async Task Collect_NobodyHoldsIt_StopsItsTimers()
    {
        var forgotten = await ForgetAsync();

        await Until(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Time.Advance(TimeSpan.FromSeconds(10));
            return Time.ActiveTimers == 0;
        });

        Assert.False(forgotten.IsAlive);

        async Task<WeakReference> ForgetAsync()
        {
            var pools = NewKeyed();
            await MakeIdle(pools, "a");
            return new WeakReference(pools);
        }
    }

    [Fact]
    public async Task Dispose_TimersAreStopped_AndNothingKeepsIt()
    {
        var pools = NewKeyed();
        await MakeIdle(pools, "a");
        Assert.NotEqual(0, Time.ActiveTimers);

        await pools.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        Assert.Equal(0, Time.ActiveTimers);
    }
}
