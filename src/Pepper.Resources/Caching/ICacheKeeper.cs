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

    /// <summary>
    /// The last loan ended, as far as can be told without the lock, of what has left the cache, or while somebody wants to know
    /// of what is free.
    /// </summary>
    void OnReleased(CacheItem item);

    /// <summary>A holder found the resource broken.</summary>
    void OnInvalidated(CacheItem item, Exception? cause);
}
