using Pepper.Resources.Caching;

namespace Pepper.Resources;

/// <summary>What serves when a pool cannot.</summary>
internal abstract class FallbackStep(string name)
{
    /// <summary>The name of the pool or the cache.</summary>
    internal string Name { get; } = name;

    /// <summary>What is to be said against it.</summary>
    internal abstract IEnumerable<string> Faults(PoolPart primary, IReadOnlyList<CoordinatedPart> parts);

    /// <summary>Whether it asks nothing that the other has not asked already.</summary>
    internal abstract bool IsSameAs(FallbackStep other);

    protected string CannotStandIn(PoolPart primary, string why) =>
        $"'{Name}' cannot be a fallback of pool '{primary.Name}': {why}";
}

/// <summary>Another pool.</summary>
internal sealed class PoolFallback(string name) : FallbackStep(name)
{
    internal override IEnumerable<string> Faults(PoolPart primary, IReadOnlyList<CoordinatedPart> parts)
    {
        if (Name == primary.Name)
        {
            yield return CannotStandIn(primary, "it has been asked before.");
        }
        else if (parts.OfType<PoolPart>().FirstOrDefault(part => part.Name == Name) is not { } other)
        {
            yield return CannotStandIn(primary, "it is no pool.");
        }
        else if (other.Lent != primary.Lent)
        {
            yield return CannotStandIn(primary, $"it lends {other.Lent}, not {primary.Lent}.");
        }
    }

    internal override bool IsSameAs(FallbackStep other) => other is PoolFallback && other.Name == Name;
}

/// <summary>A cache of whatever keys.</summary>
internal abstract class CacheFallback<T>(string name) : FallbackStep(name)
    where T : class
{
    /// <summary>Lends what the cache has, without waiting and without loading.</summary>
    internal abstract Lease<T> Lend(ResourceCoordinator coordinator, string pool);
}

/// <summary>What a cache has under one key, if it is not too old.</summary>
internal sealed class CacheFallback<TKey, T>(string name, TKey key, TimeSpan maxAge) : CacheFallback<T>(name)
    where TKey : notnull
    where T : class
{
    private readonly TKey _key = key;

    // The message has no key, as it is logged.
    internal override Lease<T> Lend(ResourceCoordinator coordinator, string pool) =>
        coordinator.GetCache<TKey, T>(Name).TryGetStandIn(_key, maxAge, out var lease)
            ? lease
            : throw new ResourceNotFoundException(
                $"Cache '{Name}' has nothing in the place of a resource of pool '{pool}': under the key that "
                + $"AddCacheFallback was given it keeps nothing that was written within maxAge ({maxAge}).",
                Name);

    internal override IEnumerable<string> Faults(PoolPart primary, IReadOnlyList<CoordinatedPart> parts)
    {
        if (maxAge <= TimeSpan.Zero)
        {
            yield return CannotStandIn(
                primary, $"maxAge is {maxAge}, but must be greater than zero (TimeSpan.MaxValue for any age).");
        }

        if (typeof(T) != primary.Lent)
        {
            yield return CannotStandIn(primary, $"AddCacheFallback was told that it lends {typeof(T)}, not {primary.Lent}.");
        }

        if (parts.OfType<CachePart>().FirstOrDefault(part => part.Name == Name) is not { } cache)
        {
            yield return CannotStandIn(primary, "it is no cache.");
        }
        else if (cache.Key != typeof(TKey) || cache.Lent != typeof(T))
        {
            yield return CannotStandIn(primary, $"it lends {cache.Lent} by {cache.Key}, not {typeof(T)} by {typeof(TKey)}.");
        }
    }

    internal override bool IsSameAs(FallbackStep other) =>
        other is CacheFallback<TKey, T> same && same.Name == Name && EqualityComparer<TKey>.Default.Equals(same._key, _key);
}
