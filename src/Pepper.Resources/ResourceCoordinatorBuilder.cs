using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Caching;
using Pepper.Resources.Pooling;

namespace Pepper.Resources;

/// <summary>
/// Says what a <see cref="ResourceCoordinator"/> holds, and what depends on what. Not safe from several threads; it can build
/// once.
/// </summary>
public sealed class ResourceCoordinatorBuilder
{
    private readonly List<CoordinatedPart> _parts = [];
    private readonly List<(string Pool, FallbackStep[] Steps)> _fallbacks = [];
    private readonly ResourceCoordinatorOptions _options = new();
    private TimeProvider _timeProvider = TimeProvider.System;
    private ResourceMonitor _monitor = ResourceMonitor.Shared;
    private ILoggerFactory _loggers = NullLoggerFactory.Instance;
    private bool _isBuilt;

    internal ResourceCoordinatorBuilder()
    {
    }

    /// <summary>Where everything takes the time from. Default: the system's. Call it before adding pools.</summary>
    /// <param name="timeProvider">The time provider.</param>
    /// <returns>The builder.</returns>
    public ResourceCoordinatorBuilder UseTimeProvider(TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        _timeProvider = timeProvider;
        return this;
    }

    /// <summary>Where everything is seen. Default: <see cref="ResourceMonitor.Shared"/>.</summary>
    /// <param name="monitor">The monitor.</param>
    /// <returns>The builder.</returns>
    public ResourceCoordinatorBuilder UseMonitor(ResourceMonitor monitor)
    {
        ArgumentNullException.ThrowIfNull(monitor);
        _monitor = monitor;
        return this;
    }

    /// <summary>Where everything logs. Default: nowhere.</summary>
    /// <param name="loggers">The factory of loggers.</param>
    /// <returns>The builder.</returns>
    public ResourceCoordinatorBuilder UseLoggers(ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        _loggers = loggers;
        return this;
    }

    /// <summary>Sets options of the coordinator itself.</summary>
    /// <param name="configure">Changes them.</param>
    /// <returns>The builder.</returns>
    public ResourceCoordinatorBuilder Configure(Action<ResourceCoordinatorOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        configure(_options);
        return this;
    }

    /// <summary>Adds a pool.</summary>
    /// <typeparam name="T">The type of its resources.</typeparam>
    /// <param name="name">Its name, unique among pools and resources; it overrides the name in the options.</param>
    /// <param name="factory">Makes its resources.</param>
    /// <param name="options">Its options; copied. Default: the defaults.</param>
    /// <param name="dependsOn">Names of pools and ids of resources that start before it and stop after it.</param>
    /// <returns>The builder.</returns>
    public ResourceCoordinatorBuilder AddPool<T>(
        string name, IResourceFactory<T> factory, ResourcePoolOptions? options = null, params string[] dependsOn)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(factory);
        ArgumentNullException.ThrowIfNull(dependsOn);
        var named = options?.Copy() ?? new ResourcePoolOptions();
        named.Name = name;
        _parts.Add(new PoolPart(
            name,
            [.. dependsOn],
            typeof(T),
            () => new ResourcePool<T>(factory, named, _timeProvider, _monitor, _loggers.CreateLogger<ResourcePool<T>>())));
        return this;
    }

    /// <summary>Adds a pool of what a delegate makes.</summary>
    /// <typeparam name="T">The type of its resources.</typeparam>
    /// <param name="name">Its name, unique among pools and resources.</param>
    /// <param name="create">Makes a resource.</param>
    /// <param name="options">Its options; copied. Default: the defaults.</param>
    /// <param name="dependsOn">Names of pools and ids of resources that start before it and stop after it.</param>
    /// <returns>The builder.</returns>
    public ResourceCoordinatorBuilder AddPool<T>(
        string name, Func<CancellationToken, ValueTask<T>> create, ResourcePoolOptions? options = null, params string[] dependsOn)
        where T : class =>
        AddPool(name, ResourceFactory.Create(create), options, dependsOn);

    /// <summary>Adds a cache.</summary>
    /// <typeparam name="TKey">The type of its keys.</typeparam>
    /// <typeparam name="T">The type of its resources.</typeparam>
    /// <param name="name">
    /// Its name, unique among pools, caches and resources; it overrides the name in the options. That of
    /// <see cref="ResourceCoordinator.DefaultCache"/> is the one that <see cref="ResourceCoordinator.TryGetCached"/> looks into.
    /// </param>
    /// <param name="options">
    /// Its options; copied. Default: the defaults. Its <see cref="ResourceCacheOptions{TKey, T}.DisposeTimeout"/> is the
    /// coordinator's <see cref="ResourceCoordinatorOptions.StopTimeout"/>.
    /// </param>
    /// <param name="dependsOn">Names of pools and caches and ids of resources that start before it and stop after it.</param>
    /// <returns>The builder.</returns>
    public ResourceCoordinatorBuilder AddCache<TKey, T>(
        string name, ResourceCacheOptions<TKey, T>? options = null, params string[] dependsOn)
        where TKey : notnull
        where T : class
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(dependsOn);
        var named = options?.Copy() ?? new ResourceCacheOptions<TKey, T>();
        named.Name = name;
        _parts.Add(new CachePart(
            name,
            [.. dependsOn],
            typeof(TKey),
            typeof(T),
            (stopTimeout, keepsAge) =>
            {
                named.DisposeTimeout = stopTimeout;
                named.KeepsAge = keepsAge;
                return new ResourceCache<TKey, T>(
                    named, _timeProvider, _monitor, _loggers.CreateLogger<ResourceCache<TKey, T>>());
            }));
        return this;
    }

    /// <summary>Adds a resource, which the coordinator's manager owns from its start on.</summary>
    /// <param name="resource">The resource; its id is its name.</param>
    /// <param name="dependsOn">Names of pools and ids of resources that start before it and stop after it.</param>
    /// <returns>The builder.</returns>
    public ResourceCoordinatorBuilder AddResource(Resource resource, params string[] dependsOn)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(dependsOn);
        _parts.Add(new ResourcePart(resource, [.. dependsOn]));
        return this;
    }

    /// <summary>
    /// Has other pools serve, in their order, when acquiring from one through
    /// <see cref="ResourceCoordinator.AcquireAsync{T}"/> fails: a replica for a primary. Each keeps to its own acquire timeout.
    /// A caller that cancels, and a pool that is drained, ask no fallback. Pools that are to serve one after another are named in
    /// one call; <see cref="AddCacheFallback"/> may come before and after it.
    /// </summary>
    /// <param name="pool">The name of the pool.</param>
    /// <param name="fallbacks">The names of the others, one or more, whose resources are of the same type.</param>
    /// <returns>The builder.</returns>
    public ResourceCoordinatorBuilder AddFallback(string pool, params string[] fallbacks)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(fallbacks);
        _fallbacks.Add((pool, [.. fallbacks.Select(static name => new PoolFallback(name))]));
        return this;
    }

    /// <summary>
    /// Has what a cache holds under a key serve when acquiring from a pool through
    /// <see cref="ResourceCoordinator.AcquireAsync{T}"/> fails, and the fallbacks that were added before it fail too: what was
    /// known last, rather than nothing. It is lent as long as it was loaded or put less than <paramref name="maxAge"/> ago and
    /// the cache keeps it: to its time to live, and for
    /// <see cref="ResourceCacheOptions{TKey, T}.ServeStaleFor"/> after that. Nothing is waited for, and nothing loaded. The
    /// lease's <see cref="Lease{T}.IsOutdated"/> is true, and its <see cref="Lease{T}.Source"/> the cache's name.
    /// </summary>
    /// <remarks>
    /// The same failures as with <see cref="AddFallback"/> ask it. A cache lends to any number of holders: unlike a pool's, what
    /// is lent so is not the caller's alone, and cannot be detached.
    /// </remarks>
    /// <typeparam name="TKey">The type of the cache's keys.</typeparam>
    /// <typeparam name="T">The type of the resources of both.</typeparam>
    /// <param name="pool">The name of the pool.</param>
    /// <param name="cache">The name of the cache.</param>
    /// <param name="key">Under which key the cache holds what can stand in for the pool's resources.</param>
    /// <param name="maxAge">How old it may be: above zero; <see cref="TimeSpan.MaxValue"/> for any age.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentNullException">A name, or the key, is null.</exception>
    public ResourceCoordinatorBuilder AddCacheFallback<TKey, T>(string pool, string cache, TKey key, TimeSpan maxAge)
        where TKey : notnull
        where T : class
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(cache);
        if (key is null)
        {
            throw new ArgumentNullException(nameof(key));
        }

        _fallbacks.Add((pool, [new CacheFallback<TKey, T>(cache, key, maxAge)]));
        return this;
    }

    /// <summary>Makes the coordinator. Nothing is opened before it is started, or a pool is first asked.</summary>
    /// <returns>The coordinator.</returns>
    /// <exception cref="ArgumentException">
    /// Names that are taken twice, dependencies that are not known or go round in a circle, fallbacks that do not fit, options
    /// with faults: all are listed.
    /// </exception>
    /// <exception cref="InvalidOperationException">The builder has built already.</exception>
    public ResourceCoordinator Build()
    {
        if (_isBuilt)
        {
            throw new InvalidOperationException(
                "The builder has built its coordinator already; begin another with CreateBuilder().");
        }

        List<string> faults = [.. _options.Faults()];
        var order = StartOrder.Of(_parts, faults);
        var fallbacks = FallbackPlan.Of(_fallbacks, _parts, faults);
        List<IAsyncDisposable> built = [];
        foreach (var part in _parts)
        {
            try
            {
                if (part is PoolPart pool)
                {
                    built.Add(pool.Build());
                }
                else if (part is CachePart cache)
                {
                    built.Add(cache.Build(_options.StopTimeout, StandsIn(cache)));
                }
            }
            catch (ArgumentException fault)
            {
                faults.Add(fault.Message);
            }
        }

        if (faults.Count > 0)
        {
            foreach (var keeper in built)
            {
                // Nothing was opened yet: a keeper that was never used has nothing to close.
                _ = keeper.DisposeAsync().AsTask();
            }

            throw new ArgumentException($"The coordinator cannot be built, {faults.Count} fault(s): {string.Join(' ', faults)}");
        }

        _isBuilt = true;
        return new ResourceCoordinator(order, fallbacks, _options.Copy(), _timeProvider, _monitor, _loggers);
    }

    private bool StandsIn(CachePart cache) =>
        _fallbacks.Exists(one => Array.Exists(one.Steps, step => step.Name == cache.Name));
}
