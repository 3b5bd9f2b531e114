using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <summary>What is done to the pool, or around it.</summary>
internal enum OperationKind
{
    Acquire,
    AcquireWithin,
    AcquireByDefault,
    AcquireNow,
    AcquireBlocking,
    TryAcquire,
    Cancel,
    DisposeLease,
    DisposeTwice,
    UseStaleCopy,
    InvalidateLease,
    DetachLease,
    BreakResource,
    Advance,
    Pause,
    Resume,
    Resize,
    InvalidatePool,
    InvalidateOver,
    ReplaceFactory,
    WarmUp,
    CompleteCreation,
    FailCreation,
    PassStage,
    RefuseStage,
    FailStage,
    Drain,
    DisposePool,
}

/// <summary>
/// One operation. <paramref name="Pick"/> says which of those that are there (callers, leases, creations), counted round, so that
/// every part of a sequence is a sequence too; <paramref name="Amount"/> is seconds, a size, or a priority.
/// </summary>
internal readonly record struct PoolOperation(OperationKind Kind, int Pick = 0, int Amount = 0)
{
    internal int MaxSize => 1 + (Amount % 4);

    internal int MinSize => Pick % (Math.Min(MaxSize, 2) + 1);

    internal int Seconds => 1 + (Amount % 6);

    internal AcquirePriority Priority => (Amount % 5) switch
    {
        3 => AcquirePriority.Low,
        4 => AcquirePriority.High,
        _ => AcquirePriority.Normal,
    };

    public override string ToString() => Kind switch
    {
        OperationKind.Advance or OperationKind.InvalidateOver => $"{Kind}({Seconds} s)",
        OperationKind.Resize => $"Resize({MinSize}, {MaxSize})",
        OperationKind.Acquire or OperationKind.AcquireWithin or OperationKind.AcquireByDefault or OperationKind.AcquireNow =>
            $"{Kind}({Priority})",
        OperationKind.DisposeLease => $"{Kind}({Pick}){(IsAwaited ? ", awaited" : string.Empty)}",
        OperationKind.Cancel or OperationKind.DisposeTwice or OperationKind.UseStaleCopy
            or OperationKind.InvalidateLease or OperationKind.DetachLease or OperationKind.BreakResource
            or OperationKind.CompleteCreation or OperationKind.FailCreation or OperationKind.PassStage
            or OperationKind.RefuseStage or OperationKind.FailStage => $"{Kind}({Pick})",
        _ => Kind.ToString(),
    };

    /// <summary>Whether a lease is given back by DisposeAsync.</summary>
    internal bool IsAwaited => Amount % 2 == 1;
}

/// <summary>What the pool does with leases that are out for long.</summary>
internal enum LeakMode
{
    Off,
    Reported,
    Reclaimed,
}

/// <summary>The options of the pool under test.</summary>
internal sealed record PoolSetup(int MinSize, int MaxSize)
{
    // The fractions keep deadlines, ends of stages and ticks of the sweeper apart: what falls due at one moment has no order.
    internal const long AcquireTimeout = 3_500;
    internal const long GivenTimeout = 1_500;
    internal const long CreateTimeout = 5_010;
    internal const long ValidateTimeout = 2_113;
    internal const long ResetTimeout = 2_331;
    internal const long IdleTimeout = 6_000;
    internal const long MaxLifetime = 7_000;
    internal const long KeepAliveInterval = 4_000;
    internal const long ValidateAfterIdle = 4_000;
    internal const long LeakThreshold = 5_000;
    internal const long Tick = 1_000;

    internal static PoolSetup Simplest { get; } = new(0, 1);

    internal int MaxConcurrentCreates { get; init; } = 4;

    /// <summary>Of every second factory; the others have those that these lack.</summary>
    internal FactoryHooks Hooks { get; init; }

    /// <summary>Whether validations and resets end when they are told to; else at once.</summary>
    internal bool IsGated { get; init; }

    internal ValidationMode Validation { get; init; }

    internal bool ValidatesLate { get; init; }

    internal IdleOrder Order { get; init; }

    internal bool EvictsIdle { get; init; }

    internal bool HasLifetime { get; init; }

    internal LeakMode Leaks { get; init; }

    internal int? MaxUses { get; init; }

    internal int? MaxWaiters { get; init; }

    internal bool IsPatient { get; init; }

    public override string ToString() =>
        $"Sizes {MinSize} to {MaxSize}, creates {MaxConcurrentCreates}, hooks {Hooks}, gated {IsGated}, validation {Validation}, "
        + $"late {ValidatesLate}, {Order}, evicts idle {EvictsIdle}, lifetime {HasLifetime}, leaks {Leaks}, uses {MaxUses}, "
        + $"waiters {MaxWaiters}, patient {IsPatient}";

    internal FactoryHooks HooksOf(int factory) => factory % 2 == 0 ? Hooks : Hooks ^ FactoryHooks.All;

    internal bool Validates(ValidationMode mode) => (Validation & mode) != ValidationMode.None;

    internal ResourcePoolOptions ToOptions() => new()
    {
        Name = "model",
        MinSize = MinSize,
        MaxSize = MaxSize,
        MaxConcurrentCreates = MaxConcurrentCreates,
        Recovery = null,
        MaxUses = MaxUses,
        MaxWaiters = MaxWaiters,
        AcquireTimeout = TimeSpan.FromMilliseconds(AcquireTimeout),
        CreateTimeout = TimeSpan.FromMilliseconds(CreateTimeout),
        ValidateTimeout = TimeSpan.FromMilliseconds(ValidateTimeout),
        ResetTimeout = TimeSpan.FromMilliseconds(ResetTimeout),
        DestroyTimeout = null,
        IdleTimeout = EvictsIdle ? TimeSpan.FromMilliseconds(IdleTimeout) : null,
        MaxLifetime = HasLifetime ? TimeSpan.FromMilliseconds(MaxLifetime) : null,
        LifetimeJitter = 0,
        Validation = Validation,
        ValidateAfterIdle = ValidatesLate ? TimeSpan.FromMilliseconds(ValidateAfterIdle) : TimeSpan.Zero,
        KeepAliveInterval = TimeSpan.FromMilliseconds(KeepAliveInterval),
        IdleOrder = Order,
        LeakThreshold = Leaks == LeakMode.Off ? null : TimeSpan.FromMilliseconds(LeakThreshold),
        ReclaimLeaked = Leaks == LeakMode.Reclaimed,
        PatientWarmUp = IsPatient,
    };
}
