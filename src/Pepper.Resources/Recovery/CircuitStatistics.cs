using System.Text.Json.Serialization;

namespace Pepper.Resources.Recovery;

/// <summary>How a circuit stands, and what its calls came to since it was made.</summary>
public sealed record CircuitStatistics
{
    /// <summary>The name of the circuit.</summary>
    public required string Name { get; init; }

    /// <summary>The state.</summary>
    public required CircuitState State { get; init; }

    /// <summary>The number of the present phase: it rises with each transition and each reset.</summary>
    public required long Generation { get; init; }

    /// <summary>Failures in a row, while the circuit is closed; otherwise zero.</summary>
    public required int FailuresInARow { get; init; }

    /// <summary>Trials that are under way.</summary>
    public required int Trials { get; init; }

    /// <summary>
    /// As <see cref="CircuitOpenException.RetryAfter"/> of a call that would be rejected now; zero when none would.
    /// </summary>
    public required TimeSpan RetryAfter { get; init; }

    /// <summary>Calls that succeeded.</summary>
    public required long Successes { get; init; }

    /// <summary>Calls that failed, slow trials and trials that were given up included.</summary>
    public required long Failures { get; init; }

    /// <summary>Calls that took <see cref="CircuitBreakerOptions.SlowCallThreshold"/> or longer, whatever they came to.</summary>
    public required long SlowCalls { get; init; }

    /// <summary>Calls whose result says nothing: cancelled by their callers, or not counted by
    /// <see cref="CircuitBreakerOptions.IsFailure"/>.</summary>
    public required long Neutral { get; init; }

    /// <summary>Results that came after a transition and therefore did not count.</summary>
    public required long Stale { get; init; }

    /// <summary>Calls that were rejected.</summary>
    public required long Rejected { get; init; }

    /// <summary>How often the circuit opened.</summary>
    public required long Opened { get; init; }

    /// <summary>How often its state changed.</summary>
    public required long Transitions { get; init; }

    /// <summary>The last failure that counted; <c>null</c> when there was none. It is left out of JSON.</summary>
    [JsonIgnore]
    public Exception? LastFailure { get; init; }
}
