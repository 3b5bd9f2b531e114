namespace Pepper.Resources;

/// <summary>
/// One loan of a shared resource. Each holder has its own, so that a lease which is disposed twice cannot end another's loan;
/// it is used again for later loans, as its version tells them apart.
/// </summary>
internal sealed class SharedLoan(SharedSlot owner) : LeaseSlot
{
    // Links of the owner's lists, and what is known of the holder: under the owner's lock.
    internal SharedLoan? Next;
    internal SharedLoan? Previous;
    internal CallSite CallSite;
    internal long LentAt;
    internal string? TraceId;

    internal override void Return(long token)
    {
        if (TryEnd(token))
        {
            owner.OnReturned(this);
        }
    }

    internal override ValueTask ReturnAsync(long token)
    {
        Return(token);
        return default;
    }

    internal override void Invalidate(long token, Exception? cause)
    {
        if (Interlocked.CompareExchange(ref Word, SlotState.Doom(token), token) == token)
        {
            owner.Invalidate(cause);
        }
    }

    internal override object Detach(long token) =>
        IsHeldBy(token)
            ? throw new NotSupportedException($"{Describe()} is shared with other holders and cannot be detached.")
            : throw new ObjectDisposedException("Lease", $"The lease of {Describe()} was given back.");

    internal override string Source => owner.Source;

    internal override string Describe() => owner.Description;

    private bool TryEnd(long token)
    {
        var ended = SlotState.Next(token, SlotState.Vacant);
        return Interlocked.CompareExchange(ref Word, ended, token) == token
            || Interlocked.CompareExchange(ref Word, ended, SlotState.Doom(token)) == SlotState.Doom(token);
    }
}
