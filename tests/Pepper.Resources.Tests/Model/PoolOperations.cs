using FsCheck;
using FsCheck.Fluent;

namespace Pepper.Resources.Tests.Model;

/// <summary>What is done to the pool, or around it.</summary>
internal enum OperationKind
{
    Acquire,
    AcquireWithin,
    AcquireByDefault,
    AcquireNow,
    TryAcquire,
    Cancel,
    DisposeLease,
    DisposeTwice,
    UseStaleCopy,
    InvalidateLease,
    DetachLease,
    Advance,
    Pause,
    Resume,
    Resize,
    InvalidatePool,
    CompleteCreation,
    FailCreation,
    Drain,
    DisposePool,
}

/// <summary>
/// One operation. <paramref name="Pick"/> says which of those that are there (callers, leases, creations), counted round, so that
/// every part of a sequence is a sequence too; <paramref name="Amount"/> is seconds, or a size.
/// </summary>
internal readonly record struct PoolOperation(OperationKind Kind, int Pick = 0, int Amount = 0)
{
    internal int MaxSize => 1 + (Amount % 5);

    internal int MinSize => Pick % (Math.Min(MaxSize, 2) + 1);

    internal int Seconds => 1 + (Amount % 6);

    public override string ToString() => Kind switch
    {
        OperationKind.Advance => $"Advance({Seconds} s)",
        OperationKind.Resize => $"Resize({MinSize}, {MaxSize})",
        OperationKind.Cancel or OperationKind.DisposeLease or OperationKind.DisposeTwice or OperationKind.UseStaleCopy
            or OperationKind.InvalidateLease or OperationKind.DetachLease or OperationKind.CompleteCreation
            or OperationKind.FailCreation => $"{Kind}({Pick})",
        _ => Kind.ToString(),
    };
}

/// <summary>The options of the pool under test.</summary>
internal sealed record PoolSetup(
    int MinSize, int MaxSize, int MaxConcurrentCreates, bool HasHooks, bool Expires, int? MaxUses, int? MaxWaiters)
{
    // The fractions keep deadlines, ends of creations and ticks of the sweeper apart: what falls due at one moment has no order.
    internal const long AcquireTimeout = 3_500;
    internal const long GivenTimeout = 1_500;
    internal const long CreateTimeout = 5_010;
    internal const long IdleTimeout = 4_000;
    internal const long MaxLifetime = 7_000;
    internal const long Tick = 1_000;

    internal static PoolSetup Simplest { get; } = new(0, 1, 4, HasHooks: false, Expires: false, MaxUses: null, MaxWaiters: null);
}

/// <summary>A pool, and what is done to it.</summary>
internal sealed record PoolProgram(PoolSetup Setup, IReadOnlyList<PoolOperation> Operations)
{
    internal const int MostOperations = 40;

    private static readonly Gen<PoolOperation> Operation = Gen.Frequency(
        Weigh(7, OperationKind.Acquire),
        Weigh(5, OperationKind.AcquireWithin),
        Weigh(4, OperationKind.AcquireByDefault),
        Weigh(3, OperationKind.AcquireNow),
        Weigh(3, OperationKind.TryAcquire),
        Weigh(5, OperationKind.Cancel),
        Weigh(13, OperationKind.DisposeLease),
        Weigh(2, OperationKind.DisposeTwice),
        Weigh(3, OperationKind.UseStaleCopy),
        Weigh(3, OperationKind.InvalidateLease),
        Weigh(2, OperationKind.DetachLease),
        Weigh(8, OperationKind.Advance),
        Weigh(2, OperationKind.Pause),
        Weigh(4, OperationKind.Resume),
        Weigh(6, OperationKind.Resize),
        Weigh(2, OperationKind.InvalidatePool),
        Weigh(17, OperationKind.CompleteCreation),
        Weigh(5, OperationKind.FailCreation));

    // About one in a sequence of forty, as little happens afterwards.
    private static readonly Gen<PoolOperation> AnyOperation = Gen.Frequency(
        (150, Operation), Weigh(2, OperationKind.Drain), Weigh(1, OperationKind.DisposePool));

    private static readonly Gen<PoolSetup> AnySetup =
        from sizes in Gen.Zip(Gen.Choose(0, 2), Gen.Choose(1, 4))
        from creates in Gen.Choose(1, 3)
        from flags in Gen.Zip(Gen.Elements(false, true), Gen.Elements(false, true))
        from limits in Gen.Zip(Gen.Elements<int?>(null, null, 2), Gen.Elements<int?>(null, null, 2))
        select new PoolSetup(
            Math.Min(sizes.Item1, sizes.Item2), sizes.Item2, creates, flags.Item1, flags.Item2, limits.Item1, limits.Item2);

    internal static Gen<PoolProgram> Any { get; } =
        from setup in AnySetup
        from length in Gen.Choose(5, MostOperations)
        from operations in Gen.ArrayOf(AnyOperation, length)
        select new PoolProgram(setup, operations);

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

        foreach (var setup in new[]
        {
            PoolSetup.Simplest with { MaxSize = Setup.MaxSize },
            Setup with { MinSize = 0 },
            Setup with { HasHooks = false },
            Setup with { Expires = false },
            Setup with { MaxUses = null, MaxWaiters = null },
        })
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

            if (operation is { Kind: OperationKind.Advance, Amount: > 0 })
            {
                yield return With(index, operation with { Amount = 0 });
            }
        }
    }

    public override string ToString() =>
        $"{Setup}{Environment.NewLine}{string.Join(Environment.NewLine, Operations.Select((one, at) => $"  {at}: {one}"))}";

    private PoolProgram With(int index, PoolOperation operation) =>
        this with { Operations = [.. Operations.Take(index), operation, .. Operations.Skip(index + 1)] };

    private static (int Weight, Gen<PoolOperation> Gen) Weigh(int weight, OperationKind kind) =>
        (weight, from pick in Gen.Choose(0, 7) from amount in Gen.Choose(0, 29) select new PoolOperation(kind, pick, amount));
}
