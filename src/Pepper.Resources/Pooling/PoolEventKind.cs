namespace Pepper.Resources.Pooling;

/// <summary>
/// What happened to a pool: the kind of a <see cref="PoolEvent"/>. New kinds may be added: ignore what you do not know.
/// </summary>
public enum PoolEventKind
{
    /// <summary>A resource was made.</summary>
    Created,

    /// <summary>Making a resource failed, or took too long.</summary>
    CreateFailed,

    /// <summary>A resource was destroyed, or given up; <see cref="PoolEvent.Reason"/> says why it had to go.</summary>
    Destroyed,

    /// <summary>A holder called <see cref="Lease{T}.Invalidate"/>.</summary>
    Invalidated,

    /// <summary>A resource did not pass its validation.</summary>
    ValidationFailed,

    /// <summary>The reset of a resource failed, or said that it cannot be reused.</summary>
    ResetFailed,

    /// <summary>A stage of the factory did not end within its time, and is no longer waited for.</summary>
    StageAbandoned,

    /// <summary>A lease is out for longer than the leak threshold.</summary>
    LeakSuspected,

    /// <summary>A lease that had been taken for leaked was given back.</summary>
    LeakReturned,

    /// <summary>A lease was taken for leaked and ended, and its resource destroyed.</summary>
    LeakReclaimed,

    /// <summary>A caller's deadline passed.</summary>
    Exhausted,

    /// <summary>A caller was refused, as <see cref="ResourcePoolOptions.MaxWaiters"/> waited already.</summary>
    Rejected,

    /// <summary>A caller was rejected, as the pool was overloaded: see <see cref="SheddingOptions"/>.</summary>
    Shed,

    /// <summary>The pool became overloaded, and sheds load.</summary>
    OverloadBegun,

    /// <summary>The pool is no longer overloaded.</summary>
    OverloadEnded,

    /// <summary>The pool was paused.</summary>
    Paused,

    /// <summary>The pool lends again.</summary>
    Resumed,

    /// <summary>A size was changed.</summary>
    Resized,

    /// <summary>All resources were invalidated, and a new generation began.</summary>
    GenerationBegun,

    /// <summary>All resources were invalidated, to go one after the other over a time.</summary>
    RenewalBegun,

    /// <summary>The factory was replaced, which began a new generation too.</summary>
    FactoryReplaced,

    /// <summary>The pool takes no new callers.</summary>
    Draining,

    /// <summary>The pool is drained: nobody waits, and nothing is left.</summary>
    Drained,

    /// <summary>The pool is disposed: the last event of all.</summary>
    Disposed,

    /// <summary>Creations failed too often and rest: see <see cref="ResourcePoolOptions.Recovery"/>.</summary>
    CircuitOpened,

    /// <summary>The rest is over: the pool makes one resource, to see whether creations work again.</summary>
    CircuitHalfOpened,

    /// <summary>Creations work again, or somebody has closed the circuit.</summary>
    CircuitClosed,

    /// <summary>Somebody has isolated the circuit: nothing is created.</summary>
    CircuitIsolated,

    /// <summary>A resource turned out to be broken: each of the others is validated before it is lent again.</summary>
    Suspected,

    /// <summary>
    /// There were more recoveries than <see cref="Recovery.FactoryRecoveryOptions.MaxRecoveries"/> within their period.
    /// </summary>
    Unhealthy,
}
