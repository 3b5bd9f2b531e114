using System.Runtime.CompilerServices;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>Giving back: the return that needs nothing, and what a return can lead to.</content>
internal sealed partial class PoolCore
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Return(PoolEntry entry, long token)
    {
        if (!TryReturnPlainly(entry, token))
        {
            var ended = ReturnWithCare(entry, token);
            if (!ended.IsCompleted)
            {
                _ = ended.AsTask();
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ValueTask ReturnAsync(PoolEntry entry, long token) =>
        TryReturnPlainly(entry, token) ? default : ReturnWithCare(entry, token);

    /// <summary>
    /// Marks the resource as broken. The compare-and-swap fails when the lease is stale or the mark is there already.
    /// </summary>
    internal void Invalidate(PoolEntry entry, long token, Exception? cause)
    {
        if (Volatile.Read(ref entry.Word) != token)
        {
            return;
        }

        entry.DoomReason = DestroyReason.Invalidated;
        if (entry.TryMove(token, SlotState.Doom(token)))
        {
            PoolLog.Invalidated(_logger, Name, cause is null ? "no cause given" : FailureText.Of(cause), cause);
            TellInvalidated(entry, cause);
            NoteBroken(entry, ResourceStage.Use, cause);
        }
    }

    /// <summary>Gives the resource to the holder for good.</summary>
    internal object Detach(PoolEntry entry, long token)
    {
        TryGetUse(entry, token, out var lentFor);
        if (!TryEndLoan(entry, token, out _))
        {
            throw new ObjectDisposedException(nameof(Lease<>), $"The lease of {entry.Describe()} was given back.");
        }

        RecordUse(lentFor);
        var resource = entry.Item!;
        Interlocked.Increment(ref _detached);
        Vacate(entry);
        return resource;
    }

    /// <summary>
    /// One compare-and-swap from {in use, this version} to {idle, next version}. It fails for a stale lease and for a sweeper's
    /// mark; those, and returns that lead to more, take the other way.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryReturnPlainly(PoolEntry entry, long token) =>
        _isReturnPlain && Volatile.Read(ref _gate.Word) == 0 && TryMakeIdle(entry, token);

    /// <summary>The swap of a plain return, and the second look at the gate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryMakeIdle(PoolEntry entry, long token)
    {
        var lentFor = 0;
        if (_watchesLoans && !MayReturnPlainly(entry, token, out lentFor))
        {
            return false;
        }

        if (!entry.TryMove(token, SlotState.Next(token, SlotState.Idle)))
        {
            return false;
        }

        NoteIdle(entry);
        if (Volatile.Read(ref _gate.Word) != 0)
        {
            ServeWaiters();
        }

        if (lentFor != 0)
        {
            RecordUse(lentFor);
        }

        return true;
    }

    /// <summary>
    /// False when the loan was reported as leaked: its return is to be told too. How long it lasted is read before the swap:
    /// afterwards the entry may be the next holder's.
    /// </summary>
    private bool MayReturnPlainly(PoolEntry entry, long token, out int lentFor)
    {
        lentFor = 0;
        if (_timesUses)
        {
            TryGetUse(entry, token, out lentFor);
        }

        return entry.Details?.LeakToken != token;
    }

    /// <summary>
    /// For how long it has been lent, in milliseconds and one more; zero when that is not known, or nobody asks.
    /// </summary>
    private void TryGetUse(PoolEntry entry, long token, out int lentFor)
    {
        lentFor = _instruments.IsUseTimed && entry.TryGetAge(token, _clock.Now(), out var age) ? age + 1 : 0;
    }

    private ValueTask ReturnWithCare(PoolEntry entry, long token)
    {
        if (_share is not null && TryReturnShared(entry, token))
        {
            return default;
        }

        if (_isReturnPlain && _isBorrowPlain && TryHandOver(entry, token))
        {
            return default;
        }

        TryGetUse(entry, token, out var lentFor);
        var age = TracksLeaks && entry.TryGetAge(token, _clock.Now(), out var milliseconds) ? milliseconds : 0;
        if (!TryEndLoan(entry, token, out var isDoomed))
        {
            return default;
        }

        entry.Details?.ForgetHolder();
        RecordUse(lentFor);
        if (TracksLeaks && entry.Details?.LeakToken == token)
        {
            ReportReturnOfSuspect(entry, TimeSpan.FromMilliseconds(age));
        }

        if (WhyNotReusable(entry, isDoomed) is { } reason)
        {
            Discard(entry, reason);
            TellUnserved();
            return default;
        }

        if (_share is not null && TryYield(entry))
        {
            return default;
        }

        if (NeedsReset(entry))
        {
            return ResetAsync(entry);
        }

        PutBack(entry);
        return default;
    }

    /// <summary>
    /// Gives what comes back straight to the first in the queue, by one compare-and-swap from one loan to the next. False when
    /// there is more to do, or nobody waits.
    /// </summary>
    private bool TryHandOver(PoolEntry entry, long token)
    {
        if (_shedder is not null || TracksLeaks || _instruments.IsUseTimed || IsExpired(entry))
        {
            return false;
        }

        PoolWaiter? waiter;
        var word = SlotState.Next(token, SlotState.InUse);
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            waiter = (_gate.Word & (PausedFlag | DisposedFlag)) == 0 && _live <= _maxSize ? _gate.Waiters.First : null;
            if (waiter is null || _hasSuspects || entry.Generation != _generation || !entry.TryMove(token, word))
            {
                return false;
            }

            TakeOut_NeedsLock(waiter, AcquireOutcome.Ok);
        }

        NoteHolder(entry, waiter.Member, waiter.File, waiter.Line, trace: default);
        NoteHolder(entry, waiter);
        waiter.Deliver(entry, word);
        SettleIfClosing();
        return true;
    }

    /// <summary>
    /// Puts what was returned into service: validated first, if it goes to a waiter; else that is due when it is lent.
    /// </summary>
    private void PutBack(PoolEntry entry)
    {
        if ((Volatile.Read(ref _gate.Word) & WaitingMask) != 0)
        {
            Prepare(entry);
            return;
        }

        PoolWaiter? waiter = null;
        var word = 0L;
        DestroyReason reason = default;
        bool isWanted;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            isWanted = (_validatesOnBorrow || _hasSuspects) && _gate.Waiters.Count > 0;
            if (!isWanted)
            {
                waiter = Place_NeedsLock(entry, out word, out reason);
            }
        }

        if (isWanted)
        {
            // Somebody has queued since the look above, and is not to be lent what has not been validated.
            Prepare(entry);
        }
        else
        {
            Settle(entry, waiter, word, reason);
        }
    }

    /// <summary>Ends the loan and holds the entry. Exactly one of any number of copies of a lease succeeds.</summary>
    private static bool TryEndLoan(PoolEntry entry, long token, out bool isDoomed)
    {
        while (true)
        {
            var word = Volatile.Read(ref entry.Word);
            isDoomed = word == SlotState.Doom(token);
            if (word != token && !isDoomed)
            {
                return false;
            }

            if (entry.TryMove(word, SlotState.Next(token, SlotState.Held)))
            {
                return true;
            }
        }
    }

    private DestroyReason? WhyNotReusable(PoolEntry entry, bool isDoomed)
    {
        if (isDoomed)
        {
            return entry.DoomReason;
        }

        if (IsDisposed)
        {
            return DestroyReason.PoolClosed;
        }

        if (entry.Generation != Volatile.Read(ref _generation))
        {
            return DestroyReason.PoolInvalidated;
        }

        if (_options.MaxUses is { } most && SlotState.VersionOf(entry.Word) - entry.NeedDetails().BornVersion >= most)
        {
            return DestroyReason.MaxUses;
        }

        return IsExpired(entry) ? entry.NeedDetails().ExpiryReason : null;
    }

    private bool IsExpired(PoolEntry entry) =>
        entry.Details is { } details
        && details.ExpiresAt != long.MaxValue && TimeProvider.GetTimestamp() >= Volatile.Read(ref details.ExpiresAt);

    private void RecordUse(int lentFor)
    {
        if (lentFor != 0)
        {
            _instruments.RecordUse(TimeSpan.FromMilliseconds(lentFor - 1));
        }
    }

    private void ReportReturnOfSuspect(PoolEntry entry, TimeSpan age)
    {
        PoolLog.SuspectReturned(_logger, Name, age, CallSite.From(entry.Member, entry.File, entry.Line).ToString());
        TellLeakReturned(entry, age);
    }
}
