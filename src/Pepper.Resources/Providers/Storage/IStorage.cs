namespace Pepper.Resources.Providers;

/// <summary>
/// Contents under keys. Each write is all there or not there, gives its entry a new ETag (also when it writes the same
/// again), and
/// is durable when it has ended, as far as the storage's documentation promises.
/// </summary>
/// <remarks>
/// <para>
/// A key is 1 to <see cref="StorageCapabilities.MaxKeyBytes"/> bytes of UTF-8, compared by its bytes: <c>A</c> is not
/// <c>a</c>, and
/// the two normal forms of an accented letter are two keys. A slash has no meaning but in prefixes. A key that a storage cannot
/// keep as it is, is refused with a <see cref="StorageKeyException"/>.
/// </para>
/// <para>Safe from any thread.</para>
/// </remarks>
public interface IStorage
{
    /// <summary>Its limits.</summary>
    StorageCapabilities Capabilities { get; }

    /// <summary>Writes an entry, whole, in place of the one that the key has.</summary>
    /// <param name="key">The key.</param>
    /// <param name="content">The content; it must not change until the call ends.</param>
    /// <param name="options">Conditions, metadata, time to live. Default: none of them.</param>
    /// <param name="cancellationToken">Ends the write: then the entry is as it was, or, when it was too late, written.</param>
    /// <returns>The entry as written, with its new ETag.</returns>
    /// <exception cref="StorageConflictException">A condition in the options does not hold; nothing was written.</exception>
    /// <exception cref="StorageKeyException">The key cannot be used.</exception>
    /// <exception cref="StorageLimitException">The content or its metadata is too large; nothing was written.</exception>
    /// <exception cref="NotSupportedException">A time to live is given, and the storage has none.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<StorageEntry> PutAsync(
        string key, ReadOnlyMemory<byte> content, StoragePutOptions? options = null,
        CancellationToken cancellationToken = default);

    /// <summary>The same from a stream, which is read to its end and not disposed. Nothing is visible before that end.</summary>
    /// <param name="key">The key.</param>
    /// <param name="content">The content, from the stream's position on.</param>
    /// <param name="options">Conditions, metadata, time to live. Default: none of them.</param>
    /// <param name="cancellationToken">Ends the write: then the entry is as it was, or, when it was too late, written.</param>
    /// <returns>The entry as written, with its new ETag.</returns>
    /// <exception cref="StorageConflictException">A condition in the options does not hold; nothing was written.</exception>
    /// <exception cref="StorageKeyException">The key cannot be used.</exception>
    /// <exception cref="StorageLimitException">The content or its metadata is too large; nothing was written.</exception>
    /// <exception cref="NotSupportedException">A time to live is given, and the storage has none.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<StorageEntry> PutAsync(
        string key, Stream content, StoragePutOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Opens an entry's content, or a part of it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="options">A range, and conditions. Default: all of it, whatever its ETag.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>
    /// The entry and its content, to be disposed; one version of it, whatever is written meanwhile. <c>null</c> when there is no
    /// such entry.
    /// </returns>
    /// <exception cref="StorageConflictException">The entry's ETag is not the one in <c>IfMatch</c>.</exception>
    /// <exception cref="StorageKeyException">The key cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<StorageObject?> GetAsync(
        string key, StorageGetOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>What is known of an entry, without its content.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The entry; <c>null</c> when there is none.</returns>
    /// <exception cref="StorageKeyException">The key cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<StorageEntry?> StatAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Whether there is an entry. Changes nothing.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="StorageKeyException">The key cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<bool> ExistsAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Deletes an entry.</summary>
    /// <param name="key">The key.</param>
    /// <param name="ifMatch">Deletes only the entry that has this ETag. Default: <c>null</c>, whatever is there.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="StorageConflictException">The ETag is another, or there is no entry while one was asked for.</exception>
    /// <exception cref="StorageKeyException">The key cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<bool> DeleteAsync(string key, string? ifMatch = null, CancellationToken cancellationToken = default);

    /// <summary>Lists entries in the order of their keys' bytes, a page at a time.</summary>
    /// <param name="options">Prefix, page size, where to go on. Default: the first page of all.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>
    /// A page. What is there from before the first page until after the last is listed exactly once, whatever is written and
    /// deleted meanwhile.
    /// </returns>
    /// <exception cref="ArgumentException">The options have faults.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<StoragePage> ListAsync(StorageListOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Gives the object behind an optional capability, such as <see cref="IExpiringStorage"/>.</summary>
    /// <param name="type">The capability's interface.</param>
    /// <returns>An object of that type; <c>null</c> when the storage has none. Default: the storage, if it is one.</returns>
    object? GetFeature(Type type) => type is not null && type.IsInstanceOfType(this) ? this : null;
}
