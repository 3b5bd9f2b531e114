using System.Collections.Concurrent;
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
    ComparesThenDeletes,
    KeepsCallersVectors,
}

/// <summary>A store with one fault.</summary>
internal sealed class FaultyMemoryStore(IMemoryStore inner, MemoryFault fault) : IMemoryStore
{
    private readonly ConcurrentQueue<MemoryPut> _withVectors = new();

    public MemoryCapabilities Capabilities => inner.Capabilities;

    public ValueTask<MemoryEntry?> GetAsync(MemoryNamespace ns, string key, bool refreshTimeToLive,
        CancellationToken cancellationToken) =>
        inner.GetAsync(ns, Key(key), Refresh(refreshTimeToLive), Token(cancellationToken));

    public ValueTask<string> PutAsync(MemoryPut put, CancellationToken cancellationToken) =>
        inner.PutAsync((MemoryPut)Change(Keep(put)), Token(cancellationToken));

    public async ValueTask<bool> DeleteAsync(
        MemoryNamespace ns, string key, string? ifMatch, CancellationToken cancellationToken)
    {
        if (fault == MemoryFault.ComparesThenDeletes && ifMatch is not null)
        {
            if ((await inner.GetAsync(ns, key, false, cancellationToken))?.ETag is var there && there != ifMatch)
            {
                throw new MemoryConflictException(ns, key, ifMatch, there, 0);
            }

            await YieldAsync();
            await inner.DeleteAsync(ns, key, null, cancellationToken);
            return true;
        }

        return await inner.DeleteAsync(
            ns, Key(key), fault == MemoryFault.IgnoresConditions ? null : ifMatch, Token(cancellationToken));
    }

    public async ValueTask<IReadOnlyList<MemoryMatch>> SearchAsync(MemorySearch search, CancellationToken cancellationToken)
    {
        foreach (var put in _withVectors)
        {
            await inner.PutAsync(put with { IfMatch = null, IfAbsent = false }, cancellationToken);
        }

        return await inner.SearchAsync((MemorySearch)Change(search), Token(cancellationToken));
    }

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

    // Long enough for whoever runs beside it to come between.
    private static async Task YieldAsync()
    {
        for (var turn = 0; turn < 200; turn++)
        {
            await Task.Yield();
        }
    }

    private MemoryPut Keep(MemoryPut put)
    {
        if (fault == MemoryFault.KeepsCallersVectors && put is { Vector: not null, Key: "kept" })
        {
            _withVectors.Enqueue(put);
        }

        return put;
    }

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
