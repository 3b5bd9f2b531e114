using Pepper.Resources.Caching;

namespace Pepper.Resources;

/// <content>The caches.</content>
public sealed partial class ResourceCoordinator
{
    /// <summary>The name of the cache that <see cref="TryGetCached"/> looks into.</summary>
    public const string DefaultCache = "default";

    /// <summary>The caches by name; none after <see cref="CleanupAsync"/>.</summary>
    public IReadOnlyDictionary<string, IResourceCache> Caches => _caches;

    /// <summary>The cache of that name.</summary>
    /// <typeparam name="TKey">The type of its keys.</typeparam>
    /// <typeparam name="T">The type of its resources.</typeparam>
    /// <param name="name">Its name.</param>
    /// <returns>The cache: the same object as long as the coordinator lives.</returns>
    /// <exception cref="ResourceNotFoundException">There is no such cache; the message names those that there are.</exception>
    /// <exception cref="InvalidCastException">The cache's keys or resources are of another type.</exception>
    public ResourceCache<TKey, T> GetCache<TKey, T>(string name)
        where TKey : notnull
        where T : class
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!_caches.TryGetValue(name, out var cache))
        {
            var names = _caches.IsEmpty
                ? "there are none"
                : $"there are: {string.Join(", ", _caches.Keys.Order(StringComparer.Ordinal))}";
            throw new ResourceNotFoundException($"There is no cache '{name}'; {names}.", name);
        }

        return cache as ResourceCache<TKey, T>
            ?? throw new InvalidCastException(
                $"Cache '{name}' is a {cache.GetType()}, which does not lend {typeof(T)} by {typeof(TKey)}.");
    }

    /// <summary>
    /// Lends what the cache named <see cref="DefaultCache"/> has under a key. Waits for nothing and loads nothing.
    /// </summary>
    /// <typeparam name="T">The type of its resources.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="lease">A shared lease, to be disposed; <c>default</c> when there is nothing.</param>
    /// <returns>Whether there was something; also false when there is no such cache, or no longer.</returns>
    /// <exception cref="ArgumentNullException">The key is null.</exception>
    /// <exception cref="InvalidCastException">The cache's keys are no strings, or its resources are of another type.</exception>
    public bool TryGetCached<T>(string key, out Lease<T> lease)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(key);
        lease = default;
        return _caches.ContainsKey(DefaultCache) && GetCache<string, T>(DefaultCache).TryGet(key, out lease);
    }
}
