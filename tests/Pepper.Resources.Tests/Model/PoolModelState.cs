using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <summary>What has become of a resource.</summary>
internal enum Phase
{
    Creating,
    NotCreated,
    Idle,

    /// <summary>Idle, and being validated in the background.</summary>
    KeptAlive,

    /// <summary>Being validated before it is lent.</summary>
    Validating,
    Lent,
    Resetting,

    /// <summary>Being validated after its reset.</summary>
    Rechecking,
    Destroyed,
    Detached,
}

/// <summary>How it stands with a caller, or with a task that an operator waits for.</summary>
internal enum Outcome
{
    Waiting,
    Lent,

    /// <summary>What an operator waited for has come.</summary>
    Ended,

    /// <summary>TryAcquire found none.</summary>
    None,
    Canceled,
    Exhausted,

    /// <summary>The deadline passed, or the creation's limit, while the resource was being made.</summary>
    TimedOut,

    /// <summary>
    /// Which of the callers whose deadlines pass together are covered by the creations under way is not specified.
    /// </summary>
    ExhaustedOrTimedOut,
    CreateFailed,
    Closed,
    Disposed,

    /// <summary>
    /// Whether a warm-up hears of the end of the pool first, or of the creations that it cancels, is not specified.
    /// </summary>
    ClosedSomehow,

    /// <summary>Any.</summary>
    Unspecified,
}

/// <summary>A resource as the model sees it; times in milliseconds.</summary>
/// <param name="Id">The number of its creation.</param>
/// <param name="Phase">What has become of it.</param>
/// <param name="Generation">The pool's generation when it was ordered.</param>
/// <param name="Factory">The number of the factory that makes and destroys it.</param>
/// <param name="Renewal">How often the pool had been invalidated over a time when it was ordered.</param>
/// <param name="QueuedBefore">Callers of smaller numbers came before it was ordered.</param>
/// <param name="Since">When the creation, or another stage, began; when it was lent.</param>
internal sealed record ModelResource(
    int Id, Phase Phase, int Generation, int Factory, int Renewal, int QueuedBefore, long Since)
{
    /// <summary>How often it was lent.</summary>
    internal int Uses { get; init; }

    /// <summary>The caller that has it, when it is lent.</summary>
    internal int Holder { get; init; } = -1;

    /// <summary>Why it was destroyed, or will be at its return.</summary>
    internal DestroyReason? Reason { get; init; }

    internal long ExpiresAt { get; init; } = long.MaxValue;

    internal DestroyReason ExpiryReason { get; init; }

    /// <summary>When the pool first looked at it as it is idle now; it looks at each tick, and when it reports.</summary>
    internal long? SeenIdleAt { get; init; }

    /// <summary>When it was made, or last validated while idle.</summary>
    internal long CheckedAt { get; init; }

    /// <summary>Its number among those that became idle.</summary>
    internal int IdleNumber { get; init; }

    /// <summary>Whether it fails what ends at once.</summary>
    internal bool IsBroken { get; init; }

    /// <summary>Whether its holder awaits its return.</summary>
    internal bool IsAwaited { get; init; }

    /// <summary>Whether its loan was reported as leaked.</summary>
    internal bool IsSuspect { get; init; }

    internal bool IsDoomed => Phase == Phase.Lent && Reason is not null;

    internal bool IsLive => Phase is not (Phase.NotCreated or Phase.Destroyed or Phase.Detached);

    public override string ToString() =>
        $"{Id}: {Phase} by {Factory} in {Generation}/{Renewal} before {QueuedBefore}, since {Since}, uses {Uses}, "
        + $"holder {Holder}, {Reason}, due {ExpiresAt} {ExpiryReason}, seen {SeenIdleAt}, checked {CheckedAt}, "
        + $"idle {IdleNumber}, broken {IsBroken}, awaited {IsAwaited}, suspect {IsSuspect}";
}

/// <summary>A caller as the model sees it.</summary>
/// <param name="Id">Its number, in order of arrival.</param>
/// <param name="Outcome">How it stands with it.</param>
/// <param name="Priority">Whom it passes.</param>
/// <param name="DueAt">Its deadline.</param>
/// <param name="Resource">What it was lent.</param>
internal sealed record ModelCaller(
    int Id, Outcome Outcome, AcquirePriority Priority = AcquirePriority.Normal, long DueAt = long.MaxValue, int Resource = -1);

/// <summary>What an operator waits for.</summary>
/// <param name="Kind">Which operation it was.</param>
/// <param name="Outcome">How it stands with it.</param>
/// <param name="From">The generation that a replacement began; the failures that there were before a warm-up.</param>
internal sealed record ModelTask(OperationKind Kind, Outcome Outcome, long From);
