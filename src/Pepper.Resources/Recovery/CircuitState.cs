namespace Pepper.Resources.Recovery;

/// <summary>
/// What a <see cref="CircuitBreaker"/> does with a call. The numbers are those of <c>pepperpy_circuit_state</c>.
/// </summary>
public enum CircuitState
{
    /// <summary>Calls go through, and their failures are counted.</summary>
    Closed = 0,

    /// <summary>The break is over and trials are under way; other calls are rejected.</summary>
    HalfOpen = 1,

    /// <summary>Calls are rejected. When the break is over, the next call becomes a trial.</summary>
    Open = 2,

    /// <summary>Calls are rejected until somebody calls <see cref="CircuitBreaker.Reset"/>.</summary>
    Isolated = 3,
}
