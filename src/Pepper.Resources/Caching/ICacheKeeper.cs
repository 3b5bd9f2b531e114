namespace Pepper.Resources.Caching;

/// <summary>The cache, as its loans see it.</summary>
internal interface ICacheKeeper
{
    /// <summary>The cache's name.</summary>
    string Name { get; }

    /// <summary>Whether it is past its time to live.</summary>
    bool IsOutdated(CacheItem item);

    /// <summary>A loan is about to end. Told only where the time of the last use matters.</summary>
    void OnUsed(CacheItem item);

    /// <summary>A loan ended, and nobody holds the resource now.</summary>
    void OnIdle(CacheItem item);

    /// <summary>The last loan of what had left the cache ended.</summary>
    void OnDrained(CacheItem item);

    /// <summary>A holder found the resource broken.</summary>
    void OnInvalidated(CacheItem item, Exception? cause);
}
