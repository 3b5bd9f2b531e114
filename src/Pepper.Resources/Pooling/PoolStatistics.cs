using Pepper.Resources.Recovery;

namespace Pepper.Resources.Pooling;

/// <summary>The state and the totals of a pool at one moment, read from the truth. Totals count from the pool's making.</summary>
public sealed record PoolStatistics
{
    /// <summary>The pool's name.</summary>
    public required string Name { get; init; }

    /// <summary>What sort of thing the resources are.</summary>
    public required ResourceType Type { get; init; }

    /// <summary>
    /// Live resources: idle, in use, being made, validated, reset or destroyed. Never above <see cref="MaxSize"/>, but right
    /// after the pool was made smaller.
    /// </summary>
    public required int Size { get; init; }

    /// <summary>Resources ready to be lent.</summary>
    public required int Idle { get; init; }

    /// <summary>Resources that are lent.</summary>
    public required int InUse { get; init; }

    /// <summary>Resources being made.</summary>
    public required int Creating { get; init; }

    /// <summary>Resources being validated, reset or destroyed.</summary>
    public int Busy => Math.Max(0, Size - Idle - InUse - Creating);

    /// <summary>Callers that wait.</summary>
    public required int Waiting { get; init; }

    /// <summary>How long the first of them has waited; zero when nobody waits.</summary>
    public required TimeSpan OldestWait { get; init; }

    /// <summary>How many resources the pool keeps at least.</summary>
    public required int MinSize { get; init; }

    /// <summary>How many resources there are at most.</summary>
    public required int MaxSize { get; init; }

    /// <summary>Whether the pool is paused.</summary>
    public required bool IsPaused { get; init; }

    /// <summary>Whether the pool is drained or disposed, or being so.</summary>
    public required bool IsClosed { get; init; }

    /// <summary>Leases that were given out.</summary>
    public required long Acquired { get; init; }

    /// <summary>Callers that had to wait, however it ended for them.</summary>
    public required long Waits { get; init; }

    /// <summary>Callers whose deadline passed.</summary>
    public required long Timeouts { get; init; }

    /// <summary>Callers that cancelled while they waited.</summary>
    public required long Cancellations { get; init; }

    /// <summary>Callers that were refused, as too many waited, or as they would have waited for ever.</summary>
    public required long Rejections { get; init; }

    /// <summary>
    /// Callers that were rejected while the pool was overloaded; 0 without <see cref="ResourcePoolOptions.Shedding"/>.
    /// </summary>
    public long Shed { get; init; }

    /// <summary>
    /// Whether the pool is overloaded; false without <see cref="ResourcePoolOptions.Shedding"/>, which says what that means.
    /// </summary>
    public bool IsOverloaded { get; init; }

    /// <summary>Resources made.</summary>
    public required long Created { get; init; }

    /// <summary>Creations that failed or took too long.</summary>
    public required long CreateFailures { get; init; }

    /// <summary>Creations that failed since the last that succeeded.</summary>
    public required int ConsecutiveCreateFailures { get; init; }

    /// <summary>Resources destroyed, those included whose destruction failed or was abandoned.</summary>
    public required long Destroyed { get; init; }

    /// <summary>Resources whose owner is now the caller, by <see cref="Lease{T}.Detach"/>.</summary>
    public required long Detached { get; init; }

    /// <summary>
    /// Stages that did not end in their time and were given up: creations, validations, resets and destructions.
    /// </summary>
    public required long Abandoned { get; init; }

    /// <summary>Leases that outlived the leak threshold.</summary>
    public required long Leaks { get; init; }

    /// <summary>The pool's generation, from 0.</summary>
    public required int Generation { get; init; }

    /// <summary>
    /// The circuit that creations go through; <c>null</c> without <see cref="ResourcePoolOptions.Recovery"/>, and for several
    /// pools together.
    /// </summary>
    public CircuitStatistics? Circuit { get; init; }

    /// <summary>How often the circuit closed again after it had been open.</summary>
    public long Recoveries { get; init; }

    /// <summary>Second creations that joined a slow one: see <see cref="FactoryRecoveryOptions.HedgeAfter"/>.</summary>
    public long Hedges { get; init; }

    /// <summary>Resources that are validated before they are lent again, as another has failed.</summary>
    public int Suspects { get; init; }

    /// <summary>
    /// How the pool is, judged from what it knows; nothing is tried for it. Unhealthy: nothing can be lent and creations fail,
    /// or there were too many recoveries. Degraded: creations fail, but some resources are usable.
    /// </summary>
    public ResourceHealth Health { get; init; }

    /// <summary>Why it is not healthy, in a sentence; <c>null</c> when it is.</summary>
    public string? HealthReason { get; init; }
}
