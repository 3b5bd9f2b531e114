using System.Diagnostics;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolLeakTests : PoolTestBase
{
    [Fact]
    public async Task GetLeases_LeakTrackingIsOn_SaysWhoAndSinceWhenAndInWhichTrace()
    {
        using var activity = new Activity("request").Start();
        await using var pool = NewPool(options => options.LeakThreshold = TimeSpan.FromMinutes(1));
        await using var first = await pool.AcquireAsync(Stop);
        Time.Advance(TimeSpan.FromSeconds(20.5));
        await using var second = await pool.AcquireAsync(Stop);
        Time.Advance(TimeSpan.FromSeconds(2));

        var leases = pool.GetLeases();

        Assert.Equal([22.5, 2], leases.Select(lease => lease.Age.TotalSeconds));
        Assert.All(leases, lease => Assert.Equal("orders", lease.Source));
        Assert.All(leases, lease => Assert.Equal(activity.TraceId.ToHexString(), lease.TraceId));
        Assert.All(leases, lease => Assert.Equal("PoolLeakTests.cs", lease.CallSite.File));
        Assert.Equal(Time.GetUtcNow().AddSeconds(-22.5), leases[0].Since);
        Assert.StartsWith(
            nameof(GetLeases_LeakTrackingIsOn_SaysWhoAndSinceWhenAndInWhichTrace),
            leases[0].ToString(),
            StringComparison.Ordinal);
        Assert.All(leases, lease => Assert.False(lease.IsSuspectedLeak));
    }

    [Fact]
    public async Task GetLeases_LeakTrackingIsOff_KnowsTheAgeWithinATick()
    {
        await using var pool = NewPool();
        await using var lease = await pool.AcquireAsync(Stop);

        Time.Advance(TimeSpan.FromSeconds(30));

        var info = Assert.Single(pool.GetLeases());
        Assert.InRange(info.Age.TotalSeconds, 29, 30);
        Assert.Null(info.TraceId);
        Assert.Equal(nameof(GetLeases_LeakTrackingIsOff_KnowsTheAgeWithinATick), info.CallSite.Member);
        Assert.True(info.CallSite.Line > 0);
    }

    [Fact]
    public async Task Leak_IsReportedOnce_AndItsReturnToo()
    {
        await using var pool = NewPool(options => options.LeakThreshold = TimeSpan.FromSeconds(10));
        var lease = await Lend(pool);

        Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, pool.Statistics.Leaks);
        Time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(1, pool.Statistics.Leaks);
        Assert.Equal(1, Log.Count(1107));
        Assert.True(Assert.Single(pool.GetLeases()).IsSuspectedLeak);
        Assert.Equal(0, lease.Resource.Destroyed);
        await lease.DisposeAsync();
        Assert.Equal(1, Log.Count(1108));
        Assert.Equal(1, pool.Statistics.Idle);
    }

    [Fact]
    public async Task Leak_ReclaimLeaked_TakesTheResourceAwayAndServesWhoWaits()
    {
        await using var pool = NewPool(options =>
        {
            (options.MaxSize, options.ReclaimLeaked) = (1, true);
            options.LeakThreshold = TimeSpan.FromSeconds(10);
            options.AcquireTimeout = TimeSpan.FromMinutes(5);
        });
        var leaked = await Lend(pool);
        var resource = leaked.Resource;
        Time.Advance(TimeSpan.FromSeconds(5));
        var waiting = Ask(pool);

        Time.Advance(TimeSpan.FromSeconds(10));

        var lease = await waiting.WaitAsync(Guard, Stop);
        Assert.True(leaked.IsStale);
        Assert.Throws<ObjectDisposedException>(() => leaked.Resource);
        leaked.Dispose();
        Assert.False(lease.IsStale);
        Assert.Equal(DestroyReason.Leaked, resource.Reason);
        Assert.Equal(1, Log.Count(1111));
    }

    [Fact]
    public async Task ReclaimLeaked_LentAgainAfterALongIdleTime_IsNotTakenForTheOldLoan()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewPool(
            options =>
            {
                (options.MaxSize, options.ReclaimLeaked) = (1, true);
                options.LeakThreshold = TimeSpan.FromSeconds(10);
            },
            factory);
        await (await Lend(pool)).DisposeAsync();
        Time.Advance(TimeSpan.FromMinutes(1));

        // The monitor's listener runs in the midst of the loan, and lets the sweeper look.
        using var listener = new MetricListener(Monitor);
        listener.OnMeasurement = name => Time.Advance(name.EndsWith("acquisition_seconds", StringComparison.Ordinal)
            ? TimeSpan.FromSeconds(3)
            : TimeSpan.Zero);
        var lease = await Lend(pool);

        Assert.False(lease.IsStale);
        Assert.Equal(0, pool.Statistics.Leaks);
    }

    [Fact]
    public async Task Leak_Reported_NamesTheCallSiteTheStackAndTheThreshold()
    {
        await using var pool = NewPool(options =>
            (options.LeakThreshold, options.StackCapture) = (TimeSpan.FromSeconds(10), 1));
        using var flow = LeaseFlow.Begin("nightly");
        var lease = await pool.AcquireAsync(Stop);

        Time.Advance(TimeSpan.FromMinutes(1));

        var report = Assert.Single(Log.Lines, line => line.Id == 1107).Text;
        const string here = nameof(Leak_Reported_NamesTheCallSiteTheStackAndTheThreshold);
        foreach (var part in new[]
        {
            "orders", "00:00:10", $"{here} (PoolLeakTests.cs:", "flow nightly", $"stack {GetType().FullName}.{here}",
        })
        {
            Assert.Contains(part, report, StringComparison.Ordinal);
        }

        await lease.DisposeAsync();
        Assert.Contains(here, Assert.Single(Log.Lines, line => line.Id == 1108).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leak_SeveralParkedBeforeItWasNoticed_AllAreServed()
    {
        await using var pool = NewPool(options =>
        {
            (options.ReclaimLeaked, options.LeakThreshold) = (true, TimeSpan.FromSeconds(10));
            options.AcquireTimeout = Timeout.InfiniteTimeSpan;
        });
        _ = await Lend(pool, 2);
        var parked = Enumerable.Range(0, 6).Select(async _ => (await Ask(pool)).Dispose()).ToArray();
        Assert.Equal(6, pool.Statistics.Waiting);

        Time.Advance(TimeSpan.FromSeconds(13));

        await Task.WhenAll(parked).WaitAsync(Guard, Stop);
        await Until(() => pool.Statistics.Destroyed == 2, "both resources are destroyed");
        Assert.Equal(2, pool.Statistics.Leaks);
        await AssertNoPlaceLost(pool);
    }

    [Fact]
    public async Task Leak_BecomesOneAfterTheWaitBegan_WaiterIsServed()
    {
        await using var pool = NewPool(options =>
        {
            (options.MaxSize, options.ReclaimLeaked, options.LeakThreshold) = (1, true, TimeSpan.FromSeconds(10));
            options.AcquireTimeout = Timeout.InfiniteTimeSpan;
        });
        var first = await Lend(pool);
        var leaking = Ask(pool);
        var last = Ask(pool);
        first.Dispose();
        _ = await leaking.WaitAsync(Guard, Stop);

        Time.Advance(TimeSpan.FromSeconds(13));

        (await last.WaitAsync(Guard, Stop)).Dispose();
        Assert.Equal(1, pool.Statistics.Leaks);
    }

    [Fact]
    public async Task Leak_Metrics_CountReportsAndReclaims()
    {
        await using var pool = NewPool(options =>
            (options.ReclaimLeaked, options.LeakThreshold) = (true, TimeSpan.FromSeconds(10)));
        using var listener = new MetricListener(
            Monitor, static name => name.StartsWith("pepperpy_pool_", StringComparison.Ordinal));
        Assert.Equal(0, listener.Read("pepperpy_pool_leaks_total").Values.Single());
        _ = await Lend(pool);

        Time.Advance(TimeSpan.FromSeconds(13));
        await Until(() => pool.Statistics.Size == 0);

        Assert.Equal(1, listener.Read("pepperpy_pool_leaks_total")["pool=orders"]);
        Assert.Equal(1, listener.Read("pepperpy_pool_evictions_total")["pool=orders,reason=leaked"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReclaimLeaked_PlaceWasLeftByADetachOrAReclaim_NextLoanIsNotTakenForTheOldOne(bool isDetached)
    {
        var time = new HookedTimeProvider(Time);
        var options = new ResourcePoolOptions
        {
            Name = "orders",
            MinSize = 1,
            MaxSize = 1,
            ReclaimLeaked = true,
            LeakThreshold = TimeSpan.FromSeconds(10),
        };
        await using var pool = new ResourcePool<TestResource>(Factory, options, time, Monitor, Log);
        var earlier = await Lend(pool);
        if (isDetached)
        {
            earlier.Detach();
        }

        Time.Advance(TimeSpan.FromMinutes(1));
        await pool.WarmUpAsync(Stop).WaitAsync(Guard, Stop);
        await Until(() => pool.Statistics.Idle == 1);
        var before = pool.Statistics.Leaks;

        // The sweeper looks after the claim and before the loan has noted its time.
        time.OnNextTimestamp(() => Time.Advance(TimeSpan.FromSeconds(3)));
        var lease = await Lend(pool);

        Assert.False(lease.IsStale);
        Assert.Equal(before, pool.Statistics.Leaks);
    }
}
