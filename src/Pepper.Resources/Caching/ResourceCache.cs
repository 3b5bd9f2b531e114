using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Monitoring;
using Pepper.Resources.Policies;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Caching;

/// <summary>
/// Keeps one expensive resource per key, as many as fit, and lends each to any number of holders:
/// <c>using var lease = await cache.GetOrAddAsync(tenant, OpenAsync);</c>
/// </summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <typeparam name="T">The type of the resources.</typeparam>
/// <remarks>
/// <para>Safe from any thread. No code of the user's runs under a lock of the cache but the comparer of keys, and an eviction
/// policy of the user's own: other policies are asked outside.</para>
/// <para>However many ask for a key at once, it is loaded once. A resource that was evicted, expired, was replaced or removed
/// is destroyed once, in the background, after its last lease. Everything that comes into the cache's hands is destroyed by
/// it.</para>
/// <para>How it works is in the folder's readme.md.</para>
/// </remarks>
[DebuggerDisplay("Cache {Name}: {Count} entries")]
public sealed partial class ResourceCache<TKey, T> : IResourceCache, ICacheKeeper
    where TKey : notnull
    where T : class
{
    private readonly Lock _lock = new();
    private readonly ResourceCacheOptions<TKey, T> _options;
    private readonly TimeProvider _timeProvider;
    private readonly CacheClock _clock;
    private readonly ResourceMonitor _monitor;
    private readonly ILogger _logger;
    private readonly string _type;
    private readonly bool _isTimed;
    private readonly CacheTable<TKey> _table;
    private readonly IEvictionPolicy _policy;
    private readonly CacheLoans _loans;
    private readonly CacheDestroyer _destroyer;
    private readonly Source _source;
    private readonly StripedCount _misses = new(isStriped: true);

    /// <summary>Makes a cache. Nothing is loaded before the first get.</summary>
    /// <param name="options">Capacity, times and delegates; they are copied. Default: the defaults.</param>
    /// <param name="timeProvider">Where the cache takes the time from. Default: the system's.</param>
    /// <param name="monitor">Where the cache is seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where the cache logs. Default: nowhere.</param>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public ResourceCache(
        ResourceCacheOptions<TKey, T>? options = null,
        TimeProvider? timeProvider = null,
        ResourceMonitor? monitor = null,
        ILogger<ResourceCache<TKey, T>>? logger = null)
    {
        _options = ResourceCacheOptionsValidator.Freeze(options ?? new ResourceCacheOptions<TKey, T>());
        _timeProvider = timeProvider ?? TimeProvider.System;
        _clock = new CacheClock(_timeProvider);
        _monitor = monitor ?? ResourceMonitor.Shared;
        _logger = new SafeLogger(logger ?? NullLogger<ResourceCache<TKey, T>>.Instance);
        _type = _options.Type.ToLabel();
        _isTimed = _options.IsTimed;
        _idleTicks = _options.IdleTimeout?.Ticks ?? long.MaxValue;
        _table = new CacheTable<TKey>(_options.Comparer);
        _loads = new Dictionary<TKey, CacheLoad<TKey, T>>(_options.Comparer);
        _failures = new Dictionary<TKey, KeptFailure>(_options.Comparer);
        _endings = new Dictionary<TKey, CacheKeyEnding<TKey>>(_options.Comparer);
        _policy = EvictionPolicies.Create(_options.Eviction, _options.EvictionCapacity);
        _admission = NewAdmission();
        _expiry = NewExpiry();
        _readExpiry = _expiry is { CountsReads: true } ? _expiry : null;
        _notesReads = _readExpiry is not null || _options.IdleTimeout is not null;
        _loans = new CacheLoans(this, notesUse: _options.IdleTimeout is not null);
        _destroyer = new CacheDestroyer(
            DestroyAsync, OnDestroyed, _options.MaxConcurrentDestroys, _options.DestroyTimeout, _timeProvider);
        _recovery = NewRecovery();
        _source = new Source(this);
        _monitor.Sources.Add(_source);
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <summary>How many entries there are at this moment.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                return _table.Count;
            }
        }
    }

    /// <summary>
    /// Lends the resource of a key, and loads it when there is none. However many ask at once, it is loaded once, on nobody's
    /// flow of work. A caller that leaves cancels nothing for the others; when all have left, the load is cancelled.
    /// </summary>
    /// <remarks>
    /// A factory that waits for its own key, or for one whose factory waits for this one, waits for itself: set
    /// <see cref="ResourceCacheOptions{TKey, T}.LoadTimeout"/> where that may happen.
    /// </remarks>
    /// <param name="key">The key.</param>
    /// <param name="factory">
    /// Loads the resource: called from the thread pool, without the caller's ambient context; its token is cancelled when
    /// nobody waits any more, when <see cref="ResourceCacheOptions{TKey, T}.LoadTimeout"/> is over, or the cache is disposed.
    /// </param>
    /// <param name="cancellationToken">Ends the caller's wait.</param>
    /// <returns>A shared lease, to be disposed.</returns>
    /// <exception cref="ArgumentNullException">The key or the factory is null.</exception>
    /// <exception cref="CacheFullException">There is no room, and all is leased (see <see cref="CacheFullMode"/>).</exception>
    /// <exception cref="ResourceTimeoutException">The load took too long.</exception>
    /// <exception cref="InvalidOperationException">The factory returned null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The cache is disposed, or was while the caller waited.</exception>
    /// <exception cref="Exception">What the factory threw, to each who waited for it.</exception>
    public ValueTask<Lease<T>> GetOrAddAsync(
        TKey key, Func<TKey, CancellationToken, ValueTask<T>> factory, CancellationToken cancellationToken = default)
    {
        ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(factory);
        if (TryHit(key, out var lease, out var isDue))
        {
            if (isDue)
            {
                RefreshInBackground(key, factory);
            }

            return new ValueTask<Lease<T>>(lease);
        }

        return GetSlowlyAsync(key, factory, cancellationToken);
    }

    /// <summary>As the other, loading with <see cref="ResourceCacheOptions{TKey, T}.Loader"/>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Ends the caller's wait.</param>
    /// <returns>A shared lease, to be disposed.</returns>
    /// <exception cref="InvalidOperationException">The options have no loader, or it returned null.</exception>
    /// <inheritdoc cref="GetOrAddAsync(TKey, Func{TKey, CancellationToken, ValueTask{T}}, CancellationToken)" path="/exception"/>
    public ValueTask<Lease<T>> GetOrAddAsync(TKey key, CancellationToken cancellationToken = default) =>
        GetOrAddAsync(key, Loader, cancellationToken);

    /// <summary>Lends the resource of a key if there is one. Waits for nothing and loads nothing; allocates nothing.</summary>
    /// <param name="key">The key.</param>
    /// <param name="lease">A shared lease, to be disposed; <c>default</c> when there is none.</param>
    /// <returns>Whether there was one. False when the cache is disposed.</returns>
    /// <exception cref="ArgumentNullException">The key is null.</exception>
    public bool TryGet(TKey key, out Lease<T> lease)
    {
        ThrowIfNull(key);
        if (TryHit(key, out lease, out var isDue))
        {
            if (isDue && _options.Loader is { } loader)
            {
                RefreshInBackground(key, loader);
            }

            return true;
        }

        _misses.Increment();
        return false;
    }

    /// <summary>
    /// Puts a resource in, in the place of that of the same key if there is one, which is destroyed after its last lease.
    /// Whoever waits for a load of the key gets this one. The cache owns what it is given: what it does not keep it destroys,
    /// also when this throws.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="resource">
    /// The resource. It may be in one cache, under one key. If it is there already, its time begins anew; what the cache has let
    /// go must not be put again, as it will be destroyed.
    /// </param>
    /// <param name="cancellationToken">Ends the wait for room.</param>
    /// <returns>
    /// Whether it was kept. False: it weighs too much, its weigher failed, the admission policy refused it, or there was no room
    /// for it, also where it would come in and go at once, as all else is leased; it is destroyed.
    /// </returns>
    /// <exception cref="ArgumentNullException">The key or the resource is null; nothing is taken over then.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The cache is disposed.</exception>
    public ValueTask<bool> PutAsync(TKey key, T resource, CancellationToken cancellationToken = default)
    {
        ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(resource);
        return PutOwnedAsync(key, resource, cancellationToken);
    }

    /// <summary>
    /// Loads the resource of a key anew, whether or not there is one; until then the old one is served. Joins a load that is
    /// under way. With <see cref="ResourceCacheOptions{TKey, T}.UniqueKeys"/> the old one goes first; else the factory may give
    /// what is there, whose time begins anew then.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="factory">Loads it. Default: <see cref="ResourceCacheOptions{TKey, T}.Loader"/>.</param>
    /// <param name="cancellationToken">Ends the caller's wait; the load is cancelled when nobody waits any more.</param>
    /// <returns>Ends when the new one is there.</returns>
    /// <exception cref="InvalidOperationException">There is neither a factory nor a loader, or it returned null.</exception>
    /// <inheritdoc cref="GetOrAddAsync(TKey, Func{TKey, CancellationToken, ValueTask{T}}, CancellationToken)" path="/exception"/>
    public Task RefreshAsync(
        TKey key, Func<TKey, CancellationToken, ValueTask<T>>? factory = null, CancellationToken cancellationToken = default)
    {
        ThrowIfNull(key);
        return RefreshNowAsync(key, factory ?? Loader, cancellationToken);
    }

    /// <summary>
    /// Takes the resource of a key out; it is destroyed after its last lease. A load that is under way will not come in.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <returns>Whether there was a resource, or a load.</returns>
    /// <exception cref="ArgumentNullException">The key is null.</exception>
    public bool Remove(TKey key)
    {
        ThrowIfNull(key);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            return Remove_NeedsLock(key);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Loads that are under way will not come in.</remarks>
    public void Clear()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            Clear_NeedsLock(CacheRemovalReason.Cleared);
        }
    }

    /// <summary>
    /// What is in the cache at this moment, in no order, expired entries left out. The resources are not leased: look, and do
    /// not use them.
    /// </summary>
    /// <returns>The keys and their resources.</returns>
    public IReadOnlyList<KeyValuePair<TKey, T>> GetEntries()
    {
        List<CacheEntry<TKey>> entries;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            entries = _table.List_NeedsLock();
        }

        var now = _isTimed ? _clock.Now : 0;
        return
        [
            .. entries.Where(entry => !_isTimed || IsServed((TimedCacheEntry<TKey>)entry, now, out _))
                .Select(static entry => KeyValuePair.Create(entry.Key, (T)entry.Resource)),
        ];
    }

    /// <summary>
    /// Ends the cache: gets fail from now on, loads are cancelled and who waits for them is told, everything is destroyed.
    /// Waits for what is leased and what is being destroyed until <see cref="ResourceCacheOptions{TKey, T}.DisposeTimeout"/>,
    /// and says in the log what is left then; that is destroyed when it comes back. Twice is harmless. Does not throw.
    /// </summary>
    /// <returns>Ends when nothing is left, or the time is over.</returns>
    public ValueTask DisposeAsync() => new(DisposeOnceAsync());

    private Func<TKey, CancellationToken, ValueTask<T>> Loader =>
        _options.Loader ?? throw new InvalidOperationException(
            $"Cache '{Name}' has no Loader in its options: pass a factory, or set one.");

    private static void ThrowIfNull(TKey key)
    {
        if (key is null)
        {
            throw new ArgumentNullException(nameof(key));
        }
    }

    /// <summary>The way of a hit: no lock, no allocation, and no clock unless something expires.</summary>
    private bool TryHit(TKey key, out Lease<T> lease, out bool isDue)
    {
        isDue = false;
        SpinWait spin = default;
        while (_table.Find(key) is { } entry)
        {
            if (_isTimed && !IsServed(entry, out isDue))
            {
                break;
            }

            if (TryLend(entry, out lease))
            {
                return true;
            }

            // One that is closed has left the table, or is just about to, or is looked at by who would evict it.
            spin.SpinOnce();
        }

        lease = default;
        return false;
    }

    /// <summary>Lends what was found, unless it has left. Where there is a loan to publish, the entry is only read.</summary>
    private bool TryLend(CacheEntry<TKey> entry, out Lease<T> lease)
    {
        if (_loans.TryPublish(entry, out var token) is { } loan)
        {
            if (entry.IsClosed)
            {
                loan.Return(token);
                lease = default;
                return false;
            }

            loan.CountHit();
            NoteHit(entry);
            lease = new Lease<T>(loan, token);
            return true;
        }

        if (entry.TryLease(this))
        {
            lease = Lend(entry, isHit: true);
            return true;
        }

        lease = default;
        return false;
    }

    /// <summary>Lends an entry that counts the loan already.</summary>
    private Lease<T> Lend(CacheEntry<TKey> entry, bool isHit)
    {
        var loan = _loans.Begin(entry, out var token);
        if (isHit)
        {
            loan.CountHit();
            NoteHit(entry);
        }

        return new Lease<T>(loan, token);
    }

    private void NoteHit(CacheEntry<TKey> entry)
    {
        if (_policy.OnHit(entry))
        {
            Maintain();
        }
    }

    /// <summary>If somebody else has the lock, that one, or the next, does it as well.</summary>
    private void Maintain()
    {
        if (!_lock.TryEnter())
        {
            return;
        }

        try
        {
            AssertInvariants_NeedsLock();
            _policy.Maintain();
        }
        finally
        {
            _lock.Exit();
        }
    }

    private void ThrowIfDisposed_NeedsLock() => ObjectDisposedException.ThrowIf(_isDisposed, this);

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_policy.Count == _table.Count, "The policy knows what is in the table, and nothing else.");
        Debug.Assert(_detached >= 0 && _destroying >= 0 && _running >= _cutLoads.Count + _loads.Count, "Nothing ends twice.");
        Debug.Assert(_live >= 0 && _freeing >= 0 && _freeing <= _destroying, "Places are freed once.");
        Debug.Assert(!_isDisposed || (_table.Count == 0 && _loads.Count == 0 && _rooms.Count == 0), "A disposed cache is empty.");
    }
}
