namespace Pepper.Resources.Tests.Model;

/// <summary>What has become of a resource.</summary>
internal enum Phase
{
    Creating,
    NotCreated,
    Idle,
    Lent,
    Destroyed,
    Detached,
}

/// <summary>How it stands with a caller.</summary>
internal enum Outcome
{
    Waiting,
    Lent,

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
}

/// <summary>A resource as the model sees it; times in milliseconds.</summary>
/// <param name="Id">The number of its creation.</param>
/// <param name="Phase">What has become of it.</param>
/// <param name="Generation">The pool's generation when it was ordered.</param>
/// <param name="QueuedBefore">Callers of smaller numbers came before it was ordered.</param>
/// <param name="Since">When it was ordered, or became idle.</param>
/// <param name="BornAt">When it was made.</param>
/// <param name="Uses">How often it was lent.</param>
/// <param name="Holder">The caller that has it, when it is lent.</param>
/// <param name="IsDoomed">Lent, and destroyed at its return.</param>
internal sealed record ModelResource(
    int Id, Phase Phase, int Generation, int QueuedBefore, long Since, long BornAt = 0, int Uses = 0, int Holder = -1,
    bool IsDoomed = false);

/// <summary>A caller as the model sees it.</summary>
/// <param name="Id">Its number, in order of arrival.</param>
/// <param name="Outcome">How it stands with it.</param>
/// <param name="DueAt">Its deadline.</param>
/// <param name="Resource">What it was lent.</param>
internal sealed record ModelCaller(int Id, Outcome Outcome, long DueAt = long.MaxValue, int Resource = -1);
