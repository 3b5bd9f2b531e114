namespace Pepper.Resources.Monitoring;

/// <summary>Every keeper whose state the monitor can read.</summary>
internal sealed class ResourceSources : WeakSources<IResourceSource>
{
    /// <summary>
    /// The counts of all sources; rows with the same labels are one row, as a time series can have but one value.
    /// </summary>
    internal IEnumerable<ResourceCount> CountResources() =>
        Live().SelectMany(static source => source.CountResources())
            .GroupBy(static count => (count.Type, count.Pool))
            .Select(static rows => new ResourceCount(
                rows.Key.Type, rows.Key.Pool, rows.Sum(static row => row.Total), rows.Sum(static row => row.InUse)));

    /// <summary>The readings of all pools. Of pools with one name the first is read: a name is meant to be unique.</summary>
    internal List<PoolReading> ReadPools() =>
        [.. Live().Select(static source => source.ReadPool()).OfType<PoolReading>().DistinctBy(static pool => pool.Pool)];

    /// <summary>The readings of all caches; of caches with one name the first is read.</summary>
    internal List<CacheReading> ReadCaches() =>
        [.. Live().Select(static source => source.ReadCache()).OfType<CacheReading>().DistinctBy(static cache => cache.Cache)];
}
