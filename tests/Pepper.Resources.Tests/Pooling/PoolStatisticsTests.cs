using System.Diagnostics;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>What a pool says of itself: statistics, gauges, histograms and spans.</summary>
public sealed class PoolStatisticsTests : PoolTestBase
{
    [Fact]
    public async Task Statistics_EveryState_IsCounted()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Reset };
        await using var pool = NewPool(options => options.MaxSize = 5, factory);
        var leases = await Lend(pool, 4);
        leases[0].Dispose();
        factory.Set(Stage.Reset, Behaviour.Slow);
        leases[1].Dispose();
        factory.Set(Stage.Create, Behaviour.Slow);
        var lent = await Lend(pool);
        var creating = Ask(pool);
        var waiting = Ask(pool);
        await Until(() => factory.Calls(Stage.Create) == 5);
        Time.Advance(TimeSpan.FromSeconds(3));

        var statistics = pool.Statistics;

        Assert.Equal(
            (5, 0, 3, 1, 1, 2),
            (statistics.Size, statistics.Idle, statistics.InUse, statistics.Creating, statistics.Busy, statistics.Waiting));
        Assert.Equal(TimeSpan.FromSeconds(3), statistics.OldestWait);
        Assert.Equal((0, 5), (statistics.MinSize, statistics.MaxSize));
        Assert.Equal((5, 4), (statistics.Acquired, statistics.Created));
        factory.Open(Stage.Reset);
        factory.Open(Stage.Create);
        await Task.WhenAll(creating, waiting).WaitAsync(Guard, Stop);
        lent.Dispose();
        Assert.Equal(TimeSpan.Zero, pool.Statistics.OldestWait);
    }

    [Fact]
    public async Task Gauges_AfterAStorm_AreZero()
    {
        var pool = new ResourcePool<TestResource>(
            Factory, new ResourcePoolOptions { Name = "storm", MinSize = 0, MaxSize = 4 }, null, Monitor);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            async () =>
            {
                for (var round = 0; round < 200; round++)
                {
                    (await pool.AcquireAsync(CancellationToken.None)).Dispose();
                }
            },
            Stop))).WaitAsync(Guard, Stop);
        using var listener = new MetricListener(Monitor);
        Assert.Equal(0, listener.Read("pepperpy_resources_in_use").Values.Single());
        Assert.Equal(3200, pool.Statistics.Acquired);
        Assert.InRange(listener.Read("pepperpy_resources_total").Values.Single(), 1, 4);
        Assert.Equal(0, listener.Read("pepperpy_pool_pending_requests").Values.Single());

        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        Assert.Empty(listener.Read("pepperpy_resources_total"));
        Assert.Equal((0, 0, 0, 0), (pool.Statistics.Size, pool.Statistics.InUse, pool.Statistics.Idle, pool.Statistics.Waiting));
        Assert.Equal(pool.Statistics.Created, pool.Statistics.Destroyed);
    }

    [Fact]
    public async Task Gauges_ListenerComesLate_ReadsTheTruth()
    {
        await using var pool = NewPool(options => (options.MinSize, options.Type) = (1, ResourceType.Connection));
        var leases = await Lend(pool, 2);
        leases[0].Dispose();

        using var listener = new MetricListener(Monitor);

        Assert.Equal(2, listener.Read("pepperpy_resources_total")["type=connection,pool=orders"]);
        Assert.Equal(1, listener.Read("pepperpy_resources_in_use")["type=connection,pool=orders"]);
        Assert.Equal(1, listener.Read("pepperpy_pool_min")["pool=orders"]);
        Assert.Equal(2, listener.Read("pepperpy_pool_max")["pool=orders"]);
    }

    [Fact]
    public async Task Histograms_EveryOutcome_IsRecorded()
    {
        using var listener = new MetricListener(Monitor);
        var pool = NewPool(options => (options.MaxSize, options.MaxWaiters) = (1, 1));
        var lease = await Lend(pool);
        using var cancellation = new CancellationTokenSource();
        var canceled = Ask(pool, null, cancellation.Token);
        await Assert.ThrowsAsync<PoolExhaustedException>(() => Ask(pool));
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled);
        var late = Ask(pool);
        Time.Advance(TimeSpan.FromSeconds(31));
        await Assert.ThrowsAsync<PoolExhaustedException>(() => late.WaitAsync(Guard, Stop));
        var waited = Ask(pool);
        Time.Advance(TimeSpan.FromSeconds(2));
        lease.Dispose();
        lease = await waited.WaitAsync(Guard, Stop);
        lease.Dispose();
        (await Lend(pool)).Dispose();

        Assert.Equal(
            [("canceled", 1), ("ok", 3), ("rejected", 1), ("timeout", 1)],
            listener.Seen.Where(one => one.Name == "pepperpy_resource_acquisition_seconds")
                .GroupBy(one => one.Tags.Split("outcome=")[1], StringComparer.Ordinal)
                .Select(group => (group.Key, group.Count())).Order());
        Assert.Equal(
            [0, 2], listener.Seen.Where(one => one.Name == "pepperpy_pool_wait_time_seconds").Select(one => one.Value).Order());
        Assert.Equal(1, listener.Count("pepperpy_pool_create_time_seconds", "pool=orders"));
        Assert.Equal(
            [0, 0, 33],
            listener.Seen.Where(one => one.Name == "pepperpy_pool_use_time_seconds").Select(one => one.Value).Order());
        await pool.DisposeAsync();
        await Until(() => listener.Count("pepperpy_resource_cleanups_total", "reason=pool_closed") == 1);
    }

    [Fact]
    public async Task Evictions_ByReason_AreCounted()
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);
        lease.Invalidate();
        lease.Dispose();
        await Until(() => pool.Statistics.Destroyed == 1);

        using var listener = new MetricListener(Monitor);

        Assert.Equal(1, listener.Read("pepperpy_pool_evictions_total")["pool=orders,reason=invalidated"]);
        Assert.Equal(0, listener.Read("pepperpy_pool_evictions_total")["pool=orders,reason=idle_timeout"]);
    }

    [Fact]
    public async Task DatabaseMetrics_AskedFor_AreEmittedToo()
    {
        using var listener = new MetricListener(Monitor);
        await using var pool = NewPool(options => options.EmitDatabaseMetrics = true);
        (await Lend(pool)).Dispose();

        await Until(() => listener.Count("db.client.connection.create_time") == 1);
        Assert.Equal(1, listener.Count("db.client.connection.use_time", "db.client.connection.pool.name=orders"));
        Assert.Equal(2, listener.Read("db.client.connection.max").Values.Single());
    }

    [Fact]
    public async Task Acquire_ThatWaitedOrFailed_HasASpan_OneThatDidNotHasNone()
    {
        using var spans = new SpanListener("spans");
        using var parent = new Activity("request").Start();
        await using var pool = NewPool(options => (options.MaxSize, options.Name) = (1, "spans"));
        var lease = await pool.AcquireAsync(Stop);
        Assert.Same(parent, Activity.Current);
        Assert.Equal(["ok"], spans.Outcomes);

        lease.Dispose();
        lease = await pool.AcquireAsync(Stop);
        Assert.Single(spans.Outcomes);
        var late = Ask(pool);
        Time.Advance(TimeSpan.FromSeconds(31));
        await Assert.ThrowsAsync<PoolExhaustedException>(() => late.WaitAsync(Guard, Stop));

        Assert.Same(parent, Activity.Current);
        Assert.Equal(["ok", "timeout"], spans.Outcomes);
        Assert.All(spans.Seen, span => Assert.Equal(parent.SpanId, span.ParentSpanId));
        Assert.Equal(ActivityStatusCode.Error, spans.Seen.Last().Status);
        lease.Dispose();
    }

    [Fact]
    public async Task Acquire_Refused_HasASpan()
    {
        using var spans = new SpanListener("refused");
        var pool = NewPool(options => options.Name = "refused");
        await pool.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => Ask(pool));

        Assert.Equal(["rejected"], spans.Outcomes);
    }

    [Fact]
    public async Task LoggerAndListener_Throw_HarmNothing()
    {
        Log.Throws = true;
        using var listener = new MetricListener(Monitor);
        listener.OnMeasurement = _ => throw new InvalidOperationException("The listener is broken.");
        var pool = NewPool(options => (options.MaxSize, options.LeakThreshold) = (1, TimeSpan.FromSeconds(5)));
        var lease = await Lend(pool);
        var waiting = Ask(pool);
        var late = Ask(pool, TimeSpan.FromSeconds(1));
        Time.Advance(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAsync<PoolExhaustedException>(() => late.WaitAsync(Guard, Stop));
        lease.Invalidate();
        await lease.DisposeAsync();
        (await waiting.WaitAsync(Guard, Stop)).Dispose();
        Factory.Set(Stage.Destroy, Behaviour.ThrowsSync);
        Factory.Set(Stage.Create, Behaviour.ThrowsSync);
        pool.Invalidate();

        await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pool));
        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);

        await AssertAllDestroyedOnce(Factory);
    }

    [Fact]
    public async Task Detach_Counts_AndIsNotDestroyed()
    {
        var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var next = Ask(pool);

        var mine = lease.Detach();

        Assert.True(lease.IsStale);
        Assert.NotSame(mine, (await next.WaitAsync(Guard, Stop)).Resource);
        Assert.Equal(1, pool.Statistics.Detached);
        (await next).Dispose();
        await pool.DisposeAsync();
        Assert.Equal(0, mine.Destroyed);
    }
}
