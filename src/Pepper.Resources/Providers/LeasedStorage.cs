namespace Pepper.Resources.Providers;

/// <summary>A storage by the name of its provider: each call finds the provider, and holds it until the call has ended.</summary>
internal sealed class LeasedStorage(ProviderManager manager, string name) : IStorage, IExpiringStorage, IPrefixStorage
{
    public StorageCapabilities Capabilities =>
        (manager.GetProvider(name) as IStorageProvider)?.Storage?.Capabilities ?? new StorageCapabilities();

    public TimeSpan TimeToLiveGranularity =>
        (manager.GetProvider(name)?.GetFeature(typeof(IExpiringStorage)) as IExpiringStorage)?.TimeToLiveGranularity
        ?? TimeSpan.Zero;

    public ValueTask<StorageEntry> PutAsync(
        string key, ReadOnlyMemory<byte> content, StoragePutOptions? options = null,
        CancellationToken cancellationToken = default) =>
        UseAsync((key, content, options), static (storage, call, ct) =>
            storage.PutAsync(call.key, call.content, call.options, ct), cancellationToken);

    public ValueTask<StorageEntry> PutAsync(
        string key, Stream content, StoragePutOptions? options = null, CancellationToken cancellationToken = default) =>
        UseAsync((key, content, options), static (storage, call, ct) =>
            storage.PutAsync(call.key, call.content, call.options, ct), cancellationToken);

    public async ValueTask<StorageObject?> GetAsync(
        string key, StorageGetOptions? options = null, CancellationToken cancellationToken = default)
    {
        var lease = await AcquireAsync(cancellationToken).ConfigureAwait(false);
        StorageObject? found = null;
        try
        {
            found = await Storage(lease).GetAsync(key, options, cancellationToken).ConfigureAwait(false);
            return found is null ? null : new StorageObject(found.Entry, found.Content, found.IsNotModified, async () =>
            {
                try
                {
                    await found.DisposeAsync().ConfigureAwait(false);
                }
                finally
                {
                    await lease.DisposeAsync().ConfigureAwait(false);
                }
            });
        }
        finally
        {
            if (found is null)
            {
                await lease.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    public ValueTask<StorageEntry?> StatAsync(string key, CancellationToken cancellationToken = default) =>
        UseAsync(key, static (storage, key, ct) => storage.StatAsync(key, ct), cancellationToken);

    public ValueTask<bool> ExistsAsync(string key, CancellationToken cancellationToken = default) =>
        UseAsync(key, static (storage, key, ct) => storage.ExistsAsync(key, ct), cancellationToken);

    public ValueTask<bool> DeleteAsync(string key, string? ifMatch = null, CancellationToken cancellationToken = default) =>
        UseAsync((key, ifMatch), static (storage, call, ct) =>
            storage.DeleteAsync(call.key, call.ifMatch, ct), cancellationToken);

    public ValueTask<StoragePage> ListAsync(StorageListOptions? options = null, CancellationToken cancellationToken = default) =>
        UseAsync(options, static (storage, options, ct) => storage.ListAsync(options, ct), cancellationToken);

    public ValueTask<StorageEntry?> SetTimeToLiveAsync(
        string key, TimeSpan? timeToLive, string? ifMatch = null, CancellationToken cancellationToken = default) =>
        UseAsync((key, timeToLive, ifMatch), static (storage, call, ct) => StorageRules.Feature<IExpiringStorage>(storage)
            .SetTimeToLiveAsync(call.key, call.timeToLive, call.ifMatch, ct), cancellationToken);

    public ValueTask<int> PurgeExpiredAsync(CancellationToken cancellationToken = default) =>
        UseAsync(0, static (storage, _, ct) =>
            StorageRules.Feature<IExpiringStorage>(storage).PurgeExpiredAsync(ct), cancellationToken);

    public ValueTask<int> DeletePrefixAsync(string prefix, CancellationToken cancellationToken = default) =>
        UseAsync(prefix, static (storage, prefix, ct) =>
            StorageRules.Feature<IPrefixStorage>(storage).DeletePrefixAsync(prefix, ct), cancellationToken);

    /// <summary>What the provider declares, which is held to what it offers: so this holds also while it is reloaded.</summary>
    public object? GetFeature(Type type)
    {
        var known = ProviderCapabilities.Known.FirstOrDefault(one => one.Interface == type);
        return type == typeof(IStorage)
            || (known is not null && manager.GetProvider(name)?.Metadata.Capabilities.Contains(known.Name) == true
                && type.IsInstanceOfType(this)) ? this : null;
    }

    private async ValueTask<TResult> UseAsync<TState, TResult>(
        TState state, Func<IStorage, TState, CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken)
    {
        using var lease = await AcquireAsync(cancellationToken).ConfigureAwait(false);
        return await work(Storage(lease), state, cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<Lease<IStorageProvider>> AcquireAsync(CancellationToken cancellationToken) =>
        manager.AcquireAsync<IStorageProvider>(name, cancellationToken, nameof(ProviderManager.GetStorage), string.Empty, 0);

    private IStorage Storage(Lease<IStorageProvider> lease) => lease.Resource.Storage
        ?? throw new ProviderUnavailableException($"Provider '{name}' has no Storage.", name, lease.Resource.State);
}
