namespace Pepper.Resources.Providers;

/// <summary>Checks and completes operations, so that stores need not.</summary>
internal sealed class MemoryPreparation(MemoryStoreOptions options)
{
    /// <summary>All operations, completed. Nothing is embedded before all of them were found good.</summary>
    internal async ValueTask<IReadOnlyList<MemoryOperation>> PrepareAsync(
        IReadOnlyList<MemoryOperation> operations, MemoryCapabilities capabilities, CancellationToken cancellationToken)
    {
        if (operations.Count > capabilities.MaxBatch)
        {
            throw new ArgumentException(
                $"A batch of {operations.Count} operations; at most {capabilities.MaxBatch} are allowed (MaxBatch).",
                nameof(operations));
        }

        var prepared = new MemoryOperation[operations.Count];
        List<int> toEmbed = [];
        for (var index = 0; index < prepared.Length; index++)
        {
            prepared[index] = Prepare(operations[index], capabilities, out var needsVector);
            if (needsVector)
            {
                toEmbed.Add(index);
            }
        }

        if (toEmbed.Count > 0)
        {
            await EmbedAsync(prepared, toEmbed, cancellationToken).ConfigureAwait(false);
        }

        return prepared;
    }

    internal static void Check(MemoryNamespaceQuery query)
    {
        ArgumentNullException.ThrowIfNull(query.Prefix);
        ArgumentNullException.ThrowIfNull(query.Suffix);
        CheckPage(query.Limit, query.Offset);
        if (query.MaxDepth < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(query), query.MaxDepth, $"MaxDepth is {query.MaxDepth}; it must be 1 or more, or null.");
        }
    }

    internal static void CheckNotRoot(MemoryNamespace ns, string parameter)
    {
        ArgumentNullException.ThrowIfNull(ns, parameter);
        if (ns.Depth == 0)
        {
            throw new ArgumentException("The root holds no entries itself; name a namespace below it.", parameter);
        }
    }

    private MemoryOperation Prepare(MemoryOperation operation, MemoryCapabilities capabilities, out bool needsVector)
    {
        ArgumentNullException.ThrowIfNull(operation);
        needsVector = false;
        switch (operation)
        {
            case MemoryGet get:
                CheckAddress(get.Namespace, get.Key);
                return get;
            case MemoryDelete delete:
                CheckAddress(delete.Namespace, delete.Key);
                CheckETag(delete.IfMatch);
                return delete;
            case MemoryPut put:
                CheckAddress(put.Namespace, put.Key);
                put = Prepare(put, capabilities);
                needsVector = put.Vector is null && put.Index.HasFlag(MemoryIndex.Vector) && CanEmbed(put.Text);
                return put;
            default:
                var search = Prepare((MemorySearch)operation, capabilities);
                needsVector = search is { Vector: null, Ranking: MemoryRanking.Vector or MemoryRanking.Hybrid };
                return search;
        }
    }

    private MemoryPut Prepare(MemoryPut put, MemoryCapabilities capabilities)
    {
        MemoryNames.CheckText(put.Text, "the text of an entry", nameof(put.Text), capabilities.MaxTextLength);
        if ((put.Index & ~MemoryIndex.All) != MemoryIndex.None)
        {
            throw new ArgumentOutOfRangeException(nameof(put), put.Index, $"Index is {put.Index}; there is no such index.");
        }

        CheckETag(put.IfMatch);
        if (put.IfAbsent && put.IfMatch is not null)
        {
            throw new ArgumentException("IfAbsent and IfMatch contradict each other: give one of them.", nameof(put));
        }

        if (put.Vector is not null && !put.Index.HasFlag(MemoryIndex.Vector))
        {
            throw new ArgumentException($"A vector is given, and Index is {put.Index}: it would not be kept.", nameof(put));
        }

        var time = put.TimeToLive ?? options.DefaultTimeToLive;
        if (MemoryStoreOptions.TimeToLiveFault(time) is { } fault)
        {
            throw new ArgumentOutOfRangeException(nameof(put), time, $"TimeToLive {fault}");
        }

        return put with
        {
            Metadata = Copy(put.Metadata),
            TimeToLive = time == Timeout.InfiniteTimeSpan ? null : time,
            Vector = ToUnit(put.Vector, capabilities),
        };
    }

    private MemorySearch Prepare(MemorySearch search, MemoryCapabilities capabilities)
    {
        ArgumentNullException.ThrowIfNull(search.Namespace);
        ArgumentNullException.ThrowIfNull(search.Filters);
        CheckPage(search.Limit, search.Offset);
        if (search.Filters.Count > MemoryLimits.Filters || search.Filters.Contains(null!))
        {
            throw new ArgumentException(
                $"Filters holds {search.Filters.Count}; at most {MemoryLimits.Filters} are allowed, and none is null.",
                nameof(search));
        }

        if (search.Text is { } text)
        {
            MemoryNames.CheckText(text, "the text of a search", nameof(search.Text), capabilities.MaxTextLength);
        }

        var ranking = Resolve(search);
        var isMissing = ranking switch
        {
            MemoryRanking.Text => !capabilities.TextSearch,
            MemoryRanking.Vector => !capabilities.VectorSearch,
            MemoryRanking.Hybrid => !capabilities.TextSearch || !capabilities.VectorSearch,
            _ => false,
        };
        return !isMissing
            ? search with
            {
                Ranking = ranking,
                Filters = [.. search.Filters],
                Vector = ranking is MemoryRanking.Vector or MemoryRanking.Hybrid ? ToUnit(search.Vector, capabilities) : null,
            }
            : throw new NotSupportedException($"This store offers no {ranking} search; its Capabilities say which it does.");
    }

    private MemoryRanking Resolve(MemorySearch search)
    {
        var hasText = !string.IsNullOrWhiteSpace(search.Text);
        var hasVector = search.Vector is not null;
        switch (search.Ranking)
        {
            case MemoryRanking.Auto:
                return (hasText, hasVector || CanEmbed(search.Text)) switch
                {
                    (true, true) => MemoryRanking.Hybrid,
                    (true, false) => MemoryRanking.Text,
                    (false, true) => MemoryRanking.Vector,
                    _ => MemoryRanking.None,
                };
            case MemoryRanking.None:
                return MemoryRanking.None;
            case MemoryRanking.Text or MemoryRanking.Vector or MemoryRanking.Hybrid:
                var needsText = search.Ranking != MemoryRanking.Vector || !hasVector;
                if (needsText && !hasText)
                {
                    throw new ArgumentException(
                        $"A search by {search.Ranking} needs Text{(search.Ranking == MemoryRanking.Vector ? " or Vector" : "")}.",
                        nameof(search));
                }

                return search.Ranking == MemoryRanking.Text || hasVector || CanEmbed(search.Text)
                    ? search.Ranking
                    : throw new NotSupportedException($"A search by {search.Ranking} needs Vector, as this store makes none of "
                        + $"texts: set {nameof(MemoryStoreOptions)}.{nameof(MemoryStoreOptions.Embedding)}.");
            default:
                throw new ArgumentOutOfRangeException(nameof(search), search.Ranking, "There is no such ranking.");
        }
    }

    private bool CanEmbed(string? text) => options.Embedding is not null && !string.IsNullOrWhiteSpace(text);

    private async ValueTask EmbedAsync(MemoryOperation[] operations, List<int> indexes, CancellationToken cancellationToken)
    {
        string[] texts = [.. indexes.Select(index => operations[index] is MemoryPut put
            ? put.Text : ((MemorySearch)operations[index]).Text!)];
        var vectors = await options.Embedding!(texts, cancellationToken).ConfigureAwait(false);
        if (vectors is null || vectors.Count != texts.Length)
        {
            throw new InvalidOperationException(
                $"The embedding made {vectors?.Count ?? 0} vectors of {texts.Length} texts; it must make one of each.");
        }

        for (var at = 0; at < indexes.Count; at++)
        {
            var length = vectors[at].Length;
            if (length is 0 or > MemoryLimits.Dimensions)
            {
                throw new InvalidOperationException($"The embedding made a vector of {length} elements; "
                    + $"it must have 1 to {MemoryLimits.Dimensions}.");
            }

            ReadOnlyMemory<float> unit = MemoryVectors.ToUnit(vectors[at].Span);
            operations[indexes[at]] = operations[indexes[at]] is MemoryPut put
                ? put with { Vector = unit }
                : (MemorySearch)operations[indexes[at]] with { Vector = unit };
        }
    }

    private static ReadOnlyMemory<float>? ToUnit(ReadOnlyMemory<float>? vector, MemoryCapabilities capabilities)
    {
        if (vector is not { } given)
        {
            return null;
        }

        return given.Length >= 1 && given.Length <= capabilities.MaxDimensions
            ? MemoryVectors.ToUnit(given.Span)
            : throw new ArgumentException(
                $"A vector has {given.Length} elements; it must have 1 to {capabilities.MaxDimensions} (MaxDimensions).",
                nameof(vector));
    }

    private static IReadOnlyDictionary<string, MemoryField> Copy(IReadOnlyDictionary<string, MemoryField> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        if (metadata.Count > MemoryLimits.Fields)
        {
            throw new ArgumentException(
                $"An entry's metadata has {metadata.Count} fields; at most {MemoryLimits.Fields} are allowed.", nameof(metadata));
        }

        foreach (var (name, _) in metadata)
        {
            MemoryNames.Check(name, "the name of a metadata field", nameof(metadata));
        }

        return metadata.Count == 0
            ? MemoryEntry.NoMetadata
            : new Dictionary<string, MemoryField>(metadata, StringComparer.Ordinal).AsReadOnly();
    }

    private static void CheckAddress(MemoryNamespace ns, string key)
    {
        CheckNotRoot(ns, "ns");
        MemoryNames.Check(key, "the key of an entry", nameof(key));
    }

    private static void CheckETag(string? etag)
    {
        if (etag is not null)
        {
            MemoryNames.CheckText(etag, "an ETag", "ifMatch", MemoryLimits.NameBytes);
        }
    }

    private static void CheckPage(int limit, int offset)
    {
        if (limit is < 0 or > MemoryLimits.Page)
        {
            throw new ArgumentOutOfRangeException(
                nameof(limit), limit, $"Limit is {limit}; it must be from 0 to {MemoryLimits.Page}.");
        }

        if (offset < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"Offset is {offset}; it must be 0 or more.");
        }
    }
}
