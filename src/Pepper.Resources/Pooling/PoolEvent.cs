namespace Pepper.Resources.Pooling;

/// <summary>
/// Something that happened to a pool, and that somebody may want to know: never a plain acquire or return. Handed to the
/// handlers of <see cref="IResourcePool.Subscribe"/>. Immutable, so safe from any thread.
/// </summary>
public sealed record PoolEvent
{
    /// <summary>What happened.</summary>
    public required PoolEventKind Kind { get; init; }

    /// <summary>The pool's name.</summary>
    public required string Pool { get; init; }

    /// <summary>
    /// Its number in the order of the pool's events, from 1. It counts only while somebody is subscribed; the same event has the
    /// same number for every subscriber.
    /// </summary>
    public required long Sequence { get; init; }

    /// <summary>When it happened, on the wall clock, for people: the order is that of <see cref="Sequence"/>.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What happened, as one line of text.</summary>
    public required string Message { get; init; }

    /// <summary>Why a resource was destroyed; <c>null</c> for other kinds.</summary>
    public DestroyReason? Reason { get; init; }

    /// <summary>
    /// The failure of the factory, the cause that a holder gave, or what a caller was told; <c>null</c> when there is none. It
    /// may be the very object that the caller has caught: read it, and do not throw it.
    /// </summary>
    public Exception? Exception { get; init; }

    /// <summary>The lease that the event is about; <c>null</c> when it is about none.</summary>
    public LeaseInfo? Lease { get; init; }

    /// <summary>
    /// How many events right before this one the subscriber did not get, as its queue was full: 0 or more. Their numbers are
    /// those before <see cref="Sequence"/>.
    /// </summary>
    public long Missed { get; init; }

    /// <summary>As one line for people.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Time:O} pool '{Pool}' {Kind}: {Message}";
}
