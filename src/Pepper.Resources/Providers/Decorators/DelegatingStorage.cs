namespace Pepper.Resources.Providers;

/// <summary>
/// A storage before another, which it hands everything on to. Derive from it and override <see cref="RunAsync"/>, through which
/// every operation goes, or the operations that differ. Optional features are those of the storage behind it.
/// </summary>
/// <param name="inner">The storage behind it. It stays its owner's.</param>
public abstract class DelegatingStorage(IStorage inner) : IStorage, IExpiringStorage, IPrefixStorage
{
    /// <summary>The storage behind it.</summary>
    protected IStorage Inner { get; } = inner ?? throw new ArgumentNullException(nameof(inner));

    /// <inheritdoc/>
    public virtual StorageCapabilities Capabilities => Inner.Capabilities;

    /// <inheritdoc/>
    public TimeSpan TimeToLiveGranularity => StorageRules.Feature<IExpiringStorage>(Inner).TimeToLiveGranularity;

    /// <inheritdoc/>
    public virtual ValueTask<StorageEntry> PutAsync(
        string key, ReadOnlyMemory<byte> content, StoragePutOptions? options = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(new StorageCall("put", key), ct => Inner.PutAsync(key, content, options, ct), cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<StorageEntry> PutAsync(
        string key, Stream content, StoragePutOptions? options = null, CancellationToken cancellationToken = default) =>
        RunAsync(
            new StorageCall("put", key, MayRepeat: false), ct => Inner.PutAsync(key, content, options, ct), cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<StorageObject?> GetAsync(
        string key, StorageGetOptions? options = null, CancellationToken cancellationToken = default) =>
        RunAsync(new StorageCall("get", key), ct => Inner.GetAsync(key, options, ct), cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<StorageEntry?> StatAsync(string key, CancellationToken cancellationToken = default) =>
        RunAsync(new StorageCall("stat", key), ct => Inner.StatAsync(key, ct), cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<bool> ExistsAsync(string key, CancellationToken cancellationToken = default) =>
        RunAsync(new StorageCall("exists", key), ct => Inner.ExistsAsync(key, ct), cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<bool> DeleteAsync(
        string key, string? ifMatch = null, CancellationToken cancellationToken = default) =>
        RunAsync(new StorageCall("delete", key), ct => Inner.DeleteAsync(key, ifMatch, ct), cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<StoragePage> ListAsync(
        StorageListOptions? options = null, CancellationToken cancellationToken = default) =>
        RunAsync(
            new StorageCall("list", options?.Prefix ?? string.Empty), ct => Inner.ListAsync(options, ct), cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<StorageEntry?> SetTimeToLiveAsync(
        string key, TimeSpan? timeToLive, string? ifMatch = null, CancellationToken cancellationToken = default) =>
        RunAsync(
            new StorageCall("set-ttl", key), ct => StorageRules.Feature<IExpiringStorage>(Inner)
                .SetTimeToLiveAsync(key, timeToLive, ifMatch, ct), cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<int> PurgeExpiredAsync(CancellationToken cancellationToken = default) =>
        RunAsync(
            new StorageCall("purge", string.Empty), ct => StorageRules.Feature<IExpiringStorage>(Inner).PurgeExpiredAsync(ct),
            cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask<int> DeletePrefixAsync(string prefix, CancellationToken cancellationToken = default) =>
        RunAsync(
            new StorageCall("delete-prefix", prefix), ct => StorageRules.Feature<IPrefixStorage>(Inner)
                .DeletePrefixAsync(prefix, ct), cancellationToken);

    /// <summary>
    /// This, for a feature that the storage behind it has and that goes through it; others are that storage's own.
    /// </summary>
    /// <param name="type">The feature's interface.</param>
    /// <returns>An object of that type; <c>null</c> when the storage behind it has none.</returns>
    public virtual object? GetFeature(Type type)
    {
        var feature = Inner.GetFeature(type);
        return feature is not null && type.IsInstanceOfType(this) ? this : feature;
    }

    /// <summary>Every operation goes through here. Default: it is handed on.</summary>
    /// <typeparam name="TResult">What the operation yields.</typeparam>
    /// <param name="asked">What is asked.</param>
    /// <param name="work">Does it.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <returns>What the operation yields.</returns>
    protected virtual ValueTask<TResult> RunAsync<TResult>(
        StorageCall asked, Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return work(cancellationToken);
    }
}
