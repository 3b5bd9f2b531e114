namespace Pepper.Resources.Pooling;

/// <summary>
/// Who is served first, of those that wait. A caller of a higher priority passes all of lower ones, however long they have
/// waited; of one priority, first come is first served. A caller that need not wait is lent what is idle whatever its priority:
/// then nobody waits.
/// </summary>
public enum AcquirePriority
{
    /// <summary>Served when nobody else waits: work that may be late, and has a timeout that fits.</summary>
    Low = -1,

    /// <summary>As all callers who do not say otherwise.</summary>
    Normal = 0,

    /// <summary>Served before all others: a health check, or a user who looks at the screen. Rare, or it means nothing.</summary>
    High = 1,
}
