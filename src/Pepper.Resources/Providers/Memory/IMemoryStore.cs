namespace Pepper.Resources.Providers;

/// <summary>
/// What an assistant or a service remembers: texts with metadata under a namespace and a key, found again by their key, by their
/// words, by their meaning (vectors), or by both.
/// </summary>
/// <remarks>
/// <para>The model is that of LangGraph's BaseStore (namespaces that are lists of segments, a key, put with an index and a time
/// to live, search below a namespace, batches), with ETags and the deletion of whole namespaces added.</para>
/// <para>All members are safe to use from any thread. Names and texts are data wherever they go: no store gives a character of
/// them a meaning. Names are compared character by character, so case counts. What has expired is never returned.</para>
/// <para>Names, keys and texts must be well-formed Unicode without U+0000. The limits of <see cref="Capabilities"/> hold for
/// every store; what breaks one is an <see cref="ArgumentException"/> before anything is written.</para>
/// </remarks>
public interface IMemoryStore
{
    /// <summary>What this store can do, and its limits. Never changes.</summary>
    MemoryCapabilities Capabilities { get; }

    /// <summary>Gets the entry under a key.</summary>
    /// <param name="ns">The exact namespace.</param>
    /// <param name="key">The key in it.</param>
    /// <param name="refreshTimeToLive">
    /// Whether an entry with a time to live begins to live it anew, its ETag unchanged. What has expired stays so.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The entry; null when there is none, or when it has expired.</returns>
    /// <exception cref="ArgumentException">The namespace is the root, or a name is not one.</exception>
    ValueTask<MemoryEntry?> GetAsync(
        MemoryNamespace ns, string key, bool refreshTimeToLive = false, CancellationToken cancellationToken = default);

    /// <summary>Writes an entry, in place of the one under its key, if any.</summary>
    /// <param name="put">What to write, and on which condition.</param>
    /// <param name="cancellationToken">Gives up; then the entry is written or not, never in part.</param>
    /// <returns>The entry's new ETag, which no earlier or later write of any entry has.</returns>
    /// <exception cref="MemoryConflictException">The condition does not hold: nothing was written.</exception>
    /// <exception cref="ArgumentException">The namespace is the root, a name is not one, or a limit is exceeded.</exception>
    ValueTask<string> PutAsync(MemoryPut put, CancellationToken cancellationToken = default);

    /// <summary>Deletes the entry under a key.</summary>
    /// <param name="ns">The exact namespace.</param>
    /// <param name="key">The key in it.</param>
    /// <param name="ifMatch">Deletes only the entry that has this ETag; null: any.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether there was a live entry.</returns>
    /// <exception cref="MemoryConflictException">
    /// <paramref name="ifMatch"/> is given, and the entry has another ETag or is not there: nothing was deleted.
    /// </exception>
    /// <exception cref="ArgumentException">The namespace is the root, or a name is not one.</exception>
    ValueTask<bool> DeleteAsync(
        MemoryNamespace ns, string key, string? ifMatch = null, CancellationToken cancellationToken = default);

    /// <summary>Finds entries in a namespace and all those below it.</summary>
    /// <param name="search">What to look for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// One page, the best match first; without a query, in order of namespace and key. Equally good matches stand in an order
    /// that
    /// stays the same while nobody writes.
    /// </returns>
    /// <exception cref="ArgumentException">The search contradicts itself, or a limit is exceeded.</exception>
    /// <exception cref="NotSupportedException">It needs what <see cref="Capabilities"/> does not offer.</exception>
    ValueTask<IReadOnlyList<MemoryMatch>> SearchAsync(MemorySearch search, CancellationToken cancellationToken = default);

    /// <summary>Lists the namespaces that hold live entries, in order.</summary>
    /// <param name="query">Which ones; null: all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>One page of them, each once.</returns>
    /// <exception cref="ArgumentException">The page or the depth is out of range.</exception>
    ValueTask<IReadOnlyList<MemoryNamespace>> ListNamespacesAsync(
        MemoryNamespaceQuery? query = null, CancellationToken cancellationToken = default);

    /// <summary>Deletes all entries of a namespace and of those below it.</summary>
    /// <param name="ns">The namespace; not the root, so that nobody empties a store by an empty variable.</param>
    /// <param name="cancellationToken">Gives up; then all of it is deleted or nothing.</param>
    /// <returns>How many live entries there were.</returns>
    /// <exception cref="ArgumentException">The namespace is the root.</exception>
    ValueTask<int> DeleteNamespaceAsync(MemoryNamespace ns, CancellationToken cancellationToken = default);

    /// <summary>
    /// Does several things in their order, each seeing what those before it have done. Where
    /// <see cref="MemoryCapabilities.AtomicBatches"/> is true, all of it happens or nothing, and nobody sees a part of it.
    /// </summary>
    /// <param name="operations">
    /// <see cref="MemoryGet"/>, <see cref="MemoryPut"/>, <see cref="MemoryDelete"/> and <see cref="MemorySearch"/>; none: nothing
    /// is done.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>One result for each operation, in the same order.</returns>
    /// <exception cref="MemoryConflictException">A condition does not hold; its operation's index is in the
    /// exception.</exception>
    /// <exception cref="ArgumentException">An operation is faulty, or there are too many: nothing was done.</exception>
    ValueTask<IReadOnlyList<MemoryResult>> BatchAsync(
        IReadOnlyList<MemoryOperation> operations, CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes what has expired. Nobody needs to call this, as nothing expired is ever returned and writes clear up now and then;
    /// it frees the space at a time of one's own.
    /// </summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many entries were removed.</returns>
    ValueTask<int> RemoveExpiredAsync(CancellationToken cancellationToken = default);
}
