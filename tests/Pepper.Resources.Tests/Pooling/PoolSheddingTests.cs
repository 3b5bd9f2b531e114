using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>When an overloaded pool rejects callers: Target 50 ms, Interval 500 ms, one resource.</summary>
public sealed class PoolSheddingTests : PoolTestBase
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);
    private readonly EventRecorder _events = new();

    [Fact]
    public async Task Overload_EverybodyServedComesLate_RejectsWhoWaitedTwiceTheTarget()
    {
        await using var pool = NewPool(Configure);
        using var subscription = pool.Subscribe(_events.Handle);
        var callers = await Overload(pool);

        var rejected = callers.Where(caller => caller.IsFaulted).ToArray();

        Assert.NotEmpty(rejected);
        Assert.Equal(rejected.Length, pool.Statistics.Shed);
        Assert.True(pool.Statistics.IsOverloaded);
        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => rejected[0]);
        Assert.Equal(ExhaustionReason.Shed, thrown.Reason);
        foreach (var part in new[]
        {
            "Pool 'orders'", "rejected after", "Shedding.Target (00:00:00.0500000)", "Shedding.Interval (00:00:00.5000000)",
            "the shortest wait was", "in use 1", "Longest holders", "raise MaxSize or Shedding.Target",
        })
        {
            Assert.Contains(part, thrown.Message, StringComparison.Ordinal);
        }

        Assert.Equal((1, 0), (Log.Count(1122), Log.Count(1123)));
        await Until(() => _events.Count(PoolEventKind.Shed) == rejected.Length);
        Assert.Equal(1, _events.Count(PoolEventKind.OverloadBegun));
        Assert.Contains(_events.Seen, one => ReferenceEquals(one.Exception, thrown));
    }

    [Fact]
    public async Task Overload_NothingIsReturned_RejectsByItself()
    {
        await using var pool = NewPool(Configure);
        await using var lease = await Lend(pool);
        var first = Enumerable.Range(0, 5).Select(_ => Ask(pool)).ToArray();

        Time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.Equal(0, pool.Statistics.Shed);
        Time.Advance(TimeSpan.FromMilliseconds(2));

        await Until(() => first.Count(caller => caller.IsFaulted) == 4);
        Assert.True(pool.Statistics.IsOverloaded);

        // The last of them is kept, for what may come back, until there is another.
        var second = Ask(pool);
        Time.Advance(TimeSpan.FromMilliseconds(30));
        await Until(() => first.All(caller => caller.IsFaulted));
        Time.Advance(TimeSpan.FromMilliseconds(300));
        Assert.Equal((5, 1), (pool.Statistics.Shed, pool.Statistics.Waiting));
        Assert.False(second.IsCompleted);
    }

    [Fact]
    public async Task Overload_QueueEmpties_Ends()
    {
        await using var pool = NewPool(Configure);
        using var subscription = pool.Subscribe(_events.Handle);
        var lease = await Lend(pool);
        var callers = new[] { Ask(pool), Ask(pool) };
        Time.Advance(TimeSpan.FromMilliseconds(600));
        Assert.True(pool.Statistics.IsOverloaded);

        lease.Dispose();
        (await callers[1].WaitAsync(Guard, Stop)).Dispose();

        Assert.False(pool.Statistics.IsOverloaded);
        Assert.Equal((1, 1), (Log.Count(1122), Log.Count(1123)));
        await _events.UntilSeen(PoolEventKind.OverloadEnded);

        // What comes after it begins anew: long waits for less than an interval are a burst.
        lease = await Lend(pool);
        callers = [Ask(pool), Ask(pool)];
        Time.Advance(TimeSpan.FromMilliseconds(450));
        Assert.Equal((1, 2), (pool.Statistics.Shed, pool.Statistics.Waiting));
        lease.Dispose();
        (await callers[0].WaitAsync(Guard, Stop)).Dispose();
        (await callers[1].WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Overload_OneIntervalWithAShortWait_Ends()
    {
        await using var pool = NewPool(Configure);
        var lease = await Lend(pool);
        var callers = new[] { Ask(pool), Ask(pool) };
        Time.Advance(TimeSpan.FromMilliseconds(600));
        var (served, next) = (Ask(pool), Ask(pool));
        lease.Dispose();
        lease = await served.WaitAsync(Guard, Stop);
        await Until(() => callers.All(caller => caller.IsFaulted));
        Assert.True(pool.Statistics.IsOverloaded);

        // There is always somebody in the queue, who waits for no longer than 20 ms.
        for (var round = 0; round < 60; round++)
        {
            var newest = Ask(pool);
            Time.Advance(TimeSpan.FromMilliseconds(20));
            lease.Dispose();
            lease = await next.WaitAsync(Guard, Stop);
            next = newest;
            Assert.Equal(1, pool.Statistics.Waiting);
        }

        Assert.Equal((2, false), (pool.Statistics.Shed, pool.Statistics.IsOverloaded));
        lease.Dispose();
        (await next.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Burst_DrainsWithinTheInterval_RejectsNobody()
    {
        await using var pool = NewPool(Configure);
        var lease = await Lend(pool);
        var callers = Enumerable.Range(0, 40).Select(_ => Ask(pool)).ToArray();

        foreach (var caller in callers)
        {
            Time.Advance(TimeSpan.FromMilliseconds(12));
            lease.Dispose();
            lease = await caller.WaitAsync(Guard, Stop);
        }

        lease.Dispose();
        Assert.Equal((0, 0), (pool.Statistics.Shed, Log.Count(1122)));
    }

    [Fact]
    public async Task Pause_CallersWaitForLong_IsNoOverload()
    {
        await using var pool = NewPool(Configure);
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
        await using var pool = NewPool(Configure);
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
            Configure(options);
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
            Configure(options);
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
        await using var pool = NewPool(Configure);
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
        await using var pool = NewPool(Configure);
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
        await using var pool = NewPool(Configure);
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
        var pool = NewPool(Configure);
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
            Configure(options);
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
        await using var pool = NewPool(Configure);
        await using var lease = await Lend(pool);
        var callers = new[] { Ask(pool, TimeSpan.FromSeconds(3)), Ask(pool, Timeout.InfiniteTimeSpan), Ask(pool) };

        Time.Advance(TimeSpan.FromMilliseconds(600));

        await Until(() => callers.Count(caller => caller.IsFaulted) == 2);
        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => callers[0]);
        Assert.Equal(TimeSpan.FromSeconds(3), thrown.Timeout);
        Assert.False(callers[2].IsCompleted);
    }

    [Fact]
    public async Task Metrics_CallersAreShed_ShowThem()
    {
        using var listener = new MetricListener(Monitor);
        await using var pool = NewPool(Configure);
        await using var lease = await Lend(pool);
        var callers = Enumerable.Range(0, 3).Select(_ => Ask(pool)).ToArray();

        Time.Advance(TimeSpan.FromMilliseconds(600));
        await Until(() => callers.Count(caller => caller.IsFaulted) == 2);

        Assert.Equal(2, listener.Count("pepperpy_resource_acquisition_seconds", "outcome=shed"));
        Assert.Equal(2, listener.Read("pepperpy_pool_shed_total")["pool=orders"]);
        Assert.Equal(1, listener.Read("pepperpy_pool_overloaded")["pool=orders"]);
    }

    [Fact]
    public async Task Shedding_IsOff_EverybodyWaits()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        await using var lease = await Lend(pool);
        var callers = Enumerable.Range(0, 5).Select(_ => Ask(pool)).ToArray();

        Time.Advance(TimeSpan.FromSeconds(29));

        Assert.Equal((5, 0L, false), (pool.Statistics.Waiting, pool.Statistics.Shed, pool.Statistics.IsOverloaded));
        Assert.DoesNotContain(callers, caller => caller.IsCompleted);
    }

    [Fact]
    public async Task Copy_SheddingIsChangedLater_DoesNotCare()
    {
        var options = new ResourcePoolOptions { Name = "orders", MinSize = 0, MaxSize = 1, Shedding = new SheddingOptions() };
        var copy = options.Copy();
        await using var pool = new ResourcePool<TestResource>(Factory, options, Time, Monitor, Log);

        options.Shedding.Interval = TimeSpan.FromDays(1);

        Assert.Equal((TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2)), (copy.Shedding!.Target, copy.Shedding.Interval));
        await using var lease = await Lend(pool);
        _ = new[] { Ask(pool), Ask(pool) };
        Time.Advance(TimeSpan.FromSeconds(2) + Millisecond);
        Assert.Equal(1, pool.Statistics.Shed);
    }

    [Fact]
    public async Task Construct_LongestTimes_AreAllowed()
    {
        await using var pool = NewPool(options => options.Shedding =
            new SheddingOptions { Target = TimeSpan.MaxValue, Interval = TimeSpan.MaxValue });
        var leases = await Lend(pool, 2);
        var caller = Ask(pool, Timeout.InfiniteTimeSpan);

        Time.Advance(TimeSpan.FromDays(100));

        Assert.False(caller.IsCompleted);
        Assert.All(leases, lease => lease.Dispose());
        (await caller.WaitAsync(Guard, Stop)).Dispose();
    }

    private static void Configure(ResourcePoolOptions options)
    {
        options.MaxSize = 1;
        options.Shedding = new SheddingOptions
        {
            Target = TimeSpan.FromMilliseconds(50),
            Interval = TimeSpan.FromMilliseconds(500),
        };
    }

    /// <summary>Serves one caller in 20 ms, while two come.</summary>
    private async Task<List<Task<Lease<TestResource>>>> Overload(ResourcePool<TestResource> pool)
    {
        var lease = await Lend(pool);
        List<Task<Lease<TestResource>>> callers = [Ask(pool)];
        var next = 0;
        for (var round = 0; round < 60; round++)
        {
            callers.AddRange([Ask(pool), Ask(pool)]);
            Time.Advance(TimeSpan.FromMilliseconds(20));
            lease.Dispose();
            await Until(() => callers.Skip(next).Any(caller => caller.IsCompletedSuccessfully));
            next = callers.FindIndex(next, caller => caller.IsCompletedSuccessfully);
            lease = await callers[next++];
        }

        var open = callers.Skip(next).Count(caller => !caller.IsCompleted);
        await Until(() => callers.Count(caller => caller.IsFaulted) == pool.Statistics.Shed);
        Assert.InRange(open, 1, 15);
        return callers;
    }
}
