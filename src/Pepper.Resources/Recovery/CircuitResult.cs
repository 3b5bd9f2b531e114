namespace Pepper.Resources.Recovery;

/// <summary>What came of a call that a circuit breaker may reject without throwing. A rejection allocates nothing.</summary>
/// <typeparam name="TResult">What the work yields.</typeparam>
public readonly struct CircuitResult<TResult>
{
    private readonly TResult _value;
    private readonly CircuitRejection _rejection;
    private readonly string? _name;

    internal CircuitResult(TResult value)
    {
        _value = value;
        _rejection = default;
        _name = null;
    }

    internal CircuitResult(in CircuitRejection rejection, string name)
    {
        _value = default!;
        _rejection = rejection;
        _name = name;
    }

    /// <summary>Whether the call was rejected: the work did not begin.</summary>
    public bool IsRejected => _name is not null;

    /// <summary>How the circuit stood when it rejected the call.</summary>
    public CircuitState State => _rejection.State;

    /// <summary>As <see cref="CircuitOpenException.RetryAfter"/>; zero when the call was not rejected.</summary>
    public TimeSpan RetryAfter => _rejection.RetryAfter;

    /// <summary>The failure that opened the circuit; <c>null</c> when the call was not rejected, or none did.</summary>
    public Exception? Cause => _rejection.Phase?.Cause;

    /// <summary>What the work yielded.</summary>
    /// <exception cref="CircuitOpenException">The call was rejected.</exception>
    public TResult Value => _name is null ? _value : throw _rejection.ToException(_name);
}
