using System.Globalization;
using Pepper.Resources.Tests.Stress;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>
/// Thousands of orders in which the steps of several threads at a pool can follow each other; fewer on a processor so busy that
/// it gives each step but one slice of its time. A failure names its seed, which
/// PEPPER_SEED takes: then that one order is run again, exactly. PEPPER_LONG=1 runs many more, others each time.
/// </summary>
[Trait("Category", "Long")]
public sealed class PoolInterleavingTests
{
    private const int FirstSeed = 1;
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("PEPPER_LONG") == "1";
    private static readonly int Count = IsLong ? 100_000 : 1_000;

    public static TheoryData<string> Scenarios => [.. PoolScenarios.All.Select(static scenario => scenario.Name)];

    private static int? GivenSeed =>
        int.TryParse(Environment.GetEnvironmentVariable("PEPPER_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : null;

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Pool_AnyOrderOfSteps_KeepsItsWord(string name)
    {
#if !DEBUG
        Assert.Skip("A release build has no yield points.");
#endif
        var scenario = PoolScenarios.All.Single(one => one.Name == name);
        var seeds = GivenSeed is { } given ? [given]
            : Enumerable.Range(IsLong ? Environment.TickCount & 0x3fff_ffff : FirstSeed, Count);
        var begun = TimeProvider.System.GetTimestamp();
        var (schedules, steps) = (0, 0L);
        foreach (var seed in seeds.Zip(Rounds.UpTo(Count), static (seed, _) => seed))
        {
            var schedule = scenario.Run(seed);
            schedules++;
            steps += schedule.Steps;
            if (schedule.Failure is not null)
            {
                Assert.Fail(Describe(scenario, seed, schedules, schedule));
            }
        }

        var time = TimeProvider.System.GetElapsedTime(begun);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{name}: {schedules} schedules, {steps / schedules} steps each, {schedules / time.TotalSeconds:F0} a second.");
    }

    private static string Describe(PoolScenario scenario, int seed, int schedules, Schedule failed)
    {
        var again = scenario.Run(seed, isTraced: true);
        var isSame = again.Failure == failed.Failure && again.Course == failed.Course;
        return $"{scenario.Name} fails at its schedule number {schedules}; replay with PEPPER_SEED={seed}: {failed.Failure}"
            + $"{Environment.NewLine}{(isSame ? "The same schedule, run again" : "RUN AGAIN IT WENT ANOTHER WAY")}:"
            + $"{Environment.NewLine}{again.Trace}";
    }
}
