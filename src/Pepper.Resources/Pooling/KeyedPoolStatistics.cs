namespace Pepper.Resources.Pooling;

/// <summary>
/// The state and the totals of a keyed pool at one moment, over all keys. Totals count from its making, retired keys included.
/// </summary>
public sealed record KeyedPoolStatistics
{
    /// <summary>The keyed pool's name.</summary>
    public required string Name { get; init; }

    /// <summary>Keys that have a pool.</summary>
    public required int Keys { get; init; }

    /// <summary>How many keys may have one; <c>null</c> for any number.</summary>
    public required int? MaxKeys { get; init; }

    /// <summary>Pools of keys that were retired: unused for too long, to make room for another key, or on demand.</summary>
    public required long RetiredKeys { get; init; }

    /// <summary>
    /// Live resources: idle, in use, being made, validated, reset or destroyed; those included that retired keys still have
    /// lent. Never above <see cref="MaxTotal"/>.
    /// </summary>
    public required int Size { get; init; }

    /// <summary>How many resources there are at most over all keys; <c>null</c> when only the keys' own maxima count.</summary>
    public required int? MaxTotal { get; init; }

    /// <summary>Resources ready to be lent.</summary>
    public required int Idle { get; init; }

    /// <summary>Resources that are lent.</summary>
    public required int InUse { get; init; }

    /// <summary>Resources being made.</summary>
    public required int Creating { get; init; }

    /// <summary>Callers that wait.</summary>
    public required int Waiting { get; init; }

    /// <summary>How long the first of them has waited; zero when nobody waits.</summary>
    public required TimeSpan OldestWait { get; init; }

    /// <summary>Keys whose callers wait for room within <see cref="MaxTotal"/>, and for nothing else.</summary>
    public required int StarvingKeys { get; init; }

    /// <summary>Leases that were given out.</summary>
    public required long Acquired { get; init; }

    /// <summary>Callers that had to wait, however it ended for them.</summary>
    public required long Waits { get; init; }

    /// <summary>Callers whose deadline passed.</summary>
    public required long Timeouts { get; init; }

    /// <summary>Resources made.</summary>
    public required long Created { get; init; }

    /// <summary>Creations that failed or took too long.</summary>
    public required long CreateFailures { get; init; }

    /// <summary>Resources destroyed, those included whose destruction failed or was abandoned.</summary>
    public required long Destroyed { get; init; }

    /// <summary>Resources of one key that were destroyed to make room for another.</summary>
    public required long Evicted { get; init; }

    /// <summary>Resources whose owner is now the caller, by <see cref="Lease{T}.Detach"/>.</summary>
    public required long Detached { get; init; }

    /// <summary>Whether the keyed pool is drained or disposed, or being so.</summary>
    public required bool IsClosed { get; init; }
}
