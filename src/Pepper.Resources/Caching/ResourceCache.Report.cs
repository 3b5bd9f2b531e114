using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Caching;

/// <content>What the cache says of itself.</content>
public sealed partial class ResourceCache<TKey, T>
{
    /// <inheritdoc/>
    public CacheStatistics Statistics
    {
        get
        {
            var lent = _loans.ListLent();
            var circuit = _recovery?.Circuit.Statistics;
            var (hits, misses) = (_loans.ReadHits(), _misses.Read());
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                return new CacheStatistics
                {
                    Name = Name,
                    Eviction = _policy.Name,
                    Count = _table.Count,
                    Capacity = _options.Capacity,
                    Weight = _policy.Weight,
                    MaxWeight = _options.MaxWeight,
                    Hits = hits,
                    Misses = misses,
                    Loads = Interlocked.Read(ref _loaded),
                    LoadFailures = _loadFailures,
                    Loading = _running,
                    LoadTime = TimeSpan.FromTicks(Interlocked.Read(ref _loadTicks)),
                    StaleServed = Interlocked.Read(ref _staleServed),
                    Circuit = circuit,
                    Leases = lent.Count,
                    Leased = lent.Distinct().Count(),
                    Detached = _detached,
                    Destroying = _destroying,
                    Waiting = _rooms.Count,
                    Removals = Enum.GetValues<CacheRemovalReason>().ToDictionary(
                        static reason => reason, reason => _removals[(int)reason]),
                    DestroyFailures = _destroyFailures,
                    DestroysAbandoned = _destroysAbandoned,
                };
            }
        }
    }

    /// <summary>What the monitor reads. It is a type of its own, as the cache's interfaces are public.</summary>
    private sealed class Source(ResourceCache<TKey, T> cache) : IResourceSource
    {
        public IReadOnlyList<ResourceCount> CountResources()
        {
            var now = cache.Statistics;
            return [new ResourceCount(cache._type, now.Name, now.Count + now.Detached + now.Destroying, now.Leased)];
        }

        public PoolReading? ReadPool() => null;

        public CacheReading? ReadCache()
        {
            var now = cache.Statistics;
            return new CacheReading
            {
                Cache = now.Name,
                Entries = now.Count,
                Weight = now.Weight,
                Hits = now.Hits,
                Misses = now.Misses,
                LoadFailures = now.LoadFailures,
                Leased = now.Leased,
                Detached = now.Detached,
                DestroyFailures = now.DestroyFailures,
                Removals = [.. now.Removals.Select(static row => KeyValuePair.Create(row.Key.ToLabel(), row.Value))],
            };
        }
    }
}
