using System.Diagnostics;

namespace Pepper.Resources.Providers;

/// <summary>
/// A memory in this process: an inverted index, unit vectors that are all compared, and nothing kept when the process ends.
/// </summary>
/// <remarks>
/// All members are safe to use from any thread and end synchronously, but for the embedding. Searches rank what they copied under
/// the lock, so they keep nobody waiting while they do. Times to live are monotonic: a jump of the wall clock changes nothing.
/// </remarks>
public sealed class InProcessMemoryStore : MemoryStore
{
    private static readonly MemorySpace Least = new(MemoryNamespace.Root);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, MemorySpace> _spaces = new(StringComparer.Ordinal);
    private readonly SortedSet<MemorySpace> _sorted = new(
        Comparer<MemorySpace>.Create(static (x, y) => x.Namespace.CompareTo(y.Namespace)));
    private readonly MemoryTermIndex _terms = new();
    private int _count;
    private readonly long _frequency;
    private int? _dimensions;

    /// <summary>Makes an empty memory.</summary>
    /// <param name="options">Copied; null: the defaults.</param>
    /// <param name="timeProvider">Where its time comes from; null: <see cref="TimeProvider.System"/>.</param>
    /// <exception cref="ArgumentException">Options are out of range; the message lists all of them.</exception>
    public InProcessMemoryStore(MemoryStoreOptions? options = null, TimeProvider? timeProvider = null)
        : base(options, timeProvider)
    {
        _frequency = Time.TimestampFrequency;
        Capabilities = FullCapabilities(isPersistent: false, TimeSpan.FromMicroseconds(1));
    }

    /// <inheritdoc/>
    public override MemoryCapabilities Capabilities { get; }

    /// <summary>How many entries it holds, with those that have expired and were not removed yet.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                return _count;
            }
        }
    }

    /// <inheritdoc/>
    public override ValueTask<int> RemoveExpiredAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var now = Time.GetTimestamp();
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            return new ValueTask<int>(Sweep_NeedsLock(now));
        }
    }

    /// <inheritdoc/>
    protected override ValueTask<IReadOnlyList<MemoryResult>> ExecuteAsync(
        IReadOnlyList<MemoryOperation> operations, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(operations);
        var work = new MemoryWork[operations.Count];
        for (var index = 0; index < work.Length; index++)
        {
            // Terms are taken apart outside the lock, as a long text takes a while.
            work[index] = new MemoryWork(operations[index], NewETag());
        }

        var now = Time.GetTimestamp();
        var clock = Time.GetUtcNow();
        var sweeps = TakesSweep(operations);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (sweeps)
            {
                Sweep_NeedsLock(now);
            }

            CheckConditions_NeedsLock(work, now);
            foreach (var one in work)
            {
                Do_NeedsLock(one, now, clock);
            }
        }

        return new ValueTask<IReadOnlyList<MemoryResult>>([.. work.Select(one => one.Finish(ToEntry, cancellationToken))]);
    }

    /// <inheritdoc/>
    protected override ValueTask<IReadOnlyList<MemoryNamespace>> ReadNamespacesAsync(
        MemoryNamespace prefix, CancellationToken cancellationToken)
    {
        var now = Time.GetTimestamp();
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            return new ValueTask<IReadOnlyList<MemoryNamespace>>([.. Below_NeedsLock(prefix)
                .Where(space => space.Records.Values.Any(record => record.IsLive(now))).Select(static space => space.Namespace)]);
        }
    }

    /// <inheritdoc/>
    protected override ValueTask<int> RemoveNamespaceAsync(MemoryNamespace ns, CancellationToken cancellationToken)
    {
        var now = Time.GetTimestamp();
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            var live = 0;
            foreach (var record in Below_NeedsLock(ns).SelectMany(static space => space.Records.Values).ToList())
            {
                live += record.IsLive(now) ? 1 : 0;
                Remove_NeedsLock(record);
            }

            return new ValueTask<int>(live);
        }
    }

    /// <inheritdoc/>
    protected override ValueTask<int?> AgreeOnDimensionsAsync(int? proposed, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            return new ValueTask<int?>(_dimensions ??= proposed);
        }
    }

    /// <summary>All conditions before the first change, so that a batch that fails changes nothing.</summary>
    private void CheckConditions_NeedsLock(MemoryWork[] work, long now)
    {
        Dictionary<(string Path, string Key), string?>? written = work.Length == 1 ? null : [];
        for (var index = 0; index < work.Length; index++)
        {
            var (ns, key, ifMatch, ifAbsent, after) = work[index].Operation switch
            {
                MemoryPut put => (put.Namespace, put.Key, put.IfMatch, put.IfAbsent, work[index].ETag),
                MemoryDelete delete => (delete.Namespace, delete.Key, delete.IfMatch, false, null),
                _ => (null, string.Empty, null, false, null),
            };
            if (ns is null)
            {
                continue;
            }

            string? actual = null;
            if (written is null || !written.TryGetValue((ns.Path, key), out actual))
            {
                actual = Find_NeedsLock(ns, key, now)?.ETag;
            }

            if ((ifMatch is not null && actual != ifMatch) || (ifAbsent && actual is not null))
            {
                throw new MemoryConflictException(ns, key, ifMatch, actual, index);
            }

            written?[(ns.Path, key)] = after;
        }
    }

    private void Do_NeedsLock(MemoryWork work, long now, DateTimeOffset clock)
    {
        switch (work.Operation)
        {
            case MemoryGet get:
                work.Found = Find_NeedsLock(get.Namespace, get.Key, now);
                if (get.RefreshTimeToLive && work.Found is { TimeToLive: not null } found)
                {
                    found.ExpiresAt = ExpiryOf(found.TimeToLive, now);
                }

                break;
            case MemoryPut put:
                Put_NeedsLock(put, work, now, clock);
                break;
            case MemoryDelete delete:
                work.Found = Find_NeedsLock(delete.Namespace, delete.Key, now);
                if (work.Found is { } there)
                {
                    Remove_NeedsLock(there);
                }

                break;
            default:
                work.Search = Capture_NeedsLock((MemorySearch)work.Operation, now);
                break;
        }
    }

    private void Put_NeedsLock(MemoryPut put, MemoryWork work, long now, DateTimeOffset clock)
    {
        var before = Find_NeedsLock(put.Namespace, put.Key, now);
        if (_spaces.TryGetValue(put.Namespace.Path, out var old) && old.Records.TryGetValue(put.Key, out var replaced))
        {
            Remove_NeedsLock(replaced);
        }

        if (!_spaces.TryGetValue(put.Namespace.Path, out var space))
        {
            space = new MemorySpace(put.Namespace);
            _spaces.Add(put.Namespace.Path, space);
            _sorted.Add(space);
        }

        var record = new MemoryRecord
        {
            Space = space,
            Key = put.Key,
            Text = put.Text,
            Metadata = put.Metadata,
            ETag = work.ETag,
            CreatedAt = before?.CreatedAt ?? clock,
            UpdatedAt = clock,
            Vector = put.Vector?.ToArray(),
            Terms = work.Terms,
            Length = work.Terms?.Values.Sum() ?? 0,
            TimeToLive = put.TimeToLive,
            ExpiresAt = ExpiryOf(put.TimeToLive, now),
        };
        space.Set(record);
        _terms.Add(record);
        _count++;
    }

    private MemoryRecord? Find_NeedsLock(MemoryNamespace ns, string key, long now) =>
        _spaces.TryGetValue(ns.Path, out var space) && space.Records.TryGetValue(key, out var record) && record.IsLive(now)
            ? record
            : null;

    private void Remove_NeedsLock(MemoryRecord record)
    {
        record.IsRemoved = true;
        record.Space.Remove(record.Key);
        _terms.Remove(record);
        _count--;
        if (record.Space.Records.Count == 0)
        {
            _spaces.Remove(record.Space.Namespace.Path);
            _sorted.Remove(record.Space);
        }
    }

    private InProcessMemorySearch Capture_NeedsLock(MemorySearch search, long now)
    {
        var text = search.Ranking is MemoryRanking.Text or MemoryRanking.Hybrid
            ? _terms.Capture(MemoryText.QueryTerms(search.Text!))
            : null;
        IReadOnlyList<MemoryRecord> candidates = search.Ranking switch
        {
            MemoryRanking.None => [.. Below_NeedsLock(search.Namespace).SelectMany(static space => space.Sorted)],
            MemoryRanking.Text => [],
            _ => [.. Below_NeedsLock(search.Namespace).SelectMany(static space => space.Records.Values)],
        };
        return new InProcessMemorySearch(search, candidates, text, Fusion, now);
    }

    private IEnumerable<MemorySpace> Below_NeedsLock(MemoryNamespace prefix)
    {
        if (prefix.Depth == 0)
        {
            return _sorted;
        }

        // No namespace sorts between a prefix's path and what lies below it, nor is any path the end of the range itself.
        var last = _sorted.Max ?? Least;
        var first = new MemorySpace(prefix);
        return last.Namespace.CompareTo(prefix) < 0
            ? []
            : _sorted.GetViewBetween(first, last).TakeWhile(space => prefix.Contains(space.Namespace));
    }

    private int Sweep_NeedsLock(long now)
    {
        var expired = _spaces.Values.SelectMany(static space => space.Records.Values)
            .Where(record => !record.IsLive(now)).ToList();
        expired.ForEach(Remove_NeedsLock);
        return expired.Count;
    }

    private long ExpiryOf(TimeSpan? timeToLive, long now) =>
        timeToLive is { } time ? now + ToTicks(time) : MemoryRecord.Never;

    private long ToTicks(TimeSpan time) => Math.Max(1, (long)(time.TotalSeconds * _frequency));

    private MemoryEntry ToEntry(MemoryRecord record) => new()
    {
        Namespace = record.Space.Namespace,
        Key = record.Key,
        Text = record.Text,
        Metadata = record.Metadata,
        ETag = record.ETag,
        CreatedAt = record.CreatedAt,
        UpdatedAt = record.UpdatedAt,
        ExpiresAt = record.ExpiresAt is var at and not MemoryRecord.Never
            ? Time.GetUtcNow() + Time.GetElapsedTime(Time.GetTimestamp(), at)
            : null,
    };

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_spaces.Count == _sorted.Count, "The two lists of namespaces differ.");
        Debug.Assert(_count >= _spaces.Count, "A namespace without entries is kept.");
    }
}
