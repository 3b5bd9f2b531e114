namespace Pepper.Resources.Monitoring;

/// <summary>
/// What the monitor reads state through. Gauges ask for the truth when they are observed; nothing is counted up and down.
/// </summary>
internal interface IResourceSource
{
    /// <summary>
    /// How many resources there are and are in use, by type. Called on a listener's thread; must not block for long.
    /// </summary>
    IReadOnlyList<ResourceCount> CountResources();

    /// <summary>The state of the pool, or <c>null</c> for what is not a pool.</summary>
    PoolReading? ReadPool();

    /// <summary>The state of the cache, or <c>null</c> for what is not a cache.</summary>
    CacheReading? ReadCache() => null;
}

/// <summary>One row of the two resource gauges.</summary>
internal readonly record struct ResourceCount(string Type, string Pool, long Total, long InUse);
