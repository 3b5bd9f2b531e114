using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <summary>
/// One bounded pool for each key, a host or a tenant, under a bound over all keys:
/// <c>await using var lease = await pools.AcquireAsync("db1.example.org");</c>
/// </summary>
/// <typeparam name="TKey">The type of the keys. A key is kept for as long as it has a pool.</typeparam>
/// <typeparam name="T">The type of the resources.</typeparam>
/// <remarks>
/// <para>Safe from any thread. No code of the user's runs under a lock, but for the comparer of the keys. The pool of a key is
/// made when the key is first asked for, and retired when it has not been used for long.</para>
/// <para>A key at its limit delays no other key. Never are more resources live than
/// <see cref="KeyedResourcePoolOptions{TKey}.MaxTotal"/>, those being made or destroyed included; while that many are, idle
/// resources of other keys make room, and then the keys whose callers wait are served in turn.</para>
/// <para>How it works, and why no key starves, is in the folder's readme.md.</para>
/// </remarks>
[DebuggerDisplay("Keyed pool {Name}: {Statistics.Keys} keys, {Statistics.InUse} in use, {Statistics.Waiting} waiting")]
public sealed partial class KeyedResourcePool<TKey, T> : IAsyncDisposable
    where TKey : notnull
    where T : class
{
    private readonly Func<TKey, IResourceFactory<T>> _factory;
    private readonly KeyedResourcePoolOptions<TKey> _options;
    private readonly TimeProvider _timeProvider;
    private readonly ResourceMonitor _monitor;
    private readonly SafeLogger _logger;
    private readonly ConcurrentDictionary<TKey, KeyedSlot<TKey, T>> _slots;
    private readonly KeyedPoolMembers _members;
    private readonly PoolFamily _family;

    /// <summary>Makes a keyed pool. Nothing is created before the first acquire.</summary>
    /// <param name="factory">
    /// Gives the factory for a key's resources. Called once for each pool that is made, outside every lock, on the thread of the
    /// caller who asked first; others who ask for the same key meanwhile wait for it, so it should only put together what the
    /// factory needs, and leave connecting to the factory. When it throws or returns null, those who wait are told, and the next
    /// caller tries again.
    /// </param>
    /// <param name="options">
    /// Bounds and times; they are copied. Default: a default <see cref="KeyedResourcePoolOptions{TKey}"/>.
    /// </param>
    /// <param name="comparer">How keys are compared. Default: the default comparer of their type.</param>
    /// <param name="timeProvider">Where the time is taken from. Default: the system's.</param>
    /// <param name="monitor">Where the pools are seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where they log. Default: nowhere.</param>
    /// <exception cref="ArgumentNullException"><paramref name="factory"/> is null.</exception>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public KeyedResourcePool(
        Func<TKey, IResourceFactory<T>> factory,
        KeyedResourcePoolOptions<TKey>? options = null,
        IEqualityComparer<TKey>? comparer = null,
        TimeProvider? timeProvider = null,
        ResourceMonitor? monitor = null,
        ILogger<KeyedResourcePool<TKey, T>>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(factory);
        _options = (options ?? new KeyedResourcePoolOptions<TKey>()).Copy();
        KeyedResourcePoolOptionsValidator.Validate(_options);
        _factory = factory;
        _timeProvider = timeProvider ?? TimeProvider.System;
        _monitor = monitor ?? ResourceMonitor.Shared;
        _logger = new SafeLogger(logger ?? NullLogger<KeyedResourcePool<TKey, T>>.Instance);
        _slots = new ConcurrentDictionary<TKey, KeyedSlot<TKey, T>>(comparer);
        var budget = _options.MaxTotal is { } max ? new PoolBudget(max, _timeProvider) : null;
        _family = new PoolFamily(_options.Name, budget, _options.LabelKeys);
        _members = new KeyedPoolMembers(_options.Name, budget, _options.PerKey);
        if (!_options.LabelKeys)
        {
            _monitor.Sources.Add(_members);
        }
    }

    /// <summary>The name.</summary>
    public string Name => _options.Name;

    /// <summary>The state and the totals at this moment, over all keys.</summary>
    public KeyedPoolStatistics Statistics => _members.GetStatistics(_options.MaxKeys, IsClosed);

    /// <summary>The keys that have a pool: a snapshot, in no order.</summary>
    public IReadOnlyList<TKey> Keys =>
        [.. _slots.Where(static one => one.Value is { Pool: not null, IsRetired: false }).Select(static one => one.Key)];

    /// <summary>Lends a resource of a key, within the acquire timeout of the key's pool.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The lease, to be disposed.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    /// <exception cref="PoolExhaustedException">
    /// The deadline passed while waiting, too many wait, or too many keys are in use; the reason says which.
    /// </exception>
    /// <exception cref="ResourceTimeoutException">The deadline passed while the caller's resource was being created.</exception>
    /// <exception cref="ResourceInitializationException">
    /// The factory, or making the key's pool, failed; the inner exception is the failure.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; nothing is lost by it.</exception>
    /// <exception cref="PoolClosedException">The keyed pool is drained.</exception>
    /// <exception cref="ObjectDisposedException">The keyed pool is disposed.</exception>
    public ValueTask<Lease<T>> AcquireAsync(
        TKey key,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0) =>
        !cancellationToken.IsCancellationRequested && TryAcquire(key, out var lease, member, file, line)
            ? new ValueTask<Lease<T>>(lease)
            : AcquireSlowlyAsync(key, timeout: null, member, file, line, cancellationToken);

    /// <summary>Lends a resource of a key, within the given time.</summary>
    /// <param name="key">The key.</param>
    /// <param name="timeout">
    /// How long it may take in all: zero or more, or <see cref="Timeout.InfiniteTimeSpan"/>. Zero: only what is ready.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The lease, to be disposed.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is negative and not infinite.</exception>
    /// <exception cref="PoolExhaustedException">
    /// The deadline passed while waiting, too many wait, or too many keys are in use; the reason says which.
    /// </exception>
    /// <exception cref="ResourceTimeoutException">The deadline passed while the caller's resource was being created.</exception>
    /// <exception cref="ResourceInitializationException">
    /// The factory, or making the key's pool, failed; the inner exception is the failure.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; nothing is lost by it.</exception>
    /// <exception cref="PoolClosedException">The keyed pool is drained.</exception>
    /// <exception cref="ObjectDisposedException">The keyed pool is disposed.</exception>
    public ValueTask<Lease<T>> AcquireAsync(
        TKey key,
        TimeSpan timeout,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        ThrowIfNoTimeout(timeout);
        return !cancellationToken.IsCancellationRequested && TryAcquire(key, out var lease, member, file, line)
            ? new ValueTask<Lease<T>>(lease)
            : AcquireSlowlyAsync(key, timeout, member, file, line, cancellationToken);
    }

    /// <summary>
    /// Lends a resource of a key to a caller that blocks, within the given time. The key's factory must implement
    /// <see cref="ISyncResourceFactory{T}"/>.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="timeout">How long it may take in all. A validation that blocks is not cut short.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The lease, to be disposed.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    /// <exception cref="NotSupportedException">The factory has no synchronous stages.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is negative and not infinite.</exception>
    /// <exception cref="PoolExhaustedException">
    /// The deadline passed while waiting, too many wait, or too many keys are in use; the reason says which.
    /// </exception>
    /// <exception cref="ResourceTimeoutException">The deadline passed while the caller's resource was being created.</exception>
    /// <exception cref="ResourceInitializationException">
    /// The factory, or making the key's pool, failed; the inner exception is the failure.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; nothing is lost by it.</exception>
    /// <exception cref="PoolClosedException">The keyed pool is drained.</exception>
    /// <exception cref="ObjectDisposedException">The keyed pool is disposed.</exception>
    public Lease<T> Acquire(
        TKey key,
        TimeSpan timeout,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        ThrowIfNoTimeout(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        return AcquireBlocking(key, timeout, member, file, line, cancellationToken);
    }

    /// <summary>
    /// Lends a resource of a key if that needs no waiting and no asynchronous stage. A key without a pool is not given one.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="lease">The lease, to be disposed; stale when the result is false.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>Whether a resource was lent.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    public bool TryAcquire(
        TKey key,
        out Lease<T> lease,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        if (_slots.TryGetValue(key, out var slot) && slot.Pool is { } pool)
        {
            return pool.TryAcquire(out lease, member, file, line);
        }

        lease = default;
        return false;
    }

    /// <summary>The state and the totals of a key's pool at this moment.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The statistics; <c>null</c> when the key has no pool.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    public PoolStatistics? GetStatistics(TKey key) =>
        _slots.TryGetValue(key, out var slot) && !slot.IsRetired ? slot.Pool?.Statistics : null;

    /// <summary>
    /// Who holds what, over all keys, longest first. <see cref="LeaseInfo.Source"/> is the name of the key's pool,
    /// <c>name[key]</c> unless its configuration says otherwise.
    /// </summary>
    /// <returns>A snapshot; what was lent before its key was retired is included.</returns>
    public IReadOnlyList<LeaseInfo> GetLeases() => _members.GetLeases();

    private static void ThrowIfNoTimeout(TimeSpan timeout)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(
                nameof(timeout), timeout, "A timeout is zero or more, or Timeout.InfiniteTimeSpan.");
        }
    }
}
