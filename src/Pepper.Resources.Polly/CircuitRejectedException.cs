using Pepper.Resources.Recovery;
using Polly.CircuitBreaker;

namespace Pepper.Resources.Polly;

/// <summary>
/// A <see cref="CircuitBreaker"/> rejected the execution, which did not begin: for code that catches
/// <see cref="BrokenCircuitException"/>. <see cref="Exception.InnerException"/> is <see cref="Rejection"/>, and its inner
/// exception the failure that opened the circuit. A circuit that is isolated rejects with Polly's own
/// <see cref="IsolatedCircuitException"/>.
/// </summary>
/// <param name="rejection">What the circuit said.</param>
public sealed class CircuitRejectedException(CircuitOpenException rejection)
    : BrokenCircuitException(NotNull(rejection).Message, rejection.RetryAfter, rejection)
{
    /// <summary>What the circuit said: its name, how it stood, and when to come again.</summary>
    public CircuitOpenException Rejection { get; } = rejection;

    private static CircuitOpenException NotNull(CircuitOpenException rejection)
    {
        ArgumentNullException.ThrowIfNull(rejection);
        return rejection;
    }
}
