namespace Pepper.Resources.Providers;

/// <summary>A memory by the name of its provider: each call finds the provider, and holds it until the call has ended.</summary>
internal sealed class LeasedMemoryStore(ProviderManager manager, string name, MemoryCapabilities capabilities) : IMemoryStore
{
    private MemoryCapabilities _capabilities = capabilities;

    /// <summary>Those of the provider as it is now, and while there is none those that were seen last.</summary>
    public MemoryCapabilities Capabilities
    {
        get
        {
            if ((manager.GetProvider(name) as IMemoryProvider)?.Store is { } store)
            {
                Volatile.Write(ref _capabilities, store.Capabilities);
            }

            return Volatile.Read(ref _capabilities);
        }
    }

    public ValueTask<MemoryEntry?> GetAsync(
        MemoryNamespace ns, string key, bool refreshTimeToLive = false, CancellationToken cancellationToken = default) =>
        UseAsync((ns, key, refreshTimeToLive), static (store, call, ct) =>
            store.GetAsync(call.ns, call.key, call.refreshTimeToLive, ct), cancellationToken);

    public ValueTask<string> PutAsync(MemoryPut put, CancellationToken cancellationToken = default) =>
        UseAsync(put, static (store, put, ct) => store.PutAsync(put, ct), cancellationToken);

    public ValueTask<bool> DeleteAsync(
        MemoryNamespace ns, string key, string? ifMatch = null, CancellationToken cancellationToken = default) =>
        UseAsync((ns, key, ifMatch), static (store, call, ct) =>
            store.DeleteAsync(call.ns, call.key, call.ifMatch, ct), cancellationToken);

    public ValueTask<IReadOnlyList<MemoryMatch>> SearchAsync(
        MemorySearch search, CancellationToken cancellationToken = default) =>
        UseAsync(search, static (store, search, ct) => store.SearchAsync(search, ct), cancellationToken);

    public ValueTask<IReadOnlyList<MemoryNamespace>> ListNamespacesAsync(
        MemoryNamespaceQuery? query = null, CancellationToken cancellationToken = default) =>
        UseAsync(query, static (store, query, ct) => store.ListNamespacesAsync(query, ct), cancellationToken);

    public ValueTask<int> DeleteNamespaceAsync(MemoryNamespace ns, CancellationToken cancellationToken = default) =>
        UseAsync(ns, static (store, ns, ct) => store.DeleteNamespaceAsync(ns, ct), cancellationToken);

    public ValueTask<IReadOnlyList<MemoryResult>> BatchAsync(
        IReadOnlyList<MemoryOperation> operations, CancellationToken cancellationToken = default) =>
        UseAsync(operations, static (store, operations, ct) => store.BatchAsync(operations, ct), cancellationToken);

    public ValueTask<int> RemoveExpiredAsync(CancellationToken cancellationToken = default) =>
        UseAsync(0, static (store, _, ct) => store.RemoveExpiredAsync(ct), cancellationToken);

    private async ValueTask<TResult> UseAsync<TState, TResult>(
        TState state, Func<IMemoryStore, TState, CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken)
    {
        using var lease = await manager.AcquireAsync<IMemoryProvider>(
            name, cancellationToken, nameof(ProviderManager.GetMemory), string.Empty, 0).ConfigureAwait(false);
        var store = lease.Resource.Store
            ?? throw new ProviderUnavailableException($"Provider '{name}' has no Store.", name, lease.Resource.State);
        return await work(store, state, cancellationToken).ConfigureAwait(false);
    }
}
