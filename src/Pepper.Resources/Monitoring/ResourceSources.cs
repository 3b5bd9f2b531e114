namespace Pepper.Resources.Monitoring;

/// <summary>Everything whose state the monitor can read. Sources are held weakly: being watched keeps nothing alive.</summary>
internal sealed class ResourceSources
{
    private readonly Lock _lock = new();
    private readonly List<WeakReference<IResourceSource>> _sources = [];

    internal int Count => Live().Count;

    internal void Add(IResourceSource source)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _sources.RemoveAll(static reference => !reference.TryGetTarget(out _));
            _sources.Add(new WeakReference<IResourceSource>(source));
        }
    }

    internal void Remove(IResourceSource source)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _sources.RemoveAll(reference => !reference.TryGetTarget(out var held) || ReferenceEquals(held, source));
        }
    }

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

    private List<IResourceSource> Live()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            var live = new List<IResourceSource>(_sources.Count);
            foreach (var reference in _sources)
            {
                if (reference.TryGetTarget(out var source))
                {
                    live.Add(source);
                }
            }

            return live;
        }
    }

    [System.Diagnostics.Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock() =>
        System.Diagnostics.Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
}
