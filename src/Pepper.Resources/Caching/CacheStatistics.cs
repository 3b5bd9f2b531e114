using Pepper.Resources.Recovery;

namespace Pepper.Resources.Caching;

/// <summary>The state of a cache at one moment, and what happened since it was made. Immutable.</summary>
public sealed record CacheStatistics
{
    /// <summary>The name of the cache.</summary>
    public required string Name { get; init; }

    /// <summary>The eviction policy, by name.</summary>
    public required string Eviction { get; init; }

    /// <summary>How many entries there are.</summary>
    public required long Count { get; init; }

    /// <summary>How many there may be; <c>null</c>: any number.</summary>
    public required long? Capacity { get; init; }

    /// <summary>What the entries weigh together; without a weigher, one each.</summary>
    public required long Weight { get; init; }

    /// <summary>What they may weigh together; <c>null</c>: any weight.</summary>
    public required long? MaxWeight { get; init; }

    /// <summary>Gets that found a resource.</summary>
    public required long Hits { get; init; }

    /// <summary>Gets that found none, those included that waited for the load of another caller.</summary>
    public required long Misses { get; init; }

    /// <summary>Hits in proportion to all gets, from 0 to 1; 0 when there were none.</summary>
    public double HitRate => Hits + Misses == 0 ? 0 : (double)Hits / (Hits + Misses);

    /// <summary>Loads that brought a resource, refreshes included.</summary>
    public required long Loads { get; init; }

    /// <summary>Loads that failed, took too long or were cancelled.</summary>
    public required long LoadFailures { get; init; }

    /// <summary>Loads that are under way.</summary>
    public required int Loading { get; init; }

    /// <summary>The time of all loads that brought a resource, together.</summary>
    public required TimeSpan LoadTime { get; init; }

    /// <summary>
    /// Gets that were given an expired resource, because its load failed (fail-safe), or a pool that the cache stands in for.
    /// </summary>
    public required long StaleServed { get; init; }

    /// <summary>The circuit that loads go through; <c>null</c> without one.</summary>
    public CircuitStatistics? Circuit { get; init; }

    /// <summary>Leases that are out.</summary>
    public required int Leases { get; init; }

    /// <summary>Resources that are leased, those included that have left the cache.</summary>
    public required int Leased { get; init; }

    /// <summary>Resources that have left the cache and are still leased.</summary>
    public required int Detached { get; init; }

    /// <summary>Resources whose destruction is due or under way.</summary>
    public required int Destroying { get; init; }

    /// <summary>Callers that wait for room.</summary>
    public required int Waiting { get; init; }

    /// <summary>How many resources left, by reason.</summary>
    public required IReadOnlyDictionary<CacheRemovalReason, long> Removals { get; init; }

    /// <summary>How many left for lack of room.</summary>
    public long Evictions => Removals.GetValueOrDefault(CacheRemovalReason.Evicted);

    /// <summary>How many left because their time was over.</summary>
    public long Expirations => Removals.GetValueOrDefault(CacheRemovalReason.Expired);

    /// <summary>How many never came in: refused by the admission policy, too heavy, or without room.</summary>
    public long Rejections => Removals.GetValueOrDefault(CacheRemovalReason.Rejected);

    /// <summary>Destructions that threw or were given up at their time limit.</summary>
    public required long DestroyFailures { get; init; }

    /// <summary>Of those, the ones that were given up: they may still be running.</summary>
    public required long DestroysAbandoned { get; init; }
}
