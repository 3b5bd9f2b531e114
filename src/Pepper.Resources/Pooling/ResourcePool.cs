using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Policies;

namespace Pepper.Resources.Pooling;

/// <summary>
/// Keeps a bounded number of expensive resources and lends them, first come first served:
/// <c>await using var lease = await pool.AcquireAsync();</c>
/// </summary>
/// <typeparam name="T">The type of the resources.</typeparam>
/// <remarks>
/// <para>Safe from any thread. No code of the user's runs under a lock of the pool. A pool object is permanent: it keeps its
/// identity through every resize, invalidation and change of factory.</para>
/// <para>Never are more resources live than <see cref="ResourcePoolOptions.MaxSize"/>, those being made or destroyed included.
/// One that is lent is never destroyed under its holder (but see <see cref="ResourcePoolOptions.ReclaimLeaked"/>), and never
/// lent twice at once.</para>
/// <para>How it works, and why no wake-up is lost, is in the folder's readme.md.</para>
/// </remarks>
[DebuggerDisplay("Pool {Name}: {Statistics.InUse} in use, {Statistics.Idle} idle, {Statistics.Waiting} waiting")]
public sealed class ResourcePool<T> : IResourcePool<T>
    where T : class
{
    private readonly PoolCore _core;

    /// <summary>Makes a pool. Nothing is created before the first acquire, or <see cref="WarmUpAsync"/>.</summary>
    /// <param name="factory">Makes, checks and destroys the resources.</param>
    /// <param name="options">
    /// Sizes, times and limits; they are copied. Default: a default <see cref="ResourcePoolOptions"/>.
    /// </param>
    /// <param name="timeProvider">Where the pool takes the time from. Default: the system's.</param>
    /// <param name="monitor">Where the pool is seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where the pool logs. Default: nowhere.</param>
    /// <exception cref="ArgumentNullException"><paramref name="factory"/> is null.</exception>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public ResourcePool(
        IResourceFactory<T> factory,
        ResourcePoolOptions? options = null,
        TimeProvider? timeProvider = null,
        ResourceMonitor? monitor = null,
        ILogger<ResourcePool<T>>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(factory);
        _core = NewCore(
            factory,
            options ?? new ResourcePoolOptions(),
            timeProvider ?? TimeProvider.System,
            monitor ?? ResourceMonitor.Shared,
            logger ?? NullLogger<ResourcePool<T>>.Instance,
            family: null);
    }

    /// <summary>Makes the pool of one key of a keyed pool.</summary>
    internal ResourcePool(
        IResourceFactory<T> factory,
        ResourcePoolOptions options,
        TimeProvider timeProvider,
        ResourceMonitor monitor,
        ILogger logger,
        PoolFamily family) => _core = NewCore(factory, options, timeProvider, monitor, logger, family);

    internal PoolCore Core => _core;

    private static PoolCore NewCore(
        IResourceFactory<T> factory,
        ResourcePoolOptions options,
        TimeProvider timeProvider,
        ResourceMonitor monitor,
        ILogger logger,
        PoolFamily? family) =>
        new(
            new FactoryAdapter<T>(factory),
            static () => new AsyncPoolWaiter<T>(),
            options,
            timeProvider,
            monitor,
            logger,
            family);

    /// <inheritdoc/>
    public string Name => _core.Name;

    /// <inheritdoc/>
    public PoolStatistics Statistics => _core.GetStatistics();

    /// <inheritdoc/>
    /// <exception cref="PoolExhaustedException">The deadline passed while waiting, or too many wait.</exception>
    /// <exception cref="ResourceTimeoutException">The deadline passed while the caller's resource was being created.</exception>
    /// <exception cref="ResourceInitializationException">The factory failed; the inner exception is its failure.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; nothing is lost by it.</exception>
    /// <exception cref="PoolClosedException">The pool is drained.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public ValueTask<Lease<T>> AcquireAsync(
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0) =>
        !cancellationToken.IsCancellationRequested && _core.TryAcquire(out var token, member, file, line) is { } entry
            ? new ValueTask<Lease<T>>(new Lease<T>(entry, token))
            : AcquireSlowlyAsync(_core.DefaultTimeout, member, file, line, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is negative and not infinite.</exception>
    /// <exception cref="PoolExhaustedException">The deadline passed while waiting, or too many wait.</exception>
    /// <exception cref="ResourceTimeoutException">The deadline passed while the caller's resource was being created.</exception>
    /// <exception cref="ResourceInitializationException">The factory failed; the inner exception is its failure.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; nothing is lost by it.</exception>
    /// <exception cref="PoolClosedException">The pool is drained.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public ValueTask<Lease<T>> AcquireAsync(
        TimeSpan timeout,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        ThrowIfNoTimeout(timeout);
        return !cancellationToken.IsCancellationRequested && _core.TryAcquire(out var token, member, file, line) is { } entry
            ? new ValueTask<Lease<T>>(new Lease<T>(entry, token))
            : AcquireSlowlyAsync(timeout, member, file, line, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="timeout"/> is negative and not infinite, or <paramref name="priority"/> is none.
    /// </exception>
    /// <exception cref="PoolExhaustedException">The deadline passed while waiting, or too many wait.</exception>
    /// <exception cref="ResourceTimeoutException">The deadline passed while the caller's resource was being created.</exception>
    /// <exception cref="ResourceInitializationException">The factory failed; the inner exception is its failure.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; nothing is lost by it.</exception>
    /// <exception cref="PoolClosedException">The pool is drained.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public ValueTask<Lease<T>> AcquireAsync(
        AcquirePriority priority,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        var limit = timeout ?? _core.DefaultTimeout;
        ThrowIfNoTimeout(limit);
        if (priority is < AcquirePriority.Low or > AcquirePriority.High)
        {
            throw new ArgumentOutOfRangeException(nameof(priority), priority, "A priority is Low, Normal or High.");
        }

        return !cancellationToken.IsCancellationRequested && _core.TryAcquire(out var token, member, file, line) is { } entry
            ? new ValueTask<Lease<T>>(new Lease<T>(entry, token))
            : AcquireSlowlyAsync(limit, member, file, line, cancellationToken, priority);
    }

    /// <summary>
    /// Lends a resource to a caller that blocks, within the given time. The factory must implement
    /// <see cref="ISyncResourceFactory{T}"/>: blocking on asynchronous stages takes the very threads that would finish them.
    /// </summary>
    /// <param name="timeout">How long it may take in all. A validation that blocks is not cut short.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The lease, to be disposed.</returns>
    /// <exception cref="NotSupportedException">The factory has no synchronous stages.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is negative and not infinite.</exception>
    /// <exception cref="PoolExhaustedException">The deadline passed while waiting, or too many wait.</exception>
    /// <exception cref="ResourceTimeoutException">The deadline passed while the caller's resource was being created.</exception>
    /// <exception cref="ResourceInitializationException">The factory failed; the inner exception is its failure.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; nothing is lost by it.</exception>
    /// <exception cref="PoolClosedException">The pool is drained.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public Lease<T> Acquire(
        TimeSpan timeout,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        ThrowIfNoTimeout(timeout);
        if (!_core.IsSync)
        {
            throw new NotSupportedException(
                $"Pool '{Name}' cannot serve Acquire, which blocks: its factory does not implement "
                + $"{nameof(ISyncResourceFactory<>)}<{typeof(T).Name}>. "
                + "Implement it, use ResourceFactory.CreateSync, or call AcquireAsync.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        var entry = _core.AcquireBlocking(
            new AcquireRequest(timeout, member, file, line), out var token, cancellationToken);
        return new Lease<T>(entry, token);
    }

    /// <inheritdoc/>
    public bool TryAcquire(
        out Lease<T> lease,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        var entry = _core.TryAcquire(out var token, member, file, line);
        lease = entry is null ? default : new Lease<T>(entry, token);
        return entry is not null;
    }

    /// <inheritdoc/>
    public PoolObservation Observation => _core.GetObservation();

    /// <inheritdoc/>
    public SizingAdvice RecommendSize(ISizingPolicy? policy = null) =>
        (policy ?? SizingPolicies.Create(SizingPolicies.Default)).Advise(Observation);

    /// <inheritdoc/>
    public IReadOnlyList<LeaseInfo> GetLeases() => _core.GetLeases();

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException"><paramref name="handler"/> is null.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public IDisposable Subscribe(Action<PoolEvent> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return _core.Subscribe(handler);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A size is out of its range; the message lists all faults.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public void Resize(int minSize, int maxSize) => _core.Resize(minSize, maxSize);

    /// <summary>
    /// Has nothing created until <see cref="CloseCircuit"/>; what is idle is lent all the same, and callers for whom there is
    /// nothing are told at once. Results of creations under way do not count for the circuit.
    /// </summary>
    /// <param name="reason">Why, for the messages of those who are told.</param>
    /// <exception cref="InvalidOperationException">The pool has no <see cref="ResourcePoolOptions.Recovery"/>.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public void IsolateCircuit(string? reason = null) => _core.IsolateCircuit(reason);

    /// <summary>
    /// Closes the circuit of the creations, however it stands, and forgets its failures. Creations begin slowly, one more with
    /// each that succeeds.
    /// </summary>
    /// <exception cref="InvalidOperationException">The pool has no <see cref="ResourcePoolOptions.Recovery"/>.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public void CloseCircuit() => _core.CloseCircuit();

    /// <inheritdoc/>
    /// <exception cref="PoolClosedException">The pool is drained, or being drained.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public void Pause() => _core.Pause();

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public void Resume() => _core.Resume();

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public void Invalidate() => _core.Invalidate();

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="over"/> is negative.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public void Invalidate(TimeSpan over)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(over, TimeSpan.Zero);
        if (over == TimeSpan.Zero)
        {
            _core.Invalidate();
        }
        else
        {
            _core.Invalidate(over);
        }
    }

    /// <summary>
    /// Makes what comes by another factory, and puts what the old one made out of service; each resource is destroyed by the
    /// factory that made it.
    /// </summary>
    /// <param name="factory">The new factory.</param>
    /// <param name="cancellationToken">Ends the wait; the change stands.</param>
    /// <returns>Ends when the last resource of the old factory is gone.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="factory"/> is null.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public Task ReplaceFactoryAsync(IResourceFactory<T> factory, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(factory);
        return _core.ReplaceFactoryAsync(new FactoryAdapter<T>(factory), cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="ResourceInitializationException">A creation failed; the inner exception is its failure.</exception>
    /// <exception cref="PoolClosedException">The pool is drained.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public Task WarmUpAsync(CancellationToken cancellationToken = default) => _core.WarmUpAsync(cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public Task DrainAsync(CancellationToken cancellationToken = default) =>
        _core.DrainAsync(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>The same as <see cref="DrainAsync(CancellationToken)"/>, within a time.</summary>
    /// <param name="timeout">How long to wait for the leases that are out.</param>
    /// <param name="cancellationToken">Ends the wait; the pool stays closed.</param>
    /// <returns>Ends when nothing is left.</returns>
    /// <exception cref="ResourceBusyException">Leases were still out when the time was over; it names their holders.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is negative and not infinite.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public Task DrainAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ThrowIfNoTimeout(timeout);
        return _core.DrainAsync(timeout, cancellationToken);
    }

    /// <summary>
    /// Closes the pool: callers that wait get <see cref="ObjectDisposedException"/>, idle resources are destroyed, creations are
    /// cancelled. Lent resources are destroyed when they come back, which is not waited for. Twice is harmless.
    /// </summary>
    /// <returns>Ends when nothing but lent resources is left.</returns>
    public ValueTask DisposeAsync() => new(_core.DisposeAsync());

    private static void ThrowIfNoTimeout(TimeSpan timeout)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(
                nameof(timeout), timeout, "A timeout is zero or more, or Timeout.InfiniteTimeSpan.");
        }
    }

    /// <summary>What follows when nothing was ready: the caller queues.</summary>
    internal ValueTask<Lease<T>> AcquireSlowlyAsync(
        TimeSpan timeout,
        string? member,
        string? file,
        int line,
        CancellationToken cancellationToken,
        AcquirePriority priority = AcquirePriority.Normal)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<Lease<T>>(cancellationToken);
        }

        PoolWaiter? queued = null;
        if (_core.Enqueue(new AcquireRequest(timeout, member, file, line, priority), ref queued, out var isAlone) is { } refusal)
        {
            return ValueTask.FromException<Lease<T>>(refusal);
        }

        var waiter = Unsafe.As<AsyncPoolWaiter<T>>(queued!);
        _core.NoteTrace(waiter);
        waiter.Watch(cancellationToken);
        _core.ServeCaller(isAlone);
        if (timeout == TimeSpan.Zero)
        {
            _core.ExpireNow(waiter);
        }

        return waiter.Task;
    }
}
