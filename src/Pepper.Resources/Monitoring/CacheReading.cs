namespace Pepper.Resources.Monitoring;

/// <summary>A cache's state at one moment, as the instruments need it.</summary>
internal sealed record CacheReading
{
    internal required string Cache { get; init; }

    internal required long Entries { get; init; }

    internal required long Weight { get; init; }

    internal required long Hits { get; init; }

    internal required long Misses { get; init; }

    internal required long LoadFailures { get; init; }

    internal required long Leased { get; init; }

    /// <summary>Resources that have left the cache and are still leased.</summary>
    internal required long Detached { get; init; }

    internal required long DestroyFailures { get; init; }

    internal required IReadOnlyList<KeyValuePair<string, long>> Removals { get; init; }
}
