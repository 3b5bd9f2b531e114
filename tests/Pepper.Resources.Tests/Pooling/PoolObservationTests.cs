using Pepper.Resources.Policies;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolObservationTests : PoolTestBase
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Observation_BeforeTheFirstUse_IsOfNoTime()
    {
        await using var pool = NewPool();

        Assert.Equal(new PoolObservation { MinSize = 0, MaxSize = 2 }, pool.Observation);
        Assert.Equal((0, 2), (pool.RecommendSize().MinSize, pool.RecommendSize().MaxSize));
    }

    [Fact]
    public async Task Observation_OverTime_IsTheMeanOfWhatWasLentAndOfWhoWaited()
    {
        await using var pool = NewPool();
        var leases = await Lend(pool, 2);
        var third = Ask(pool);
        _ = pool.Observation;
        Pass(10);
        leases[0].Dispose();
        (await third.WaitAsync(Guard, Stop)).Dispose();
        _ = pool.Observation;
        Pass(10);
        leases[1].Dispose();
        _ = pool.Observation;
        Pass(20);

        var seen = pool.Observation;
        Assert.Equal(TimeSpan.FromSeconds(40), seen.Interval);
        Assert.Equal((3, 2, 0), (seen.Acquires, seen.PeakInUse, seen.LeastIdle));
        Assert.Equal(0.75, seen.MeanInUse, 0.001);
        Assert.Equal(10, seen.WaitTime.TotalSeconds, 0.001);
        Assert.Equal((0, 2, 0), (seen.MinSize, seen.MaxSize, seen.TimedOut));
        Assert.Equal(1, seen.Waited);
    }

    [Fact]
    public async Task Observation_AfterLong_IsOfTheLastHourAtMost()
    {
        await using var pool = NewPool();
        var leases = await Lend(pool, 2);
        Pass(60 * 60);
        leases[0].Dispose();
        leases[1].Dispose();
        Pass(60 * 60);

        var seen = pool.Observation;
        Assert.InRange(seen.Interval, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(60));
        Assert.Equal((0, 0, 0, 2), (seen.Acquires, seen.MeanInUse, seen.PeakInUse, seen.LeastIdle));
    }

    [Fact]
    public async Task RecommendSize_MostLieIdle_StepsDown()
    {
        await using var pool = NewPool(static options => options.MaxSize = 20);
        var lease = await Lend(pool);
        Pass(30);
        lease.Dispose();
        Pass(30);

        var advice = pool.RecommendSize(SizingPolicies.Create("steps"));
        Assert.Equal(new SizingAdvice(0, 11, "Nobody waited, and 19 were never needed."), advice);
        Assert.Equal(20, pool.Statistics.MaxSize);
    }

    [Fact]
    public async Task RecommendSize_ErlangByDefault_CoversTheLoad()
    {
        await using var pool = NewPool(static options => options.MaxSize = 50);
        var leases = await Lend(pool, 10);
        _ = pool.Observation;
        Pass(60);

        var advice = pool.RecommendSize();
        Assert.InRange(advice.MaxSize, 11, 25);
        Assert.Contains("10 resources were needed on average", advice.Reason, StringComparison.Ordinal);
        foreach (var lease in leases)
        {
            lease.Dispose();
        }
    }

    private void Pass(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            Time.Advance(Second);
        }
    }
}
