using System.Diagnostics;

namespace Pepper.Resources;

/// <summary>
/// One expensive thing with a life of its own: derive from it, say in <see cref="OnInitializeAsync"/> how it is made ready and in
/// <see cref="OnCleanupAsync"/> how it is closed, and give it to a <c>ResourceManager</c>, which owns it from then on.
/// </summary>
/// <remarks>Every member may be called from any thread. The two hooks never run at the same time.</remarks>
[DebuggerDisplay("{Metadata.Type} {Metadata.Id}: {State}")]
public abstract class Resource : IAsyncDisposable
{
    // An asynchronous mutual exclusion over the two hooks: they are user code, so no lock may be held while they run.
    private readonly SemaphoreSlim _stage = new(1, 1);
    private long _lastUsed;

    /// <summary>Makes the resource; nothing is opened yet.</summary>
    /// <param name="metadata">Its id, type, owner, time to live and labels.</param>
    /// <param name="timeProvider">Where it takes the time from. Default: the system's.</param>
    /// <exception cref="ArgumentNullException"><paramref name="metadata"/> is null.</exception>
    protected Resource(ResourceMetadata metadata, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        TimeProvider = timeProvider ?? TimeProvider.System;
        Metadata = metadata.CreatedAt == default ? metadata with { CreatedAt = TimeProvider.GetUtcNow() } : metadata;
        _lastUsed = TimeProvider.GetTimestamp();
    }

    /// <summary>Its id, type, owner, time to live and labels.</summary>
    public ResourceMetadata Metadata { get; }

    /// <summary>Where it stands in its life.</summary>
    public ResourceState State => Lifecycle.State;

    /// <summary>When it was last used, on the wall clock of its time provider: now, less the monotonic time since.</summary>
    public DateTimeOffset LastUsedAt => TimeProvider.GetUtcNow() - SinceLastUse;

    /// <summary>Whether more than its time to live has passed since its last use. What is in use has not expired.</summary>
    public bool IsExpired =>
        Metadata.TimeToLive is { } timeToLive && State != ResourceState.InUse && SinceLastUse >= timeToLive;

    /// <summary>Where the resource takes the time from.</summary>
    protected TimeProvider TimeProvider { get; }

    internal ResourceLifecycle Lifecycle { get; } = new();

    internal TimeSpan SinceLastUse => TimeProvider.GetElapsedTime(Volatile.Read(ref _lastUsed));

    /// <summary>Notes a use: its time to live counts from here.</summary>
    public void Touch() => Volatile.Write(ref _lastUsed, TimeProvider.GetTimestamp());

    /// <summary>
    /// Makes the resource ready. Does nothing when it is ready already; makes a <see cref="ResourceState.Failed"/> one ready
    /// again.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait for another stage, and is passed to the hook.</param>
    /// <exception cref="ResourceInitializationException">
    /// The hook failed; the resource is <see cref="ResourceState.Failed"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">
    /// The token was cancelled; a hook that had begun leaves the resource failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The resource has been disposed.</exception>
    public async Task InitializeAsync(CancellationToken cancellationToken = default)
    {
        await _stage.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(State == ResourceState.Disposed, this);
            if (State is not (ResourceState.Created or ResourceState.Failed))
            {
                return;
            }

            await InitializeOnceAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _stage.Release();
        }
    }

    /// <summary>
    /// Cleans the resource up, once, however often it is called; waits for an initialization that is under way. A resource that
    /// was never initialized has nothing to clean up.
    /// </summary>
    /// <exception cref="ResourceException">The resource is lent: it is never cleaned up under its holder.</exception>
    /// <exception cref="ResourceCleanupException">The hook failed; the resource is disposed all the same.</exception>
    public async ValueTask DisposeAsync()
    {
        await _stage.WaitAsync().ConfigureAwait(false);
        try
        {
            var wasMade = State != ResourceState.Created;
            if (Lifecycle.TryDispose())
            {
                await CleanupOnceAsync(wasMade).ConfigureAwait(false);
            }
            else if (State != ResourceState.Disposed)
            {
                throw new ResourceException(
                    $"Resource '{Metadata.Id}' is in use and cannot be disposed: dispose its leases first, "
                    + "or let ResourceManager.ReleaseAsync wait for them.",
                    Metadata.Id, Metadata.Type);
            }
        }
        finally
        {
            _stage.Release();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Opens or makes what the resource stands for.</summary>
    /// <param name="cancellationToken">To be honoured: the caller has given up.</param>
    protected abstract ValueTask OnInitializeAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Closes what the resource stands for. It runs once, also after an <see cref="OnInitializeAsync"/> that failed half-way,
    /// and so has to cope with what is only partly there.
    /// </summary>
    protected abstract ValueTask OnCleanupAsync();

    private async ValueTask InitializeOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            await OnInitializeAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Lifecycle.TryFail();
            if (failure is OperationCanceledException && cancellationToken.IsCancellationRequested)
            {
                throw;
            }

            throw new ResourceInitializationException(
                $"Resource '{Metadata.Id}' ({Metadata.Type.ToLabel()}) could not be initialized: {failure.Message}",
                Metadata.Id, Metadata.Type, failure);
        }

        if (!Lifecycle.TryInitialize())
        {
            Lifecycle.TryRecover();
        }

        Touch();
    }

    private async ValueTask CleanupOnceAsync(bool wasMade)
    {
        if (!wasMade)
        {
            return;
        }

        try
        {
            await OnCleanupAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            throw new ResourceCleanupException(
                $"Resource '{Metadata.Id}' ({Metadata.Type.ToLabel()}) could not be cleaned up: {failure.Message}",
                Metadata.Id, Metadata.Type, failure);
        }
    }
}
