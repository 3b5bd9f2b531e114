namespace Pepper.Resources.Recovery;

/// <summary>A change of a circuit's state, as <see cref="CircuitBreaker.Subscribe"/> tells it.</summary>
public sealed record CircuitTransition
{
    /// <summary>The name of the circuit.</summary>
    public required string Name { get; init; }

    /// <summary>The state before.</summary>
    public required CircuitState From { get; init; }

    /// <summary>The state from now on.</summary>
    public required CircuitState To { get; init; }

    /// <summary>Which transition of the circuit it is: from 1, without gaps.</summary>
    public required long Sequence { get; init; }

    /// <summary>When it happened, by the wall clock, for people to read.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>When it opened: for how long; otherwise zero.</summary>
    public TimeSpan Break { get; init; }

    /// <summary>When it opened: the failure that did it, if it was one.</summary>
    public Exception? Cause { get; init; }

    /// <summary>How many transitions this observer missed just before, as it was too slow.</summary>
    public long Missed { get; init; }
}
