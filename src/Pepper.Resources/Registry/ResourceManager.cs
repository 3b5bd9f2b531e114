using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Cleanup;
using Pepper.Resources.Monitoring;
using Pepper.Resources.Recovery;

namespace Pepper.Resources;

/// <summary>
/// Owns one resource per id and lends it to any number of holders at once. A resource is never cleaned up under somebody who
/// holds it.
/// </summary>
/// <remarks>Safe from any thread. No code of the user's runs under a lock.</remarks>
[DebuggerDisplay("{Count} resources")]
public sealed partial class ResourceManager : IAsyncDisposable
{
    private const string Expired = "expired";

    private readonly ConcurrentDictionary<string, RegistryEntry> _entries = new(StringComparer.Ordinal);
    private readonly ResourceManagerOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ResourceMonitor _monitor;
    private readonly ILogger _logger;
    private readonly CleanupScheduler _expiry;
    private readonly Source _source;
    private readonly TaskCompletionSource _disposal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _sequence;
    private int _isDisposed;

    /// <summary>Makes a manager.</summary>
    /// <param name="options">Its name and its time limits; they are copied.</param>
    /// <param name="timeProvider">Where it takes the time from. Default: the system's.</param>
    /// <param name="monitor">Where it is seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where it logs. Default: nowhere.</param>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public ResourceManager(
        ResourceManagerOptions? options = null,
        TimeProvider? timeProvider = null,
        ResourceMonitor? monitor = null,
        ILogger<ResourceManager>? logger = null)
    {
        _options = (options ?? new ResourceManagerOptions()).Freeze();
        _timeProvider = timeProvider ?? TimeProvider.System;
        _monitor = monitor ?? ResourceMonitor.Shared;
        _logger = new SafeLogger(logger ?? NullLogger<ResourceManager>.Instance);
        _expiry = new CleanupScheduler(new CleanupSchedulerOptions { CleanupTimeout = Timeout.InfiniteTimeSpan }, _timeProvider);
        _budget = new Lazy<RetryBudget>(
            () => new RetryBudget(new RetryBudgetOptions { Name = _options.Name }, _timeProvider, _monitor));
        _source = new Source(this);
        _monitor.Sources.Add(_source);
    }

    /// <summary>How many resources are registered, those included that are being released.</summary>
    public int Count => _entries.Count;

    /// <summary>
    /// Takes a resource over and makes it ready. From then on the manager owns it. When that fails nothing is left behind, and
    /// the id is free.
    /// </summary>
    /// <param name="resource">The resource.</param>
    /// <param name="cancellationToken">Ends the initialization.</param>
    /// <returns>Ends when the resource can be acquired.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="resource"/> is null.</exception>
    /// <exception cref="DuplicateResourceException">
    /// The id is taken, also by one that is being registered or released.
    /// </exception>
    /// <exception cref="ResourceInitializationException">
    /// The resource could not be made ready; it has been cleaned up.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the resource has been cleaned up.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public async Task RegisterAsync(Resource resource, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ThrowIfDisposed();
        var started = _timeProvider.GetTimestamp();
        var entry = Add(resource.Metadata.Id, resource.Metadata.Type);
        var registration = NewRegistration(entry, resource);
        entry.Current = registration;
        try
        {
            await resource.InitializeAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            await UndoAsync(registration, failure).ConfigureAwait(false);
            if (failure is ResourceInitializationException or OperationCanceledException)
            {
                throw;
            }

            throw new ResourceInitializationException(
                $"Resource '{registration.Id}' ({registration.Type}) could not be registered: {failure.Message}",
                registration.Id, resource.Metadata.Type, failure);
        }

        await BeginAsync(registration, started).ConfigureAwait(false);
    }

    /// <summary>
    /// Lends a resource, and notes the use. Waits for one that is being registered; and, where the manager makes it, for one that
    /// is made anew. Whoever has found a resource broken returns it before asking for the next, which is made after that.
    /// </summary>
    /// <param name="id">The id of the resource.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A shared lease, to be disposed.</returns>
    /// <exception cref="ResourceNotFoundException">No such resource, or it is being released, or has expired.</exception>
    /// <exception cref="ResourceInitializationException">It was found broken, and could not be made anew.</exception>
    /// <exception cref="ResourceTimeoutException">
    /// That took longer than <see cref="ResourceManagerOptions.CreateTimeout"/>.
    /// </exception>
    /// <exception cref="CircuitOpenException">That has failed so often that it rests for a while.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="id"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public ValueTask<Lease<Resource>> AcquireAsync(
        string id,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0) =>
        AcquireAsync<Resource>(id, cancellationToken, member, file, line);

    /// <summary>The same, seen as a type of resource.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="id">The id of the resource.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A shared lease, to be disposed.</returns>
    /// <exception cref="ResourceNotFoundException">No such resource, or it is being released, or has expired.</exception>
    /// <exception cref="ResourceInitializationException">It was found broken, and could not be made anew.</exception>
    /// <exception cref="ResourceTimeoutException">
    /// That took longer than <see cref="ResourceManagerOptions.CreateTimeout"/>.
    /// </exception>
    /// <exception cref="CircuitOpenException">That has failed so often that it rests for a while.</exception>
    /// <exception cref="InvalidCastException">The resource is not of that type.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="id"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    public async ValueTask<Lease<T>> AcquireAsync<T>(
        string id,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
        where T : Resource
    {
        ArgumentNullException.ThrowIfNull(id);
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        if (!_entries.TryGetValue(id, out var entry))
        {
            throw NotFound(id, "no resource is registered under this Id", "unknown");
        }

        await entry.Ready.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!entry.IsUsable)
        {
            throw NotFound(id, "its registration failed", entry.Type);
        }

        var traceId = _options.TrackTraces ? Activity.Current?.TraceId.ToHexString() : null;
        Registration? broken = null;
        while (true)
        {
            var registration = await FindAsync(entry, broken, cancellationToken).ConfigureAwait(false);
            if (registration.Resource is not T)
            {
                throw new InvalidCastException(
                    $"Resource '{id}' is a {registration.Resource.GetType()}, which is not a {typeof(T)}.");
            }

            if (TryExpire(registration))
            {
                EndInBackground(registration);
            }

            if (registration.Slot.TryLend(CallSite.From(member, file, line), traceId, out var token) is { } loan)
            {
                registration.Resource.Touch();
                _monitor.RecordOperation("acquire", registration.Type);
                return new Lease<T>(loan, token);
            }

            if (entry.Healing is not null && !registration.Slot.IsClosed)
            {
                // Somebody has disposed it, or failed it: it is as good as broken.
                registration.Slot.Invalidate(new ResourceException(
                    $"Resource '{id}' cannot be lent: {WhyNotLent(registration)}.", id, registration.Resource.Metadata.Type));
            }

            if (entry.Healing is null || !registration.IsBroken)
            {
                throw NotFound(id, WhyNotLent(registration), registration.Type);
            }

            broken = registration;
        }
    }

    /// <summary>
    /// Cleans a resource up and forgets it: nobody new gets it, who holds it is waited for. An id that is not registered is
    /// harmless. A resource whose cleanup fails is forgotten all the same.
    /// </summary>
    /// <param name="id">The id of the resource.</param>
    /// <param name="cancellationToken">Ends the wait; the last holder's return cleans up.</param>
    /// <returns>Ends when the resource is cleaned up.</returns>
    /// <exception cref="ResourceBusyException">
    /// It was held for longer than <see cref="ResourceManagerOptions.ReleaseTimeout"/>: the holders are named. The last one's
    /// return cleans up; until then the id stays taken.
    /// </exception>
    /// <exception cref="ResourceCleanupException">The cleanup failed.</exception>
    /// <exception cref="ResourceTimeoutException">
    /// The cleanup took longer than <see cref="ResourceManagerOptions.CleanupTimeout"/>.
    /// </exception>
    /// <exception cref="ArgumentNullException"><paramref name="id"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task ReleaseAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        cancellationToken.ThrowIfCancellationRequested();
        if (!_entries.TryGetValue(id, out var entry))
        {
            return;
        }

        await entry.Ready.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!entry.IsUsable)
        {
            return;
        }

        if (BeginRelease(entry, "released") is { } registration)
        {
            await WaitForHoldersAsync(registration, _options.ReleaseTimeout, cancellationToken).ConfigureAwait(false);
            await registration.Cleaned.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await entry.Gone.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Cleans up every resource whose time to live is over. What is lent has not expired. The manager does so by itself as
    /// well, for each resource when its time comes. A cleanup that fails is logged and does not stop the others.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait; cleanups that have begun go on.</param>
    /// <returns>How many resources were cleaned up by this call.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<int> CleanupExpiredAsync(CancellationToken cancellationToken = default)
    {
        List<Task> ends = [];
        foreach (var entry in _entries.Values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (entry is { IsUsable: true, Current: { } registration } && EndIfExpired(registration) is { } end)
            {
                ends.Add(end);
            }
        }

        await Task.WhenAll(ends).WaitAsync(cancellationToken).ConfigureAwait(false);
        return ends.Count;
    }

    /// <summary>
    /// Releases every resource, the last registered first; holders are waited for,
    /// <see cref="ResourceManagerOptions.ReleaseTimeout"/> in all. What is still held then is cleaned up when its last holder
    /// returns it, and what is still being registered when that ends. Does not throw; what fails is logged. Twice is harmless:
    /// both calls wait.
    /// </summary>
    /// <returns>Ends when nothing is left but what is still held or being registered.</returns>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _ = DisposeOnceAsync();
        }

        return new ValueTask(_disposal.Task);
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);

    /// <summary>Takes the id.</summary>
    private RegistryEntry Add(string id, ResourceType type)
    {
        var entry = new RegistryEntry(id, Interlocked.Increment(ref _sequence));
        if (!_entries.TryAdd(id, entry))
        {
            throw new DuplicateResourceException(
                $"Resource '{id}' ({type.ToLabel()}) cannot be registered: its Id is taken.", id, type);
        }

        if (Volatile.Read(ref _isDisposed) != 0)
        {
            // A disposal that has begun need not have seen it: it goes as it came.
            Forget(entry);
            entry.MarkReady(isUsable: false);
            ThrowIfDisposed();
        }

        return entry;
    }

    /// <summary>The resource is ready: from now on it can be acquired.</summary>
    private async Task BeginAsync(Registration registration, long started)
    {
        registration.Entry.MarkReady(isUsable: true);
        var time = _timeProvider.GetElapsedTime(started);
        ResourceMonitor.Record(_monitor.Instruments.InitDuration, time, "type", registration.Type);
        _monitor.RecordOperation("register", registration.Type, success: true, time);
        ResourceLog.Registered(_logger, registration.Id, registration.Type);
        ScheduleExpiry(registration);
        if (Volatile.Read(ref _isDisposed) != 0)
        {
            await ReleaseForDisposalAsync(registration.Entry, _timeProvider.GetTimestamp()).ConfigureAwait(false);
            ThrowIfDisposed();
        }
    }

    /// <summary>What is to be lent now, which may have to be made first.</summary>
    private async ValueTask<Registration> FindAsync(
        RegistryEntry entry, Registration? broken, CancellationToken cancellationToken)
    {
        if (entry.Healing is not { } healing)
        {
            return entry.Current!;
        }

        try
        {
            return await healing.GetAsync(broken, cancellationToken).ConfigureAwait(false)
                ?? throw new ResourceNotFoundException(
                    $"Resource '{entry.Id}' cannot be acquired: it is being released.", entry.Id);
        }
        catch (ResourceException failure)
        {
            _monitor.RecordFailure("acquire", entry.Type, CauseOf(failure));
            throw;
        }
    }

    private static string WhyNotLent(Registration registration) => registration.Slot switch
    {
        { IsClosed: true, Reason: Expired } => $"its TimeToLive ({registration.Resource.Metadata.TimeToLive}) is over",
        { IsClosed: true, Reason: SharedSlot.Invalidated } => "a holder found it broken",
        { IsClosed: true } => "it is being released",
        _ => $"it is {registration.Resource.State}",
    };

    private ResourceNotFoundException NotFound(string id, string why, string type)
    {
        var failure = new ResourceNotFoundException($"Resource '{id}' cannot be acquired: {why}.", id);
        _monitor.RecordFailure("acquire", type, failure);
        return failure;
    }
}
