using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Pepper.Resources.Caching;
using Pepper.Resources.Monitoring;
using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources;

/// <summary>
/// The roof over everything that is kept: it names pools, caches and resources, starts them in the order of their dependencies,
/// stops them in the reverse order, and shows all of it at once. <see cref="CreateBuilder"/> begins one.
/// </summary>
/// <remarks>Safe from any thread.</remarks>
[DebuggerDisplay("{State}: {Pools.Count} pools, {Resources.Count} resources")]
public sealed partial class ResourceCoordinator : IAsyncDisposable
{
    private readonly IReadOnlyList<CoordinatedPart> _order;
    private readonly ResourceCoordinatorOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ResourceMonitor _monitor;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, IResourcePool> _pools;
    private readonly ConcurrentDictionary<string, IResourceCache> _caches;
    private readonly SemaphoreSlim _change = new(1, 1);
    private volatile CoordinatorState _state;
    private CancellationTokenSource? _starting;

    internal ResourceCoordinator(
        IReadOnlyList<CoordinatedPart> order,
        IReadOnlyDictionary<string, IReadOnlyList<FallbackStep>> fallbacks,
        ResourceCoordinatorOptions options,
        TimeProvider timeProvider,
        ResourceMonitor monitor,
        ILoggerFactory loggers)
    {
        _order = order;
        _fallbacks = fallbacks;
        _monitor = monitor;
        _loggers = loggers;
        _options = options;
        _timeProvider = timeProvider;
        _logger = new SafeLogger(loggers.CreateLogger<ResourceCoordinator>());
        _pools = new ConcurrentDictionary<string, IResourcePool>(
            order.OfType<PoolPart>().Select(static part => KeyValuePair.Create(part.Name, part.Pool)), StringComparer.Ordinal);
        _caches = new ConcurrentDictionary<string, IResourceCache>(
            order.OfType<CachePart>().Select(static part => KeyValuePair.Create(part.Name, part.Cache)), StringComparer.Ordinal);
        Resources = new ResourceManager(
            new ResourceManagerOptions { ReleaseTimeout = options.StopTimeout },
            timeProvider, monitor, loggers.CreateLogger<ResourceManager>());
    }

    /// <summary>Where the coordinator stands.</summary>
    public CoordinatorState State => _state;

    /// <summary>The resources with an id of their own, each lent to any number of holders.</summary>
    public ResourceManager Resources { get; }

    /// <summary>The pools by name; none after <see cref="CleanupAsync"/>.</summary>
    public IReadOnlyDictionary<string, IResourcePool> Pools => _pools;

    /// <summary>Begins a coordinator.</summary>
    /// <returns>The builder.</returns>
    public static ResourceCoordinatorBuilder CreateBuilder() => new();

    /// <summary>
    /// Makes everything ready, each part after all that it depends on: pools are filled to their minimum, resources are
    /// registered. When a part fails, what was started is stopped again, and the coordinator is stopped for good.
    /// </summary>
    /// <param name="cancellationToken">Ends the start, which undoes what was started.</param>
    /// <returns>Ends when everything is ready.</returns>
    /// <exception cref="ResourceInitializationException">A part could not be made ready.</exception>
    /// <exception cref="InvalidOperationException">The coordinator was started or stopped before.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _change.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_state != CoordinatorState.Created)
            {
                throw new InvalidOperationException($"The coordinator is {_state} and cannot be started.");
            }

            await StartAllAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _change.Release();
        }
    }

    /// <summary>The pool of that name.</summary>
    /// <typeparam name="T">The type of its resources.</typeparam>
    /// <param name="name">Its name.</param>
    /// <returns>The pool: the same object as long as the coordinator lives.</returns>
    /// <exception cref="ResourceNotFoundException">There is no such pool; the message names those that there are.</exception>
    /// <exception cref="InvalidCastException">The pool's resources are of another type.</exception>
    public ResourcePool<T> GetPool<T>(string name)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!_pools.TryGetValue(name, out var pool))
        {
            var names = _pools.IsEmpty
                ? "there are none"
                : $"there are: {string.Join(", ", _pools.Keys.Order(StringComparer.Ordinal))}";
            throw new ResourceNotFoundException($"There is no pool '{name}'; {names}.", name);
        }

        return pool as ResourcePool<T>
            ?? throw new InvalidCastException($"Pool '{name}' is a {pool.GetType()}, which does not lend {typeof(T)}.");
    }

    /// <summary>
    /// Lends a resource of a pool, or of one of its fallbacks (<see cref="ResourceCoordinatorBuilder.AddFallback"/>,
    /// <see cref="ResourceCoordinatorBuilder.AddCacheFallback"/>) when the pool fails; <see cref="Lease{T}.Source"/> says which
    /// served. Disposing the lease gives it back.
    /// </summary>
    /// <typeparam name="T">The type of the pool's resources.</typeparam>
    /// <param name="pool">The name of the pool.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The lease, to be disposed.</returns>
    /// <exception cref="ResourceNotFoundException">There is no such pool.</exception>
    /// <exception cref="InvalidCastException">The pool's resources are of another type.</exception>
    /// <exception cref="PoolExhaustedException">The pool's acquire timeout passed while waiting.</exception>
    /// <exception cref="ResourceInitializationException">The factory failed.</exception>
    /// <exception cref="CircuitOpenException">The pool's creations rest.</exception>
    /// <exception cref="AllFallbacksFailedException">The pool has fallbacks, and all of them failed too.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<Lease<T>> AcquireAsync<T>(
        string pool,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(pool);
        return _fallbacks.TryGetValue(pool, out var fallbacks)
            ? AcquireOrFallBackAsync<T>(pool, fallbacks, member, file, line, cancellationToken)
            : GetPool<T>(pool).AcquireAsync(cancellationToken, member, file, line);
    }

    /// <summary>
    /// Stops everything, each part before all that it depends on: nobody new gets anything, holders are waited for, everything is
    /// destroyed. After it no pool is left. What is still held after <see cref="ResourceCoordinatorOptions.StopTimeout"/> is
    /// destroyed when it comes back. Twice is harmless.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting for holders; what they hold is destroyed when it comes back.</param>
    /// <returns>Ends when all is stopped.</returns>
    /// <exception cref="AggregateException">
    /// Parts that could not be stopped cleanly; all the others were stopped all the same.
    /// </exception>
    public async Task CleanupAsync(CancellationToken cancellationToken = default)
    {
        CancelStart();

        // Not given up on cancellation: a stop that is under way has to be followed to its end, which the token then hastens.
        await _change.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            var failures = _state == CoordinatorState.Stopped ? [] : await StopAllAsync(cancellationToken).ConfigureAwait(false);
            if (failures.Count > 0)
            {
                throw new AggregateException(
                    "Not everything was stopped cleanly; what is still held is destroyed when it comes back.", failures);
            }
        }
        finally
        {
            _change.Release();
        }
    }

    /// <summary>The same as <see cref="CleanupAsync"/>, but does not throw: what fails is logged.</summary>
    /// <returns>Ends when all is stopped.</returns>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await CleanupAsync().ConfigureAwait(false);
        }
        catch (AggregateException)
        {
            // Logged, part by part, where it came from.
        }
    }

    private async Task StartAllAsync(CancellationToken cancellationToken)
    {
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _state = CoordinatorState.Starting;
        Volatile.Write(ref _starting, starting);
        try
        {
            foreach (var part in _order)
            {
                await part.StartAsync(Resources, starting.Token).ConfigureAwait(false);
                CoordinatorLog.Started(_logger, part.Name);
            }

            starting.Token.ThrowIfCancellationRequested();
            _state = CoordinatorState.Running;
        }
        catch (Exception failure)
        {
            CoordinatorLog.StartFailed(_logger, failure.Message, failure);
            await StopAllAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }
        finally
        {
            Volatile.Write(ref _starting, null);
        }
    }

    /// <summary>A start that is under way need not be waited for: it ends at once, and undoes what it has done.</summary>
    private void CancelStart()
    {
        try
        {
            Volatile.Read(ref _starting)?.Cancel();
        }
        catch (Exception failure) when (failure is ObjectDisposedException or AggregateException)
        {
            // It has just ended; or what somebody registered on the token has failed, which is not the stop's affair.
        }
    }

    private async Task<List<Exception>> StopAllAsync(CancellationToken cancellationToken)
    {
        _state = CoordinatorState.Stopping;
        List<Exception> failures = [];
        foreach (var part in _order.Reverse())
        {
            try
            {
                await part.StopAsync(Resources, _options.StopTimeout, cancellationToken).ConfigureAwait(false);
                CoordinatorLog.Stopped(_logger, part.Name);
            }
            catch (Exception failure)
            {
                CoordinatorLog.StopFailed(_logger, part.Name, failure.Message, failure);
                failures.Add(failure);
            }

            if (part is PoolPart)
            {
                _pools.TryRemove(part.Name, out _);
            }
            else if (part is CachePart)
            {
                _caches.TryRemove(part.Name, out _);
            }
        }

        await Resources.DisposeAsync().ConfigureAwait(false);
        _state = CoordinatorState.Stopped;
        return failures;
    }
}
