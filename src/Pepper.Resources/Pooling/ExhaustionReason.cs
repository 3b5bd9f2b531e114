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
    /// The pool was overloaded, and the caller had waited for more than twice <see cref="SheddingOptions.Target"/>.
    /// </summary>
    Shed,
}
