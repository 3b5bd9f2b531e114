using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Stress;

namespace Pepper.Resources.Tests.Model;

/// <summary>
/// Random sequences of operations on a pool, each compared with a plain model of it. PEPPER_LONG=1 runs many more of them. A
/// failure names its seed, which PEPPER_SEED takes: the run then begins with that very sequence.
/// </summary>
[Trait("Category", "Long")]
public sealed class PoolModelTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("PEPPER_LONG") == "1";
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    // What has failed once is known to fail; its smaller relatives need not be waited for as long.
    private static readonly TimeSpan ShrinkGuard = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestShrink = TimeSpan.FromMinutes(1);

    private static readonly int FirstSeed =
        int.TryParse(Environment.GetEnvironmentVariable("PEPPER_SEED"), CultureInfo.InvariantCulture, out var seed)
            ? seed
            : Environment.TickCount & 0xff_ffff;

    [Fact]
    public async Task Pool_RandomSequences_DoesWhatTheModelAllows()
    {
        var count = IsLong ? 200_000 : 4_000;
        foreach (var index in Rounds.UpTo(count))
        {
            var program = ProgramOf(FirstSeed + index);
            if (await FailureOfAsync(program, Guard) is { } failure)
            {
                var smallest = await ShrinkAsync(program, failure);
                Assert.Fail(
                    $"Replay with PEPPER_SEED={FirstSeed + index} (sequence {index}). The smallest sequence found that fails:"
                    + $"{Environment.NewLine}{smallest.Message}{Environment.NewLine}{Environment.NewLine}"
                    + $"As it failed at first:{Environment.NewLine}{failure.Message}");
            }
        }
    }

    [Fact]
    public async Task Pool_TheFirstSequences_GetToEveryOutcome()
    {
        HashSet<Outcome> outcomes = [];
        HashSet<DestroyReason> reasons = [];
        for (var seed = 0; seed < 500; seed++)
        {
            var (outcomesOfOne, reasonsOfOne) = await PoolModelRun.RunAsync(ProgramOf(seed), Guard);
            outcomes.UnionWith(outcomesOfOne);
            reasons.UnionWith(reasonsOfOne);
        }

        Outcome[] others =
        [
            Outcome.Waiting, Outcome.Ended, Outcome.ExhaustedOrTimedOut, Outcome.ClosedSomehow, Outcome.Unspecified,
        ];
        Assert.Equal(Enum.GetValues<Outcome>().Except(others), outcomes.Order());
        Assert.Superset(
            new HashSet<DestroyReason>
            {
                DestroyReason.Invalidated, DestroyReason.PoolInvalidated, DestroyReason.PoolClosed, DestroyReason.Resized,
                DestroyReason.IdleTimeout, DestroyReason.MaxLifetime, DestroyReason.MaxUses, DestroyReason.Leaked,
                DestroyReason.ResetFailed, DestroyReason.ValidationFailed,
            },
            reasons);
    }

    [Fact]
    public void Program_SameSeed_IsTheSame()
    {
        var seeds = Enumerable.Range(FirstSeed, 20).ToList();

        Assert.Equal(seeds.Select(seed => ProgramOf(seed).ToString()), seeds.Select(seed => ProgramOf(seed).ToString()));
        Assert.Equal(seeds.Count, seeds.Select(seed => ProgramOf(seed).ToString()).Distinct().Count());
    }

    [Fact]
    public void Shrink_Program_YieldsOtherPrograms()
    {
        var program = ProgramOf(FirstSeed);

        Assert.DoesNotContain(
            program.Shrink(), other => other.Setup == program.Setup && other.Operations.SequenceEqual(program.Operations));
        Assert.Contains(program.Shrink(), smaller => smaller.Operations.Count == program.Operations.Count - 1);
    }

    private static PoolProgram ProgramOf(int seed) => PoolProgram.Any.Sample(1, new Rnd((ulong)seed), 1).Single();

    private static async Task<ModelMismatchException?> FailureOfAsync(PoolProgram program, TimeSpan guard)
    {
        try
        {
            await PoolModelRun.RunAsync(program, guard);
            return null;
        }
        catch (ModelMismatchException failure)
        {
            return failure;
        }
    }

    private static async Task<ModelMismatchException> ShrinkAsync(PoolProgram program, ModelMismatchException failure)
    {
        var arbitrary = Arb.From(PoolProgram.Any, static one => one.Shrink());
        var begin = TimeProvider.System.GetTimestamp();
        var isSmaller = true;
        while (isSmaller)
        {
            isSmaller = false;
            foreach (var smaller in arbitrary.Shrinker(program))
            {
                if (TimeProvider.System.GetElapsedTime(begin) > LongestShrink)
                {
                    return failure;
                }

                if (await FailureOfAsync(smaller, ShrinkGuard) is { } other)
                {
                    (program, failure, isSmaller) = (smaller, other, true);
                    break;
                }
            }
        }

        return failure;
    }
}
