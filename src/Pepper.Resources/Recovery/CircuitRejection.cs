namespace Pepper.Resources.Recovery;

/// <summary>How the circuit stood when it rejected a call.</summary>
internal readonly record struct CircuitRejection(CircuitState State, TimeSpan RetryAfter, CircuitPhase Phase)
{
    internal CircuitOpenException ToException(string name, string owner = "")
    {
        var after = Phase.Cause is { } cause ? $" Opened by: {FailureText.Of(cause)}" : string.Empty;
        var message = State switch
        {
            CircuitState.Isolated =>
                $"Circuit '{name}' is isolated{(Phase.Reason is { } why ? $" ({why})" : "")} until somebody calls Reset.",
            CircuitState.HalfOpen => $"Circuit '{name}' is half-open and its trials are under way; they are given up after "
                + $"{RetryAfter} (CircuitBreakerOptions.HalfOpenTimeout).{after}",
            _ => $"Circuit '{name}' is open for another {RetryAfter} (CircuitBreakerOptions.ResetTimeout).{after}",
        };
        return new CircuitOpenException(owner + message, State, RetryAfter, name, Phase.Cause);
    }
}
