namespace Pepper.Resources.Recovery;

/// <summary>
/// What all copies of a <see cref="CircuitCall"/> share, so that it ends once. It serves one call after another, each under a
/// number of its own, so that a call costs no allocation.
/// </summary>
internal sealed class CircuitTicket
{
    // Beyond these, which are one for each thread, as many are kept for calls that end on another thread than they began on.
    private const int Kept = 64;
    private static readonly CircuitTicket?[] Spare = new CircuitTicket?[Kept];

    [ThreadStatic]
    private static CircuitTicket? _spare;

    private CircuitPermit _permit;
    private long _use;

    /// <summary>A ticket for a call that begins, and the number of its use.</summary>
    internal static CircuitTicket Rent(in CircuitPermit permit, out long use)
    {
        var ticket = _spare ?? TakeKept() ?? new CircuitTicket();
        _spare = null;
        ticket._permit = permit;
        use = Volatile.Read(ref ticket._use);
        return ticket;
    }

    internal bool IsTrial(long use) => _permit.IsTrial && Volatile.Read(ref _use) == use;

    /// <summary>Ends the use; false when it has been ended. The ticket is then free for another call.</summary>
    internal bool TryEnd(long use, out CircuitPermit permit)
    {
        if (Interlocked.CompareExchange(ref _use, use + 1, use) != use)
        {
            permit = default;
            return false;
        }

        permit = _permit;
        _permit = default;
        if (_spare is null)
        {
            _spare = this;
        }
        else
        {
            Volatile.Write(ref Spare[Place()], this);
        }

        return true;
    }

    private static CircuitTicket? TakeKept()
    {
        ref var place = ref Spare[Place()];
        return Volatile.Read(ref place) is null ? null : Interlocked.Exchange(ref place, null);
    }

    private static int Place() => Thread.GetCurrentProcessorId() & (Kept - 1);
}
