namespace Pepper.Resources.Pooling;

/// <summary>Why a caller got no resource in its time.</summary>
public enum ExhaustionReason
{
    /// <summary>All resources were lent, and none came back.</summary>
    AllInUse,

    /// <summary>The pool was paused.</summary>
    Paused,

    /// <summary>As many callers waited as may wait.</summary>
    QueueFull,

    /// <summary>
    /// Places were free, but no resource was ready: they were being made, validated, reset or destroyed, or creating them
    /// failed.
    /// </summary>
    NotReady,

    /// <summary>
    /// Every resource was lent to a flow that waits for this very pool, so that none would ever have come back: see
    /// <see cref="ResourcePoolOptions.FailOnDeadlock"/>.
    /// </summary>
    Deadlock,

    /// <summary>
    /// The pool was overloaded, and the caller had waited for more than twice <see cref="SheddingOptions.Target"/>.
    /// </summary>
    Shed,

    /// <summary>
    /// In a keyed pool: as many resources as there may be over all keys were live, and none of them could make room.
    /// </summary>
    TotalReached,

    /// <summary>In a keyed pool: as many keys as there may be were in use, and the caller's was none of them.</summary>
    KeysInUse,
}
