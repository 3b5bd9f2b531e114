namespace Pepper.Resources.Tests.Interleaving;

/// <summary>The scheduler itself: it finds what it is there to find, and finds it again.</summary>
public sealed class ScheduleTests
{
    [Fact]
    public void Run_TheSameSeed_GoesTheSameWay()
    {
#if !DEBUG
        Assert.Skip("A release build has no yield points.");
#endif
        foreach (var scenario in PoolScenarios.All)
        {
            var first = scenario.Run(7);
            var again = scenario.Run(7, isTraced: true);

            Assert.Equal((scenario.Name, first.Course, first.Steps), (scenario.Name, again.Course, again.Steps));
            Assert.Contains("goes on in", again.Trace, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Run_OtherSeeds_GoOtherWays()
    {
#if !DEBUG
        Assert.Skip("A release build has no yield points.");
#endif
        var scenario = PoolScenarios.All.First();

        Assert.InRange(Enumerable.Range(1, 200).Select(seed => scenario.Run(seed).Course).Distinct().Count(), 150, 200);
    }

    [Fact]
    public void Run_AnUpdateThatCanBeLost_LosesItForSomeSeeds()
    {
        var lost = Enumerable.Range(1, 200).Count(seed => IsUpdateLost(seed));

        Assert.InRange(lost, 20, 180);
    }

    [Fact]
    public void Run_EachWaitsForTheOther_SaysWhoIsStuck()
    {
        var schedule = new Schedule(1);
        var (isOne, isOther) = (false, false);

        schedule.Run(() =>
        {
            schedule.Start("one", () =>
            {
                schedule.WaitUntil(() => isOther);
                isOne = true;
            });
            schedule.Start("other", () =>
            {
                schedule.WaitUntil(() => isOne);
                isOther = true;
            });
        });

        Assert.Equal("Stuck: one, other wait, and nobody is left who could serve them.", schedule.Failure);
    }

    [Fact]
    public void Run_AStrandThrows_FailsAndEndsTheOthers()
    {
        var schedule = new Schedule(1);

        schedule.Run(() =>
        {
            schedule.Start("waits", () => schedule.WaitUntil(static () => false));
            schedule.Start("throws", static () => throw new InvalidOperationException("It is broken."));
        });

        Assert.Contains("throws threw System.InvalidOperationException: It is", schedule.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_NeverEnds_FailsAfterManySteps()
    {
        var schedule = new Schedule(1);

        schedule.Run(() =>
        {
            while (true)
            {
                schedule.Reach();
            }
        });

        Assert.StartsWith("No end after", schedule.Failure, StringComparison.Ordinal);
    }

    private static bool IsUpdateLost(int seed)
    {
        var schedule = new Schedule(seed);
        var count = 0;
        schedule.Run(() =>
        {
            for (var actor = 0; actor < 2; actor++)
            {
                schedule.Start($"actor {actor}", () =>
                {
                    schedule.Reach();
                    var seen = count;
                    schedule.Reach();
                    count = seen + 1;
                });
            }
        });
        return count < 2;
    }
}
