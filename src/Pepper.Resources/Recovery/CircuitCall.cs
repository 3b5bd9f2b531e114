using System.Runtime.InteropServices;

namespace Pepper.Resources.Recovery;

/// <summary>
/// A call whose outcome is told by hand, as <see cref="CircuitBreaker.TryEnter(out CircuitCall)"/> let it through or rejected it:
/// for work whose result must be looked at, for callbacks, and for frameworks that want the work in a shape of their own.
/// </summary>
/// <remarks>
/// <para>The first of <see cref="Succeed"/>, <see cref="Fail"/>, <see cref="Abandon"/> and <see cref="Dispose"/> on any copy ends
/// the call; whatever comes later, from whatever thread, changes nothing, nor does anything on a <c>default</c> value or a
/// rejected call. Nothing of it ever throws.</para>
/// <para>A trial that is not ended within <see cref="CircuitBreakerOptions.HalfOpenTimeout"/> has failed, whatever is told later.
/// Any other call that is never ended says nothing, and costs nothing. Safe from any thread.</para>
/// </remarks>
[StructLayout(LayoutKind.Auto)]
public readonly struct CircuitCall : IDisposable, IEquatable<CircuitCall>
{
    private readonly CircuitBreaker? _breaker;

    // A ticket when the call was let through, else the phase that rejected it.
    private readonly object? _standing;

    // Which use of the ticket it is; of a rejected call the ticks after which another may be a trial.
    private readonly long _number;

    internal CircuitCall(CircuitBreaker breaker, CircuitTicket ticket, long use)
    {
        _breaker = breaker;
        _standing = ticket;
        _number = use;
    }

    internal CircuitCall(CircuitBreaker breaker, in CircuitRejection rejection)
    {
        _breaker = breaker;
        _standing = rejection.Phase;
        _number = rejection.RetryAfter.Ticks;
    }

    /// <summary>Whether the circuit rejected the call: the work must not begin.</summary>
    public bool IsRejected => _standing is CircuitPhase;

    /// <summary>Whether the call is a trial that has not been ended: its result decides whether the circuit closes.</summary>
    public bool IsTrial => _standing is CircuitTicket ticket && ticket.IsTrial(_number);

    /// <summary>As <see cref="CircuitOpenException.RetryAfter"/>; zero when the call was not rejected.</summary>
    public TimeSpan RetryAfter => IsRejected ? new TimeSpan(_number) : TimeSpan.Zero;

    /// <summary>Whether two values are copies of one call.</summary>
    public static bool operator ==(CircuitCall left, CircuitCall right) => left.Equals(right);

    /// <summary>Whether two values are different calls.</summary>
    public static bool operator !=(CircuitCall left, CircuitCall right) => !left.Equals(right);

    /// <summary>The call succeeded.</summary>
    public void Succeed()
    {
        if (_standing is CircuitTicket ticket && ticket.TryEnd(_number, out var permit))
        {
            _breaker!.Succeed(permit);
        }
    }

    /// <summary>The call failed, which is neutral if <see cref="CircuitBreakerOptions.IsFailure"/> says so.</summary>
    /// <param name="failure">
    /// What went wrong: the cause that those see whom the circuit rejects for it. Default: a failure that counts, and says that
    /// no cause was told.
    /// </param>
    public void Fail(Exception? failure = null)
    {
        if (_standing is CircuitTicket ticket && ticket.TryEnd(_number, out var permit))
        {
            _breaker!.FailByHand(permit, failure);
        }
    }

    /// <summary>
    /// The call came to nothing that says how things are: its caller cancelled it, say. The place of a trial is free again.
    /// </summary>
    public void Abandon()
    {
        if (_standing is CircuitTicket ticket && ticket.TryEnd(_number, out var permit))
        {
            _breaker!.Abstain(permit);
        }
    }

    /// <summary>As <see cref="Abandon"/>: a <c>using</c> makes sure that no way out leaves a trial without an end.</summary>
    public void Dispose() => Abandon();

    /// <summary>The rejection as what <see cref="CircuitBreaker.ExecuteAsync{TResult}"/> would throw.</summary>
    /// <returns>The exception, not thrown; <c>null</c> when the call was not rejected.</returns>
    public CircuitOpenException? ToException() => _standing is CircuitPhase phase
        ? new CircuitRejection(phase.State, RetryAfter, phase).ToException(_breaker!.Name)
        : null;

    /// <inheritdoc/>
    public bool Equals(CircuitCall other) => ReferenceEquals(_standing, other._standing) && _number == other._number;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is CircuitCall other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_standing, _number);
}
