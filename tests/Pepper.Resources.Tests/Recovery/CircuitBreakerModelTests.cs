using FsCheck;
using FsCheck.Fluent;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>Random sequences of what can happen to a circuit, each compared with a plain model of it.</summary>
[Trait("Category", "Long")]
public sealed class CircuitBreakerModelTests
{
    private static readonly int Sequences = Environment.GetEnvironmentVariable("PEPPER_LONG") == "1" ? 100_000 : 2_000;

    private static readonly Gen<ModelStep> AnyStep = Gen.Frequency(
        (6, Gen.Constant(new ModelStep(ModelAction.Enter, 0))),
        (3, Number(8).Select(which => new ModelStep(ModelAction.Succeed, which))),
        (5, Number(8).Select(which => new ModelStep(ModelAction.Fail, which))),
        (2, Number(8).Select(which => new ModelStep(ModelAction.Abstain, which))),
        (4, Number(9).Select(seconds => new ModelStep(ModelAction.Advance, seconds + 1))),
        (1, Gen.Constant(new ModelStep(ModelAction.Isolate, 0))),
        (2, Gen.Constant(new ModelStep(ModelAction.Reset, 0))));

    private static readonly Gen<ModelProgram> AnyProgram =
        from threshold in Number(3)
        from trials in Number(3)
        from growth in Number(2)
        from steps in AnyStep.ListOf()
        select new ModelProgram(threshold + 1, trials + 1, growth + 1, [.. steps]);

    private static Gen<int> Number(int below) => Gen.Choose(0, below - 1);

    [Fact]
    public void Circuit_RandomSequences_DoesWhatTheModelDoes()
    {
        var property = Prop.ForAll(
            Arb.From(AnyProgram, static program => program.Shrink()), static program => program.Run());
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(Sequences).WithEndSize(80), property);
    }

    [Fact]
    public void Circuit_RandomSequences_GetToEveryState()
    {
        HashSet<CircuitState> states = [];
        foreach (var program in AnyProgram.Sample(80, new Rnd(7), 500))
        {
            program.Run(states.Add);
        }

        Assert.Equal(Enum.GetValues<CircuitState>().Order(), states.Order());
    }
}
