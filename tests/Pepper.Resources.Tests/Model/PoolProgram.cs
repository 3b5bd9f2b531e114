using FsCheck;
using FsCheck.Fluent;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <summary>A pool, and what is done to it.</summary>
internal sealed record PoolProgram(PoolSetup Setup, IReadOnlyList<PoolOperation> Operations)
{
    internal const int MostOperations = 40;

    private static readonly Gen<PoolOperation> Operation = Gen.Frequency(
        Weigh(7, OperationKind.Acquire),
        Weigh(5, OperationKind.AcquireWithin),
        Weigh(4, OperationKind.AcquireByDefault),
        Weigh(3, OperationKind.AcquireNow),
        Weigh(2, OperationKind.AcquireBlocking),
        Weigh(3, OperationKind.TryAcquire),
        Weigh(4, OperationKind.Cancel),
        Weigh(14, OperationKind.DisposeLease),
        Weigh(2, OperationKind.DisposeTwice),
        Weigh(3, OperationKind.UseStaleCopy),
        Weigh(3, OperationKind.InvalidateLease),
        Weigh(2, OperationKind.DetachLease),
        Weigh(2, OperationKind.BreakResource),
        Weigh(9, OperationKind.Advance),
        Weigh(2, OperationKind.Pause),
        Weigh(4, OperationKind.Resume),
        Weigh(5, OperationKind.Resize),
        Weigh(2, OperationKind.InvalidatePool),
        Weigh(2, OperationKind.InvalidateOver),
        Weigh(2, OperationKind.ReplaceFactory),
        Weigh(2, OperationKind.WarmUp),
        Weigh(17, OperationKind.CompleteCreation),
        Weigh(4, OperationKind.FailCreation),
        Weigh(12, OperationKind.PassStage),
        Weigh(3, OperationKind.RefuseStage),
        Weigh(2, OperationKind.FailStage));

    // Little but time passes: resources stay idle for long, are kept alive, and are evicted.
    private static readonly Gen<PoolOperation> CalmOperation = Gen.Frequency(
        Weigh(8, OperationKind.Acquire),
        Weigh(2, OperationKind.TryAcquire),
        Weigh(14, OperationKind.DisposeLease),
        Weigh(2, OperationKind.BreakResource),
        (8, Gen.Constant(new PoolOperation(OperationKind.Advance))),
        Weigh(8, OperationKind.Advance),
        Weigh(4, OperationKind.Resize),
        Weigh(1, OperationKind.InvalidateOver),
        Weigh(2, OperationKind.WarmUp),
        Weigh(14, OperationKind.CompleteCreation),
        Weigh(10, OperationKind.PassStage),
        Weigh(3, OperationKind.RefuseStage));

    // About one in a sequence of forty, as little happens afterwards.
    private static readonly Gen<PoolOperation> AnyOperation = WithEnds(Operation);
    private static readonly Gen<PoolOperation> AnyCalmOperation = WithEnds(CalmOperation);

    // A calm sequence begins with some that are idle, of different age.
    private static readonly PoolOperation[] Prologue =
    [
        new(OperationKind.WarmUp), new(OperationKind.CompleteCreation), new(OperationKind.Advance),
        new(OperationKind.CompleteCreation),
    ];

    private static readonly Gen<bool> Flag = Gen.Elements(false, true);

    private static readonly Gen<PoolSetup> AnySetup =
        from sizes in Gen.Zip(Gen.Choose(0, 2), Gen.Elements(1, 2, 2, 3, 3, 4))
        from creates in Gen.Choose(1, 3)
        from stages in Gen.Zip(Gen.Elements(0, 1, 2, 3, 3), Flag)
        from validation in Gen.Zip(Gen.Choose(0, 7), Gen.Elements(false, false, true))
        from order in Gen.Elements(IdleOrder.Lifo, IdleOrder.Fifo)
        from ends in Gen.Zip(Flag, Flag)
        from leaks in Gen.Elements(LeakMode.Off, LeakMode.Off, LeakMode.Reported, LeakMode.Reclaimed)
        from limits in Gen.Zip(Gen.Elements<int?>(null, null, 1, 2), Gen.Elements<int?>(null, null, 1, 2))
        from isPatient in Flag
        select new PoolSetup(Math.Min(sizes.Item1, sizes.Item2), sizes.Item2)
        {
            MaxConcurrentCreates = creates,
            Hooks = (FactoryHooks)stages.Item1,
            IsGated = stages.Item2,
            Validation = (ValidationMode)validation.Item1,
            ValidatesLate = validation.Item2,
            Order = order,
            EvictsIdle = ends.Item1,
            HasLifetime = ends.Item2,
            Leaks = leaks,
            MaxUses = limits.Item1,
            MaxWaiters = limits.Item2,
            IsPatient = isPatient,
        };

    internal static Gen<PoolProgram> Any { get; } =
        from setup in AnySetup
        from length in Gen.Choose(5, MostOperations)
        from isCalm in Gen.Elements(false, false, true)
        from operations in Gen.ArrayOf(isCalm ? AnyCalmOperation : AnyOperation, length)
        select isCalm ? new PoolProgram(Calm(setup), [.. Prologue, .. operations]) : new PoolProgram(setup, operations);

    /// <summary>
    /// Smaller ones: without a run of operations (long runs first), then in a simpler pool, then with simpler operations.
    /// </summary>
    internal IEnumerable<PoolProgram> Shrink()
    {
        for (var length = Operations.Count; length >= 1; length /= 2)
        {
            for (var start = 0; start < Operations.Count; start += length)
            {
                yield return this with { Operations = [.. Operations.Take(start), .. Operations.Skip(start + length)] };
            }
        }

        foreach (var setup in SimplerSetups())
        {
            if (setup != Setup)
            {
                yield return this with { Setup = setup };
            }
        }

        for (var index = 0; index < Operations.Count; index++)
        {
            var operation = Operations[index];
            if (operation.Pick > 0)
            {
                yield return With(index, operation with { Pick = 0 });
            }

            if (operation.Amount > 0)
            {
                yield return With(index, operation with { Amount = 0 });
            }
        }
    }

    public override string ToString() =>
        $"{Setup}{Environment.NewLine}{string.Join(Environment.NewLine, Operations.Select((one, at) => $"  {at}: {one}"))}";

    private PoolSetup[] SimplerSetups() =>
    [
        PoolSetup.Simplest with { MaxSize = Setup.MaxSize },
        Setup with { MinSize = 0 },
        Setup with { MaxConcurrentCreates = 4 },
        Setup with { Hooks = FactoryHooks.None },
        Setup with { IsGated = false },
        Setup with { Validation = ValidationMode.None },
        Setup with { ValidatesLate = false },
        Setup with { Order = IdleOrder.Lifo },
        Setup with { EvictsIdle = false },
        Setup with { HasLifetime = false },
        Setup with { Leaks = LeakMode.Off },
        Setup with { MaxUses = null },
        Setup with { MaxWaiters = null },
        Setup with { IsPatient = false },
    ];

    private PoolProgram With(int index, PoolOperation operation) =>
        this with { Operations = [.. Operations.Take(index), operation, .. Operations.Skip(index + 1)] };

    private static PoolSetup Calm(PoolSetup setup) => setup with
    {
        MinSize = Math.Min(2, setup.MaxSize),
        Hooks = setup.Hooks | FactoryHooks.Validate,
        Validation = setup.Validation | ValidationMode.WhileIdle,
    };

    private static Gen<PoolOperation> WithEnds(Gen<PoolOperation> operation) => Gen.Frequency(
        (170, operation), Weigh(2, OperationKind.Drain), Weigh(1, OperationKind.DisposePool));

    private static (int Weight, Gen<PoolOperation> Gen) Weigh(int weight, OperationKind kind) =>
        (weight, from pick in Gen.Choose(0, 7) from amount in Gen.Choose(0, 29) select new PoolOperation(kind, pick, amount));
}
