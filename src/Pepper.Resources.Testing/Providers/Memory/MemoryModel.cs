using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <summary>What a memory store must do, as simply as it can be said; it picks operations, and judges their results.</summary>
internal sealed class MemoryModel(ManualTimeProvider time)
{
    private static readonly MemoryNamespace[] Namespaces = [new("a"), new("a", "b"), new("ab"), new("%")];
    private static readonly string[] Words = ["kettle", "stove", "train", "bread"];

    private readonly Dictionary<(MemoryNamespace Ns, string Key), Kept> _entries = [];

    private sealed record Kept(MemoryPut Put, string ETag, DateTimeOffset? ExpiresAt);

    internal MemoryOperation Next(Random random)
    {
        var ns = Namespaces[random.Next(Namespaces.Length)];
        var key = $"k{random.Next(5)}";
        var etag = random.Next(3) switch
        {
            0 => Find(ns, key)?.ETag,
            1 => "stale",
            _ => null,
        };
        return random.Next(10) switch
        {
            < 4 => new MemoryPut(ns, key, Words[random.Next(Words.Length)] + " " + Words[random.Next(Words.Length)])
            {
                IfMatch = etag,
                IfAbsent = etag is null && random.Next(4) == 0,
                TimeToLive = random.Next(2) == 0 ? TimeSpan.FromSeconds(random.Next(1, 30)) : null,
                Metadata = new Dictionary<string, MemoryField>(StringComparer.Ordinal) { ["n"] = random.Next(5) },
                Vector = new float[] { random.Next(1, 5), random.Next(1, 5) },
            },
            4 => new MemoryDelete(ns, key) { IfMatch = etag },
            < 7 => new MemoryGet(ns, key) { RefreshTimeToLive = random.Next(3) == 0 },
            _ => new MemorySearch
            {
                Namespace = random.Next(3) == 0 ? MemoryNamespace.Root : ns,
                Text = random.Next(2) == 0 ? Words[random.Next(Words.Length)] : null,
                Filters = random.Next(2) == 0 ? [MemoryFilter.LessOrEqual("n", random.Next(5))] : [],
                Limit = 100,
            },
        };
    }

    internal bool Conflicts(MemoryOperation operation) => operation switch
    {
        MemoryPut put => (put.IfMatch is not null && Find(put.Namespace, put.Key)?.ETag != put.IfMatch)
            || (put.IfAbsent && Find(put.Namespace, put.Key) is not null),
        MemoryDelete delete => delete.IfMatch is not null && Find(delete.Namespace, delete.Key)?.ETag != delete.IfMatch,
        _ => false,
    };

    /// <summary>Does the operation too; what is wrong with the store's result, or null.</summary>
    internal string? Apply(MemoryOperation operation, MemoryResult result)
    {
        switch (operation)
        {
            case MemoryPut put:
                _entries[(put.Namespace, put.Key)] = new Kept(put, result.ETag!, time.GetUtcNow() + put.TimeToLive);
                return null;
            case MemoryDelete delete:
                var wasThere = Find(delete.Namespace, delete.Key) is not null;
                _entries.Remove((delete.Namespace, delete.Key));
                return result.Deleted == wasThere ? null : $"{operation} says {result.Deleted}.";
            case MemoryGet get:
                var kept = Find(get.Namespace, get.Key);
                if (kept is not null && get.RefreshTimeToLive)
                {
                    _entries[(get.Namespace, get.Key)] = kept with { ExpiresAt = time.GetUtcNow() + kept.Put.TimeToLive };
                }

                return result.Entry?.ETag == kept?.ETag && result.Entry?.Text == kept?.Put.Text
                    ? null : $"{operation} gives {result.Entry}; expected: {kept}.";
            default:
                var search = (MemorySearch)operation;
                string[] expected = [.. _entries.Values.Where(one => IsLive(one) && Matches(one.Put, search))
                    .Select(static one => one.ETag).Order(StringComparer.Ordinal)];
                string[] found = [.. result.Matches.Select(static match => match.Entry.ETag).Order(StringComparer.Ordinal)];
                return expected.SequenceEqual(found, StringComparer.Ordinal)
                    ? null : $"{search} finds {found.Length} entries; expected: {expected.Length} or others.";
        }
    }

    private static bool Matches(MemoryPut put, MemorySearch search) => search.Namespace.Contains(put.Namespace)
        && (search.Text is null || put.Text.Split(' ').Contains(search.Text, StringComparer.Ordinal))
        && search.Filters.All(filter => filter.Matches(put.Metadata));

    private Kept? Find(MemoryNamespace ns, string key) =>
        _entries.TryGetValue((ns, key), out var kept) && IsLive(kept) ? kept : null;

    private bool IsLive(Kept kept) => kept.ExpiresAt is not { } at || time.GetUtcNow() < at;
}
