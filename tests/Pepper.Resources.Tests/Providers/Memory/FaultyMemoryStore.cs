using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers.Memory;

/// <summary>What a store can get wrong, for the suite to find.</summary>
public enum MemoryFault
{
    None,
    IgnoresConditions,
    NeverExpires,
    FoldsCase,
    IgnoresFilters,
    IgnoresOffsets,
    IgnoresCancellation,
    IgnoresNamespaces,
    ForgetsMetadata,
    ReversesBatches,
    RefreshesAlways,
    RefreshesNever,
    KeepsNamespaces,
    RanksWithoutVectors,
}

/// <summary>A store with one fault.</summary>
internal sealed class FaultyMemoryStore(IMemoryStore inner, MemoryFault fault) : IMemoryStore
{
    public MemoryCapabilities Capabilities => inner.Capabilities;

    public ValueTask<MemoryEntry?> GetAsync(MemoryNamespace ns, string key, bool refreshTimeToLive,
        CancellationToken cancellationToken) =>
        inner.GetAsync(ns, Key(key), Refresh(refreshTimeToLive), Token(cancellationToken));

    public ValueTask<string> PutAsync(MemoryPut put, CancellationToken cancellationToken) =>
        inner.PutAsync((MemoryPut)Change(put), Token(cancellationToken));

    public ValueTask<bool> DeleteAsync(MemoryNamespace ns, string key, string? ifMatch, CancellationToken cancellationToken) =>
        inner.DeleteAsync(ns, Key(key), fault == MemoryFault.IgnoresConditions ? null : ifMatch, Token(cancellationToken));

    public ValueTask<IReadOnlyList<MemoryMatch>> SearchAsync(MemorySearch search, CancellationToken cancellationToken) =>
        inner.SearchAsync((MemorySearch)Change(search), Token(cancellationToken));

    public ValueTask<IReadOnlyList<MemoryNamespace>> ListNamespacesAsync(
        MemoryNamespaceQuery? query, CancellationToken cancellationToken) =>
            inner.ListNamespacesAsync(query, Token(cancellationToken));

    public async ValueTask<int> DeleteNamespaceAsync(MemoryNamespace ns, CancellationToken cancellationToken) =>
        fault == MemoryFault.KeepsNamespaces
            ? (await inner.SearchAsync(new() { Namespace = ns, Limit = 1000 }, cancellationToken)).Count
            : await inner.DeleteNamespaceAsync(ns, Token(cancellationToken));

    public async ValueTask<IReadOnlyList<MemoryResult>> BatchAsync(
        IReadOnlyList<MemoryOperation> operations, CancellationToken cancellationToken)
    {
        var results = await inner.BatchAsync([.. operations.Select(Change)], Token(cancellationToken));
        return fault == MemoryFault.ReversesBatches ? [.. results.Reverse()] : results;
    }

    public ValueTask<int> RemoveExpiredAsync(CancellationToken cancellationToken) =>
        inner.RemoveExpiredAsync(Token(cancellationToken));

    private bool Refresh(bool wanted) => fault switch
    {
        MemoryFault.RefreshesAlways => true,
        MemoryFault.RefreshesNever => false,
        _ => wanted,
    };

    private string Key(string key) => fault == MemoryFault.FoldsCase ? key.ToLowerInvariant() : key;

    private CancellationToken Token(CancellationToken token) => fault == MemoryFault.IgnoresCancellation ? default : token;

    private MemoryOperation Change(MemoryOperation operation) => (fault, operation) switch
    {
        (MemoryFault.IgnoresConditions, MemoryPut put) => put with { IfAbsent = false, IfMatch = null },
        (MemoryFault.NeverExpires, MemoryPut put) => put with { TimeToLive = Timeout.InfiniteTimeSpan },
        (MemoryFault.FoldsCase, MemoryPut put) => put with { Key = Key(put.Key) },
        (MemoryFault.FoldsCase, MemoryGet get) => get with { Key = Key(get.Key) },
        (MemoryFault.ForgetsMetadata, MemoryPut put) => put with { Metadata = new Dictionary<string, MemoryField>() },
        (MemoryFault.IgnoresFilters, MemorySearch search) => search with { Filters = [] },
        (MemoryFault.IgnoresOffsets, MemorySearch search) => search with { Offset = 0 },
        (MemoryFault.IgnoresNamespaces, MemorySearch search) => search with { Namespace = MemoryNamespace.Root },
        (MemoryFault.RanksWithoutVectors, MemorySearch search) when search.Text is not null => search with { Vector = null },
        (MemoryFault.RefreshesAlways or MemoryFault.RefreshesNever, MemoryGet get) =>
            get with { RefreshTimeToLive = Refresh(get.RefreshTimeToLive) },
        _ => operation,
    };
}
