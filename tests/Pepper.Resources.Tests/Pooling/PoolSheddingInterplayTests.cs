using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>What is no overload, and whom shedding leaves alone: Target 50 ms, Interval 500 ms, one resource.</summary>
public sealed class PoolSheddingInterplayTests : PoolTestBase
{
    [Fact]
    public async Task Pause_CallersWaitForLong_IsNoOverload()
    {
        await using var pool = NewPool(PoolSheddingTests.Configure);
        await (await Lend(pool)).DisposeAsync();
        pool.Pause();
        var callers = Enumerable.Range(0, 10).Select(_ => Ask(pool)).ToArray();

        Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal((10, false), (pool.Statistics.Waiting, pool.Statistics.IsOverloaded));
        pool.Resume();

        // The pause does not count afterwards either: they are served within the interval.
        foreach (var caller in callers)
        {
            var lease = await caller.WaitAsync(Guard, Stop);
            Time.Advance(TimeSpan.FromMilliseconds(45));
            lease.Dispose();
        }

        Assert.Equal(0, pool.Statistics.Shed);
    }

    [Fact]
    public async Task Pause_WhileOverloaded_EndsTheOverload()
    {
        await using var pool = NewPool(PoolSheddingTests.Configure);
        await using var lease = await Lend(pool);
        var callers = new[] { Ask(pool), Ask(pool) };
        Time.Advance(TimeSpan.FromMilliseconds(600));
        Assert.Equal((1, true), (pool.Statistics.Shed, pool.Statistics.IsOverloaded));
        callers[0] = Ask(pool);

        pool.Pause();

        Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((1, false, 2), (pool.Statistics.Shed, pool.Statistics.IsOverloaded, pool.Statistics.Waiting));
    }

    [Fact]
    public async Task Creation_TakesLong_IsNoOverload()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool(options =>
        {
            PoolSheddingTests.Configure(options);
            (options.MaxSize, options.MaxConcurrentCreates) = (4, 2);
        });
        var callers = Enumerable.Range(0, 30).Select(_ => Ask(pool)).ToArray();
        await Until(() => Factory.Calls(Stage.Create) == 2);

        Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((30, false), (pool.Statistics.Waiting, pool.Statistics.IsOverloaded));
        Factory.OpenOnce(Stage.Create);
        foreach (var caller in callers)
        {
            (await caller.WaitAsync(Guard, Stop)).Dispose();
        }

        Assert.Equal(0, pool.Statistics.Shed);
        Factory.Open(Stage.Create);
    }

    [Fact]
    public async Task Creation_IsUnderWayWhileOverloaded_KeepsWhoIsToHaveIt()
    {
        await using var pool = NewPool(options =>
        {
            PoolSheddingTests.Configure(options);
            (options.MaxSize, options.MaxConcurrentCreates) = (2, 4);
        });
        var leases = await Lend(pool, 2);
        var callers = Enumerable.Range(0, 5).Select(_ => Ask(pool)).ToArray();
        Time.Advance(TimeSpan.FromMilliseconds(600));
        Assert.Equal((4, true), (pool.Statistics.Shed, pool.Statistics.IsOverloaded));

        // Nobody is rejected as long as there is a free place, and later not those for whom something is being made.
        Factory.Set(Stage.Create, Behaviour.Slow);
        pool.Resize(0, 4);
        var later = Enumerable.Range(0, 4).Select(_ => Ask(pool)).ToArray();
        await Until(() => Factory.Calls(Stage.Create) == 4);
        Time.Advance(TimeSpan.FromMilliseconds(300));

        Assert.Equal(7, pool.Statistics.Shed);
        Assert.Equal(2, pool.Statistics.Waiting);
        Factory.Open(Stage.Create);
        await Until(() => later.Count(caller => caller.IsCompletedSuccessfully) == 2);
        Assert.All(leases, lease => lease.Dispose());
    }

    [Fact]
    public async Task Resize_MoreBecomeFree_RejectsNobody()
    {
        Factory.Set(Stage.Create, Behaviour.Ok);
        await using var pool = NewPool(PoolSheddingTests.Configure);
        await using var lease = await Lend(pool);
        Factory.Set(Stage.Create, Behaviour.Slow);
        pool.Resize(0, 9);
        var callers = Enumerable.Range(0, 6).Select(_ => Ask(pool)).ToArray();

        Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal((0, false, 6), (pool.Statistics.Shed, pool.Statistics.IsOverloaded, pool.Statistics.Waiting));
        Factory.Open(Stage.Create);
        await Task.WhenAll(callers).WaitAsync(Guard, Stop);
    }

    [Fact]
    public async Task Drain_CallersStillWait_ServesThemAll()
    {
        await using var pool = NewPool(PoolSheddingTests.Configure);
        var lease = await Lend(pool);
        var callers = Enumerable.Range(0, 20).Select(_ => Ask(pool)).ToArray();
        var drain = pool.DrainAsync(Stop);

        foreach (var caller in callers)
        {
            Time.Advance(TimeSpan.FromMilliseconds(200));
            lease.Dispose();
            lease = await caller.WaitAsync(Guard, Stop);
        }

        lease.Dispose();
        await drain.WaitAsync(Guard, Stop);
        Assert.Equal(0, pool.Statistics.Shed);
    }

    [Fact]
    public async Task Drain_WhileOverloaded_ServesWhoIsLeft()
    {
        await using var pool = NewPool(PoolSheddingTests.Configure);
        var lease = await Lend(pool);
        var callers = new[] { Ask(pool), Ask(pool) };
        Time.Advance(TimeSpan.FromMilliseconds(600));
        var late = Ask(pool);

        var drain = pool.DrainAsync(Stop);
        Time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(1, pool.Statistics.Shed);
        lease.Dispose();
        (await callers[1].WaitAsync(Guard, Stop)).Dispose();
        (await late.WaitAsync(Guard, Stop)).Dispose();
        await drain.WaitAsync(Guard, Stop);
    }

    [Fact]
    public async Task Dispose_WhileOverloaded_TellsEachCallerOnce()
    {
        var pool = NewPool(PoolSheddingTests.Configure);
        await using var lease = await Lend(pool);
        var callers = Enumerable.Range(0, 5).Select(_ => Ask(pool)).ToArray();
        Time.Advance(TimeSpan.FromMilliseconds(600));

        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        foreach (var caller in callers.SkipLast(1))
        {
            await Assert.ThrowsAsync<PoolExhaustedException>(() => caller.WaitAsync(Guard, Stop));
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => callers[^1].WaitAsync(Guard, Stop));
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((0, false), (pool.Statistics.Waiting, pool.Statistics.IsOverloaded));
    }

    [Fact]
    public async Task Deadline_IsShorterThanTheTarget_CallersTimeOutAndNobodyIsRejected()
    {
        await using var pool = NewPool(options =>
        {
            PoolSheddingTests.Configure(options);
            options.AcquireTimeout = TimeSpan.FromMilliseconds(20);
        });
        await using var lease = await Lend(pool);
        List<Task<Lease<TestResource>>> callers = [];

        for (var round = 0; round < 300; round++)
        {
            callers.Add(Ask(pool));
            Time.Advance(TimeSpan.FromMilliseconds(5));
        }

        await Until(() => callers.Count(caller => caller.IsFaulted) == pool.Statistics.Timeouts);
        Assert.Equal((0, false), (pool.Statistics.Shed, pool.Statistics.IsOverloaded));
        Assert.InRange(pool.Statistics.Timeouts, 290, 300);
    }

    [Fact]
    public async Task Deadline_IsOfTheCall_CountsFromItsOwnBegin()
    {
        await using var pool = NewPool(PoolSheddingTests.Configure);
        await using var lease = await Lend(pool);
        var callers = new[] { Ask(pool, TimeSpan.FromSeconds(3)), Ask(pool, Timeout.InfiniteTimeSpan), Ask(pool) };

        Time.Advance(TimeSpan.FromMilliseconds(600));

        await Until(() => callers.Count(caller => caller.IsFaulted) == 2);
        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => callers[0]);
        Assert.Equal(TimeSpan.FromSeconds(3), thrown.Timeout);
        Assert.False(callers[2].IsCompleted);
    }

    [Fact]
    public async Task Acquire_BlocksItsThread_IsRejectedToo()
    {
        var factory = ResourceFactory.CreateSync(() => new TestResource(1, Factory), destroy: static (_, _) => { });
        var options = new ResourcePoolOptions { Name = "orders", MinSize = 0 };
        PoolSheddingTests.Configure(options);
        await using var pool = new ResourcePool<TestResource>(factory, options, Time, Monitor, Log);
        var lease = await Lend(pool);
        var blocked = Task.Run(() => pool.Acquire(TimeSpan.FromHours(1), Stop), Stop);
        await Until(() => pool.Statistics.Waiting == 1);
        var kept = Ask(pool);

        Time.Advance(TimeSpan.FromMilliseconds(600));

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => blocked.WaitAsync(Guard, Stop));
        Assert.Equal((ExhaustionReason.Shed, TimeSpan.FromHours(1)), (thrown.Reason, thrown.Timeout));
        lease.Dispose();
        (await kept.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Priority_IsHigh_TheOldestIsRejectedWhateverItsPriority()
    {
        await using var pool = NewPool(PoolSheddingTests.Configure);
        var lease = await Lend(pool);
        var high = pool.AcquireAsync(AcquirePriority.High, null, Stop).AsTask();
        Time.Advance(TimeSpan.FromMilliseconds(100));
        var low = pool.AcquireAsync(AcquirePriority.Low, null, Stop).AsTask();

        Time.Advance(TimeSpan.FromMilliseconds(500));

        await Assert.ThrowsAsync<PoolExhaustedException>(() => high.WaitAsync(Guard, Stop));
        Assert.False(low.IsCompleted);
        lease.Dispose();
        (await low.WaitAsync(Guard, Stop)).Dispose();
    }
}
