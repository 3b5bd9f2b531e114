using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>When an overloaded pool rejects callers: Target 50 ms, Interval 500 ms, one resource.</summary>
public sealed class PoolSheddingTests : PoolTestBase
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);
    private readonly EventRecorder _events = new();

    internal static void Configure(ResourcePoolOptions options)
    {
        options.MaxSize = 1;
        options.Shedding = new SheddingOptions
        {
            Target = TimeSpan.FromMilliseconds(50),
            Interval = TimeSpan.FromMilliseconds(500),
        };
    }

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

        Time.Advance(TimeSpan.FromDays(1));

        Assert.False(caller.IsCompleted);
        Assert.All(leases, lease => lease.Dispose());
        (await caller.WaitAsync(Guard, Stop)).Dispose();
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
