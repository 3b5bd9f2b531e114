namespace Pepper.Resources.Providers;

/// <summary>
/// The base of memory stores: it checks what is asked for, makes vectors, resolves times to live and rankings, and leaves to the
/// store what differs.
/// </summary>
/// <remarks>
/// What reaches a store has been checked and completed. A <see cref="MemoryPut"/> has metadata that nobody else can change, a
/// unit
/// vector or none, and a <see cref="MemoryPut.TimeToLive"/> that is null for ever and positive otherwise. A
/// <see cref="MemorySearch"/> has a <see cref="MemorySearch.Ranking"/> other than <see cref="MemoryRanking.Auto"/>, and a unit
/// vector if that ranking needs one.
/// </remarks>
public abstract class MemoryStore : IMemoryStore
{
    private readonly MemoryPreparation _preparation;
    private long _sweptAt;

    /// <summary>Makes the store's front.</summary>
    /// <param name="options">Copied; null: the defaults.</param>
    /// <param name="timeProvider">Where its time comes from; null: <see cref="TimeProvider.System"/>.</param>
    /// <exception cref="ArgumentException">Options are out of range; the message lists all of them.</exception>
    protected MemoryStore(MemoryStoreOptions? options = null, TimeProvider? timeProvider = null)
    {
        var frozen = (options ?? new MemoryStoreOptions()).Freeze();
        _preparation = new MemoryPreparation(frozen);
        Time = timeProvider ?? TimeProvider.System;
        SweepInterval = frozen.SweepInterval;
        Fusion = new MemoryFusion(frozen.Fusion);
        HasEmbedding = frozen.Embedding is not null;
        _sweptAt = Time.GetTimestamp();
    }

    /// <inheritdoc/>
    public abstract MemoryCapabilities Capabilities { get; }

    /// <summary>Where the time comes from.</summary>
    protected TimeProvider Time { get; }

    /// <summary><see cref="MemoryStoreOptions.SweepInterval"/>.</summary>
    protected TimeSpan SweepInterval { get; }

    /// <summary><see cref="MemoryStoreOptions.Fusion"/>.</summary>
    protected MemoryFusion Fusion { get; }

    /// <summary>Whether <see cref="MemoryStoreOptions.Embedding"/> is set.</summary>
    protected bool HasEmbedding { get; }

    /// <summary>
    /// The capabilities of a store that searches by text and by vectors and whose batches are atomic; embeddings as the options
    /// have them.
    /// </summary>
    /// <param name="isPersistent">Whether entries outlive the process.</param>
    /// <param name="granularity">The steps of times to live.</param>
    protected MemoryCapabilities FullCapabilities(bool isPersistent, TimeSpan granularity) => new()
    {
        TextSearch = true,
        VectorSearch = true,
        Embeddings = HasEmbedding,
        AtomicBatches = true,
        Persistent = isPersistent,
        TimeToLiveGranularity = granularity,
    };

    /// <summary>
    /// Whether it is time for what these operations are part of to remove what has expired: once in <see cref="SweepInterval"/>,
    /// and only with a put among them. Who is told so is to do it, as nobody else is.
    /// </summary>
    /// <param name="operations">The operations.</param>
    protected bool TakesSweep(IReadOnlyList<MemoryOperation> operations)
    {
        var last = Interlocked.Read(ref _sweptAt);
        return SweepInterval != Timeout.InfiniteTimeSpan && operations.Any(static one => one is MemoryPut)
            && Time.GetElapsedTime(last) >= SweepInterval
            && Interlocked.CompareExchange(ref _sweptAt, Time.GetTimestamp(), last) == last;
    }

    /// <summary>A new ETag: random, so that no two writes share one, in this process or another.</summary>
    protected static string NewETag() => Guid.NewGuid().ToString("N");

    /// <inheritdoc/>
    public async ValueTask<MemoryEntry?> GetAsync(
        MemoryNamespace ns, string key, bool refreshTimeToLive = false, CancellationToken cancellationToken = default) =>
        (await RunAsync(new MemoryGet(ns, key) { RefreshTimeToLive = refreshTimeToLive }, cancellationToken)
            .ConfigureAwait(false)).Entry;

    /// <inheritdoc/>
    public async ValueTask<string> PutAsync(MemoryPut put, CancellationToken cancellationToken = default) =>
        (await RunAsync(put, cancellationToken).ConfigureAwait(false)).ETag!;

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteAsync(
        MemoryNamespace ns, string key, string? ifMatch = null, CancellationToken cancellationToken = default) =>
        (await RunAsync(new MemoryDelete(ns, key) { IfMatch = ifMatch }, cancellationToken).ConfigureAwait(false)).Deleted;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<MemoryMatch>> SearchAsync(
        MemorySearch search, CancellationToken cancellationToken = default) =>
        (await RunAsync(search, cancellationToken).ConfigureAwait(false)).Matches;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<MemoryResult>> BatchAsync(
        IReadOnlyList<MemoryOperation> operations, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operations);
        cancellationToken.ThrowIfCancellationRequested();
        var prepared = await _preparation.PrepareAsync(operations, Capabilities, cancellationToken).ConfigureAwait(false);
        if (prepared.Count == 0)
        {
            return [];
        }

        await CheckDimensionsAsync(prepared, cancellationToken).ConfigureAwait(false);
        return await ExecuteAsync(prepared, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<MemoryNamespace>> ListNamespacesAsync(
        MemoryNamespaceQuery? query = null, CancellationToken cancellationToken = default)
    {
        query ??= new MemoryNamespaceQuery();
        MemoryPreparation.Check(query);
        cancellationToken.ThrowIfCancellationRequested();
        var all = await ReadNamespacesAsync(query.Prefix, cancellationToken).ConfigureAwait(false);
        return
        [
            .. all.Where(ns => ns.EndsWith(query.Suffix)).Select(ns => ns.Truncate(query.MaxDepth ?? ns.Depth)).Distinct()
                .Order().Skip(query.Offset).Take(query.Limit),
        ];
    }

    /// <inheritdoc/>
    public ValueTask<int> DeleteNamespaceAsync(MemoryNamespace ns, CancellationToken cancellationToken = default)
    {
        MemoryPreparation.CheckNotRoot(ns, nameof(ns));
        cancellationToken.ThrowIfCancellationRequested();
        return RemoveNamespaceAsync(ns, cancellationToken);
    }

    /// <inheritdoc/>
    public abstract ValueTask<int> RemoveExpiredAsync(CancellationToken cancellationToken = default);

    /// <summary>Does the operations in their order, as <see cref="IMemoryStore.BatchAsync"/> has it.</summary>
    /// <param name="operations">At least one; checked and completed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>One result for each.</returns>
    protected abstract ValueTask<IReadOnlyList<MemoryResult>> ExecuteAsync(
        IReadOnlyList<MemoryOperation> operations, CancellationToken cancellationToken);

    /// <summary>Reads which namespaces hold live entries, each once, in any order.</summary>
    /// <param name="prefix">Only this one and those below.</param>
    /// <param name="cancellationToken">Gives up.</param>
    protected abstract ValueTask<IReadOnlyList<MemoryNamespace>> ReadNamespacesAsync(
        MemoryNamespace prefix, CancellationToken cancellationToken);

    /// <summary>Deletes all of a namespace and of those below it, and tells how many live entries there were.</summary>
    /// <param name="ns">Not the root.</param>
    /// <param name="cancellationToken">Gives up.</param>
    protected abstract ValueTask<int> RemoveNamespaceAsync(MemoryNamespace ns, CancellationToken cancellationToken);

    /// <summary>How many elements the store's vectors have.</summary>
    /// <param name="proposed">Remembered for good if the store has no vectors yet; null: only asks.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The number; null when there are no vectors yet and none was proposed.</returns>
    protected abstract ValueTask<int?> AgreeOnDimensionsAsync(int? proposed, CancellationToken cancellationToken);

    private async ValueTask<MemoryResult> RunAsync(MemoryOperation operation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return (await BatchAsync([operation], cancellationToken).ConfigureAwait(false))[0];
    }

    private async ValueTask CheckDimensionsAsync(
        IReadOnlyList<MemoryOperation> operations, CancellationToken cancellationToken)
    {
        // Among themselves first: operations that are refused must not decide which length the store has from now on.
        int? length = null;
        var isPut = false;
        foreach (var operation in operations)
        {
            if (LengthOf(operation) is { } given)
            {
                CheckDimensions(given, length);
                length = given;
                isPut |= operation is MemoryPut;
            }
        }

        if (length is { } all)
        {
            CheckDimensions(all, await AgreeOnDimensionsAsync(isPut ? all : null, cancellationToken).ConfigureAwait(false));
        }
    }

    private static int? LengthOf(MemoryOperation operation) => operation switch
    {
        MemoryPut put => put.Vector?.Length,
        MemorySearch search => search.Vector?.Length,
        _ => null,
    };

    private static void CheckDimensions(int given, int? known)
    {
        if (known is { } other && given != other)
        {
            throw new ArgumentException(
                $"A vector has {given} elements, and those of this store have {other}: use one embedding for a store, and a new "
                + "store for another one.");
        }
    }
}
