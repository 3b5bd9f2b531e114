namespace Pepper.Resources.Caching;

/// <summary>A resource that has left a cache and that nobody holds any more.</summary>
/// <typeparam name="TKey">The type of the cache's keys.</typeparam>
/// <typeparam name="T">The type of its resources.</typeparam>
/// <param name="Key">Its key.</param>
/// <param name="Resource">The resource.</param>
/// <param name="Reason">Why it left.</param>
public readonly record struct CacheRemoval<TKey, T>(TKey Key, T Resource, CacheRemovalReason Reason)
    where TKey : notnull
    where T : class;
