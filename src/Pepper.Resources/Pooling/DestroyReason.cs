namespace Pepper.Resources.Pooling;

/// <summary>Why a pool destroys a resource. It is the <c>reason</c> label of the metrics, in snake case.</summary>
public enum DestroyReason
{
    /// <summary>It was idle for longer than the idle timeout.</summary>
    IdleTimeout,

    /// <summary>It was older than the maximum lifetime.</summary>
    MaxLifetime,

    /// <summary>It had been lent as often as is allowed.</summary>
    MaxUses,

    /// <summary>Its holder called <see cref="Lease{T}.Invalidate"/>.</summary>
    Invalidated,

    /// <summary>It did not pass validation.</summary>
    ValidationFailed,

    /// <summary>Its reset failed, or said that it cannot be reused.</summary>
    ResetFailed,

    /// <summary>All resources of the pool were invalidated, or the factory was replaced.</summary>
    PoolInvalidated,

    /// <summary>The pool was made smaller.</summary>
    Resized,

    /// <summary>Its lease was taken for leaked, and reclaimed.</summary>
    Leaked,

    /// <summary>The pool is drained or disposed.</summary>
    PoolClosed,

    /// <summary>Its creation ended after the pool had given it up.</summary>
    TooLate,

    /// <summary>In a keyed pool: it was idle, or had just come back, and made room for a resource of another key.</summary>
    Evicted,
}
