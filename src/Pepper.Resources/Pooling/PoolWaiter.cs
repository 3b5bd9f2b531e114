namespace Pepper.Resources.Pooling;

/// <summary>How an acquire ended; its label is the outcome's name in lower case.</summary>
internal enum AcquireOutcome : byte
{
    Ok,
    Timeout,
    Canceled,
    Failed,
    Rejected,
    Shed,
    CircuitOpen,
}

/// <summary>What a caller asks for.</summary>
internal readonly record struct AcquireRequest(
    TimeSpan Timeout, string? Member, string? File, int Line, AcquirePriority Priority = AcquirePriority.Normal);

/// <summary>
/// A caller in the queue. It is live exactly as long as it is in the queue: whoever takes it out, under the pool's lock, ends it,
/// outside of it. So a delivery, a deadline and a cancellation that race have one winner.
/// </summary>
/// <remarks>Thousands may wait, so it is kept small: what few callers need is in <see cref="Extras"/>.</remarks>
internal abstract class PoolWaiter
{
    // Links of the queue while it waits, of the spare ones while it does not.
    internal PoolWaiter? QueueNext;
    internal PoolWaiter? QueuePrevious;

    /// <summary>The pool it waits for; null while it is spare.</summary>
    internal PoolCore? Core;

    /// <summary>
    /// While it waits: when it is due, in milliseconds of the pool's clock; when it began to wait, if it is never due. Once it
    /// has been served: the token of its loan.
    /// </summary>
    internal long DueAt;

    internal string? Member;
    internal string? File;
    internal PoolWaiterExtras? Extras;
    internal int Line;

    /// <summary>Its number in the order of arrival, which may wrap around.</summary>
    internal uint Sequence;

    internal bool IsQueued;
    internal AcquireOutcome Outcome;

    // Here, and as small as they are, so that they fill what would be padding: a waiter has 128 bytes.
    protected short Version;
    protected short Untaken;
    private sbyte _priority;

    internal AcquirePriority Priority
    {
        get => (AcquirePriority)_priority;
        set => _priority = (sbyte)value;
    }

    /// <summary>Whether the caller blocks a thread, so that creations for it should not need one of the thread pool.</summary>
    internal virtual bool IsBlocking => false;

    /// <summary>Hands the resource over. The caller's continuation does not run on this thread.</summary>
    internal abstract void Deliver(PoolEntry entry, long token);

    /// <summary>Tells the caller why it gets none.</summary>
    internal abstract void Fail(Exception exception);
}
