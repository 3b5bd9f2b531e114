using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class KeyedPoolReportTests : KeyedPoolTestBase
{
    [Fact]
    public async Task Statistics_SeveralKeys_AddsThemUp()
    {
        await using var pools = NewKeyed(options =>
        {
            options.MaxTotal = 4;
            options.MaxKeys = 7;
        });
        using var a = await Lend(pools, "a");
        using var b = await Lend(pools, "b");
        await MakeIdle(pools, "b");
        using var b2 = await Lend(pools, "b");
        await MakeIdle(pools, "c");
        var waiting = Ask(pools, "b");

        var seen = pools.Statistics;

        Assert.Equal(("hosts", 3, 7), (seen.Name, seen.Keys, seen.MaxKeys));
        Assert.Equal((4, 4, 1, 3), (seen.Size, seen.MaxTotal, seen.Idle, seen.InUse));
        Assert.Equal((1, 0, 5L, 4L), (seen.Waiting, seen.StarvingKeys, seen.Acquired, seen.Created));
        b.Dispose();
        (await waiting.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Statistics_KeyIsRetiredAndGone_KeepsWhatItCounted()
    {
        await using var pools = NewKeyed();
        await MakeIdle(pools, "a", count: 2);
        await MakeIdle(pools, "b");

        await pools.RetireAsync("a").AsTask().WaitAsync(Guard, Stop);
        var before = pools.Statistics;
        Time.Advance(TimeSpan.FromSeconds(1));
        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(before, pools.Statistics);
        Assert.Equal((3L, 3L, 2L), (before.Acquired, before.Created, before.Destroyed));
    }

    [Fact]
    public async Task Leases_SeveralKeys_NamesTheKeyAndTheLongestFirst()
    {
        await using var pools = NewKeyed();
        using var a = await Lend(pools, "a");
        Time.Advance(TimeSpan.FromSeconds(5));
        using var b = await Lend(pools, "b");
        Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(["hosts[a]", "hosts[b]"], pools.GetLeases().Select(static lease => lease.Source));
    }

    [Fact]
    public async Task Metrics_ByDefault_AreOneSeriesForAllKeys()
    {
        using var metrics = new MetricListener(Monitor);
        await using var pools = NewKeyed(options => options.MaxTotal = 3);
        using var a = await Lend(pools, "a");
        using var b = await Lend(pools, "b");
        await MakeIdle(pools, "c");
        var created = metrics.Seen.Where(static one => one.Name == "pepperpy_pool_create_time_seconds").ToList();
        using var d = await Lend(pools, "d");

        Assert.Equal(["pool=hosts"], created.Select(static one => one.Tags).Distinct());
        Assert.Equal(3, metrics.Read("pepperpy_resources_total")["type=custom,pool=hosts"]);
        Assert.Equal(3, Assert.Single(metrics.Read("pepperpy_resources_in_use")).Value);
        Assert.Equal(3, Assert.Single(metrics.Read("pepperpy_pool_max")).Value);
        var states = metrics.Read("pepperpy_pool_resources");
        Assert.Equal((4, 3), (states.Count, states["pool=hosts,state=in_use"]));
        Assert.Equal(1, metrics.Read("pepperpy_pool_evictions_total")["pool=hosts,reason=evicted"]);
    }

    [Fact]
    public async Task Metrics_KeyIsRetired_CountersGoOn()
    {
        using var metrics = new MetricListener(Monitor);
        await using var pools = NewKeyed();
        await MakeIdle(pools, "a");

        await pools.RetireAsync("a").AsTask().WaitAsync(Guard, Stop);
        Time.Advance(TimeSpan.FromSeconds(2));
        await MakeIdle(pools, "a");
        await pools.RetireAsync("a").AsTask().WaitAsync(Guard, Stop);

        Assert.Equal(2, metrics.Read("pepperpy_pool_evictions_total")["pool=hosts,reason=pool_closed"]);
        await pools.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
        Assert.Empty(metrics.Read("pepperpy_pool_evictions_total"));
    }

    [Fact]
    public async Task Metrics_LabelKeys_AreASeriesForEach()
    {
        using var metrics = new MetricListener(Monitor);
        await using var pools = NewKeyed(options => options.LabelKeys = true);
        using var a = await Lend(pools, "a");
        using var b = await Lend(pools, "b");

        Assert.Equal(
            ["pool=hosts[a]", "pool=hosts[b]"], metrics.Read("pepperpy_pool_max").Keys.Order(StringComparer.Ordinal));
        Assert.Equal(2, metrics.Read("pepperpy_resources_total").Count);
    }

    [Fact]
    public async Task Log_KeysComeAndGo_SaysSo()
    {
        var pools = NewKeyed();
        await MakeIdle(pools, "a");
        await pools.RetireAsync("a").AsTask().WaitAsync(Guard, Stop);
        await pools.DrainAsync(Stop).WaitAsync(Guard, Stop);
        await pools.DisposeAsync();

        Assert.True(KeyedLog.Has(1300, "pool hosts[a] made, 1 key(s)"));
        Assert.True(KeyedLog.Has(1301, "pool hosts[a] retired, on demand"));
        Assert.True(KeyedLog.Has(1304, "drained"));
        Assert.True(KeyedLog.Has(1304, "disposed"));
    }
}
