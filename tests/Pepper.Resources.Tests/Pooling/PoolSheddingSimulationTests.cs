using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>
/// A pool under load in manual time, a millisecond a step: two resources, each lent for 20 ms, so that 100 callers are served in
/// a second.
/// </summary>
public sealed class PoolSheddingSimulationTests : PoolTestBase
{
    private const int UseTime = 20;
    private const int Timeout = 1000;
    private const int Target = 50;

    [Fact]
    public async Task Overload_WithoutShedding_EverybodyWaitsToTheTimeout()
    {
        var run = await Run(shedding: null, seconds: 20, arrivalEvery: 5);

        Assert.All(run.LateWaits, wait => Assert.InRange(wait, Timeout - 50, Timeout + 1));
        Assert.InRange(run.Served, 1950, 2000);
        Assert.Equal(0, run.Shed);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(2)]
    [InlineData(9)]
    public async Task Overload_WithShedding_TheServedAreServedFreshAndTheThroughputIsTheSame(int arrivalEvery)
    {
        var run = await Run(NewShedding(), seconds: 20, arrivalEvery);

        Assert.All(run.LateWaits, wait => Assert.InRange(wait, Target, (2 * Target) + 1));
        Assert.InRange(run.Served, 1950, 2000);
        Assert.Equal(0, run.LateTimeouts);
        Assert.InRange(run.Shed, (20_000 / arrivalEvery) - 2000 - Timeout, (20_000 / arrivalEvery) - 1950);

        // Nobody who was rejected had waited for long, but at the begin.
        Assert.All(run.LateRejections, wait => Assert.InRange(wait, 2 * Target, 3 * Target));
    }

    [Fact]
    public async Task Load_IsBelowTheServiceRate_RejectsNobody()
    {
        var run = await Run(NewShedding(), seconds: 20, arrivalEvery: 11);

        Assert.Equal((0, 0, 0), (run.Shed, run.LateTimeouts, Log.Count(1122)));
        Assert.All(run.LateWaits, wait => Assert.InRange(wait, 0, UseTime));
    }

    [Fact]
    public async Task Bursts_EachDrainsWithinTheInterval_RejectNobody()
    {
        // 80 callers at once every second: 800 ms to drain, and the last of them wait for as long.
        var run = await Run(NewShedding(), seconds: 20, arrivalEvery: 1000, together: 80);

        Assert.Equal((0, 0, 0), (run.Shed, run.LateTimeouts, Log.Count(1122)));
        Assert.InRange(run.LateWaits.Max(), 700, 800);
        Assert.InRange(run.Served, 1500, 1600);
    }

    private static SheddingOptions NewShedding() => new()
    {
        Target = TimeSpan.FromMilliseconds(Target),
        Interval = TimeSpan.FromSeconds(1),
    };

    private async Task<Outcomes> Run(SheddingOptions? shedding, int seconds, int arrivalEvery, int together = 1)
    {
        await using var pool = NewPool(options =>
        {
            (options.MinSize, options.MaxSize) = (2, 2);
            options.AcquireTimeout = TimeSpan.FromMilliseconds(Timeout);
            options.Shedding = shedding;
        });
        await pool.WarmUpAsync(Stop).WaitAsync(Guard, Stop);
        var outcomes = new Outcomes();
        List<(ValueTask<Lease<TestResource>> Wait, int Since)> waiting = [];
        Queue<(Lease<TestResource> Lease, int Until)> lent = [];
        for (var now = 0; now < seconds * 1000; now++)
        {
            while (lent.TryPeek(out var first) && first.Until <= now)
            {
                lent.Dequeue().Lease.Dispose();
            }

            for (var arrival = 0; now % arrivalEvery == 0 && arrival < together; arrival++)
            {
                waiting.Add((pool.AcquireAsync(), now));
            }

            await Take(waiting, lent, outcomes, now, isLate: now > seconds * 500);
            Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        outcomes.Shed = (int)pool.Statistics.Shed;
        while (lent.TryDequeue(out var first))
        {
            first.Lease.Dispose();
        }

        await Task.WhenAll(waiting.Select(one => Finish(one.Wait))).WaitAsync(Guard, Stop);
        return outcomes;
    }

    /// <summary>What has been delivered is seen at once: a ValueTask has ended when its waiter has.</summary>
    private static async Task Take(
        List<(ValueTask<Lease<TestResource>> Wait, int Since)> waiting,
        Queue<(Lease<TestResource> Lease, int Until)> lent,
        Outcomes outcomes,
        int now,
        bool isLate)
    {
        var ended = waiting.Where(one => one.Wait.IsCompleted).ToArray();
        waiting.RemoveAll(one => one.Wait.IsCompleted);
        foreach (var (wait, since) in ended)
        {
            try
            {
                lent.Enqueue((await wait, now + UseTime));
                outcomes.Served++;
                outcomes.LateWaits.AddRange(isLate ? [now - since] : []);
            }
            catch (PoolExhaustedException failure) when (failure.Reason == ExhaustionReason.Shed)
            {
                outcomes.LateRejections.AddRange(isLate ? [now - since] : []);
            }
            catch (PoolExhaustedException)
            {
                outcomes.LateTimeouts += isLate ? 1 : 0;
            }
        }
    }

    private static async Task Finish(ValueTask<Lease<TestResource>> wait)
    {
        try
        {
            (await wait).Dispose();
        }
        catch (PoolExhaustedException)
        {
            // It was rejected after the end.
        }
    }

    private sealed class Outcomes
    {
        internal List<int> LateWaits { get; } = [];

        internal List<int> LateRejections { get; } = [];

        internal int Served { get; set; }

        internal int Shed { get; set; }

        internal int LateTimeouts { get; set; }
    }
}
