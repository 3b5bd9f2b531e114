using Microsoft.Extensions.Logging;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Providers;

/// <summary>
/// Puts things before a storage, always in this order from the outside in, whatever the order of the calls: metrics, timeout,
/// retry, concurrency limit, cache, faults, storage. So the timeout bounds all attempts together, a wait for a place counts to
/// it, and each attempt takes a place of its own. For another order decorate what was built. Not thread safe; what it builds is.
/// </summary>
public sealed class StorageBuilder
{
    private readonly IStorage _storage;
    private readonly TimeProvider? _timeProvider;
    private Func<IStorage, IStorage>? _metrics;
    private Func<IStorage, IStorage>? _timeout;
    private Func<IStorage, IStorage>? _retry;
    private Func<IStorage, IStorage>? _limit;
    private Func<IStorage, IStorage>? _cache;
    private Func<IStorage, IStorage>? _faults;

    /// <summary>Begins with a storage.</summary>
    /// <param name="storage">The storage. It stays its owner's.</param>
    /// <param name="timeProvider">Where all decorators take the time from. Default: the system's.</param>
    /// <exception cref="ArgumentNullException"><paramref name="storage"/> is null.</exception>
    public StorageBuilder(IStorage storage, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(storage);
        _storage = storage;
        _timeProvider = timeProvider;
    }

    private TimeProvider Time => _timeProvider ?? TimeProvider.System;

    /// <summary>
    /// Counts and times each operation in <c>pepperpy_provider_operations_total</c> and
    /// <c>pepperpy_provider_duration_seconds</c>, with the type <c>storage</c>.
    /// </summary>
    /// <param name="name">The name of the provider, for the label <c>name</c>.</param>
    /// <param name="monitor">Where it is seen. Default: one on <see cref="ResourceMonitor.Shared"/>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is null, empty or blank.</exception>
    public StorageBuilder UseMetrics(string name, ProviderMonitor? monitor = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var seen = monitor ?? new ProviderMonitor();
        _metrics = inner => new MeasuredStorage(inner, name, seen, Time);
        return this;
    }

    /// <summary>Ends operations that take too long, all attempts together; of a read, until it is open.</summary>
    /// <param name="options">The limit; copied.</param>
    /// <param name="logger">Where abandoned work is told. Default: nowhere.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">The options have faults.</exception>
    public StorageBuilder UseTimeout(TimeoutOptions options, ILogger<TimeoutStrategy>? logger = null)
    {
        var strategy = new TimeoutStrategy(options, _timeProvider, logger);
        _timeout = inner => new TimedStorage(inner, strategy);
        return this;
    }

    /// <summary>
    /// Tries failed operations again: those that change nothing, that come to the same when done twice (a write of bytes, a
    /// deletion), or that are guarded by an ETag. A write from a stream is tried again only after a failure that says that
    /// nothing was done. A guarded write whose first attempt was done without its caller learning so ends as a conflict.
    /// </summary>
    /// <param name="options">How often and when; copied. Its <see cref="RetryOptions.IsIdempotent"/> is not looked at.</param>
    /// <param name="monitor">Where retries are seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where retries are told. Default: nowhere.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    /// <exception cref="ArgumentException">The options have faults.</exception>
    public StorageBuilder UseRetry(RetryOptions options, ResourceMonitor? monitor = null, ILogger<RetryStrategy>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var (many, once) = (options.Copy(), options.Copy());
        (many.IsIdempotent, once.IsIdempotent) = (true, false);
        var repeatable = new RetryStrategy(many, _timeProvider, monitor, logger);
        var careful = new RetryStrategy(once, _timeProvider, monitor, logger);
        _retry = inner => new RetryingStorage(inner, repeatable, careful);
        return this;
    }

    /// <summary>Lets so many operations in at once; the others wait. A read counts until it is open.</summary>
    /// <param name="limit">How many: 1 or more.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is less than 1.</exception>
    public StorageBuilder UseConcurrencyLimit(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        _limit = inner => new LimitedStorage(inner, limit);
        return this;
    }

    /// <summary>Keeps small entries in memory for a while.</summary>
    /// <param name="options">How much and how long; copied. Default: a default <see cref="StorageCacheOptions"/>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">The options have faults; all are named.</exception>
    public StorageBuilder UseCache(StorageCacheOptions? options = null)
    {
        var copy = (options ?? new StorageCacheOptions()).Freeze();
        _cache = inner => new CachedStorage(inner, copy, Time);
        return this;
    }

    /// <summary>Has operations fail or be late, to see what their callers make of it.</summary>
    /// <param name="options">Which faults; copied.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    /// <exception cref="ArgumentException">The options have faults; all are named.</exception>
    public StorageBuilder UseFaults(StorageFaultOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var copy = options.Freeze();
        _faults = inner => new FaultyStorage(inner, copy, Time);
        return this;
    }

    /// <summary>Builds it.</summary>
    /// <returns>The storage with all that was put before it; the storage itself when nothing was.</returns>
    public IStorage Build()
    {
        Func<IStorage, IStorage>?[] inwardsOut = [_faults, _cache, _limit, _retry, _timeout, _metrics];
        return inwardsOut.Aggregate(_storage, static (inner, decorate) => decorate?.Invoke(inner) ?? inner);
    }
}
