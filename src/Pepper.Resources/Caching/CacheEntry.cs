namespace Pepper.Resources.Caching;

/// <summary>A resource with its key. It is its own link in the cache's table and in the policy's queue.</summary>
internal class CacheEntry<TKey>(TKey key, object resource, int hash, long weight) : CacheItem(resource, hash, weight)
    where TKey : notnull
{
    internal readonly TKey Key = key;

    /// <summary>The next of the same bucket.</summary>
    internal CacheEntry<TKey>? Chain;

    internal override string Describe(string cache) => $"the resource of key '{Key}' in cache '{cache}'";
}

/// <summary>A resource that expires. Times are those of <see cref="CacheClock"/>.</summary>
internal sealed class TimedCacheEntry<TKey>(TKey key, object resource, int hash, long weight)
    : CacheEntry<TKey>(key, resource, hash, weight)
    where TKey : notnull
{
    /// <summary>From when on it is not fresh; after that it may be served only for want of another.</summary>
    internal long ExpiresAt = long.MaxValue;

    /// <summary>
    /// From when on a get begins a refresh. No later than <see cref="ExpiresAt"/>, but for the time after a failed load: until
    /// then what has expired is served without another attempt.
    /// </summary>
    internal long RefreshAt = long.MaxValue;

    /// <summary>
    /// When it was last asked for or given back; in a cache without an idle timeout, when it came in.
    /// </summary>
    internal long UsedAt;

    /// <summary>When it was loaded, or put, the last time.</summary>
    internal long WrittenAt;
}
