namespace Pepper.Resources.Caching;

/// <summary>A cache of whatever keys and resources, as operators see it.</summary>
public interface IResourceCache : IAsyncDisposable
{
    /// <summary>The name of the cache.</summary>
    string Name { get; }

    /// <summary>Its state and totals at this moment.</summary>
    CacheStatistics Statistics { get; }

    /// <summary>Removes everything. What is leased is destroyed after its last lease.</summary>
    void Clear();
}
