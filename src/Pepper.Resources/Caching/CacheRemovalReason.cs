namespace Pepper.Resources.Caching;

/// <summary>Why a resource left a cache. It is the <c>reason</c> label of the metrics, in snake case.</summary>
public enum CacheRemovalReason
{
    /// <summary>There was not room for all.</summary>
    Evicted,

    /// <summary>Its time was over.</summary>
    Expired,

    /// <summary>Somebody removed it.</summary>
    Removed,

    /// <summary>The cache was cleared.</summary>
    Cleared,

    /// <summary>Another took its place: it was put, or a refresh brought it.</summary>
    Replaced,

    /// <summary>A holder called <see cref="Lease{T}.Invalidate"/>.</summary>
    Invalidated,

    /// <summary>
    /// It never came in: the admission policy refused it, it was heavier than the whole cache, its weigher failed, or there was
    /// no room for it.
    /// </summary>
    Rejected,

    /// <summary>It never came in: nobody waited for its load any more, or its key was removed meanwhile.</summary>
    TooLate,

    /// <summary>The cache is disposed.</summary>
    CacheClosed,
}

internal static class CacheRemovalReasons
{
    private static readonly string[] Labels =
    [
        "evicted", "expired", "removed", "cleared", "replaced", "invalidated", "rejected", "too_late", "cache_closed",
    ];

    internal static int Count => Labels.Length;

    internal static string ToLabel(this CacheRemovalReason reason) => Labels[(int)reason];
}
