using System.Diagnostics;
using System.Runtime.CompilerServices;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>Lending: the claim that waits for nothing, the queue, and how a waiter gets its resource.</content>
internal sealed partial class PoolCore
{
    /// <summary>Lends what is ready, without waiting. Null when the caller must queue.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal PoolEntry? TryAcquire(out long token, string? member, string? file, int line)
    {
        if (!_isBorrowPlain)
        {
            return TryAcquireWithCare(out token, member, file, line, isBlocking: false);
        }

        if (Volatile.Read(ref _gate.Word) == 0 && Claim(out token) is { } entry)
        {
            // Who queued, paused or closed since the first look comes first: nobody barges.
            if (Volatile.Read(ref _gate.Word) == 0)
            {
                entry.Member = member;
                entry.File = file;
                entry.Line = line;
                if (_notesEachLoan || LeaseFlow.IsAnyLive || _instruments.CountsAcquires || _instruments.IsUseTimed)
                {
                    NoteLoan(entry, token);
                }

                return entry;
            }

            GiveBackUnlent(entry, token);
        }

        token = 0;
        return null;
    }

    /// <summary>The same where a resource is validated first, or each loan is noted exactly.</summary>
    internal PoolEntry? TryAcquireWithCare(out long token, string? member, string? file, int line, bool isBlocking)
    {
        token = 0;
        while (Volatile.Read(ref _gate.Word) == 0 && ClaimHeld() is { } entry)
        {
            if (!Validate(entry, isBlocking))
            {
                // It ends in the background and its product goes to whoever waits longest: this caller, if nobody came before.
                return null;
            }

            if (!entry.IsFit)
            {
                Discard(entry, DestroyReason.ValidationFailed);

                // Who queued meanwhile took this validation for the one that serves it.
                ServeQueue();
                continue;
            }

            if (Volatile.Read(ref _gate.Word) != 0)
            {
                Offer(entry);
                return null;
            }

            NoteHolder(entry, member, file, line, trace: default);

            // Before it is lent: a sweep that sees the loan must not see the time of an earlier one.
            NoteLoan(entry, SlotState.With(entry.Word, SlotState.InUse));
            token = Publish(entry, SlotState.InUse);
            if (Volatile.Read(ref _gate.Word) != 0)
            {
                // A disposal that saw the entry held waits for what becomes of it; and so does who queued for it while creations
                // rest.
                SettleIfClosing();
                TellUnserved();
            }

            return entry;
        }

        return null;
    }

    /// <summary>Keeps a waiter whose result has been taken, and which nothing refers to any more.</summary>
    internal void ReturnWaiter(PoolWaiter waiter)
    {
        waiter.Core = null;
        _spareWaiters.Put(waiter);
    }

    /// <summary>Puts a caller into the queue.</summary>
    /// <param name="request">What it asks for.</param>
    /// <param name="waiter">A waiter for it; null to be given one that was used before, or a new one.</param>
    /// <param name="isAlone">Whether nobody waited before; then the caller has to look for a resource once more.</param>
    /// <returns>Why it may not wait, or null.</returns>
    internal Exception? Enqueue(in AcquireRequest request, ref PoolWaiter? waiter, out bool isAlone)
    {
        var trace = TracksLeaks ? Activity.Current?.TraceId ?? default : default;
        var startedExactly = _instruments.IsWaitTimed ? TimeProvider.GetTimestamp() : 0;
        var note = TakeNote();
        var own = waiter ?? TakeWaiter();
        Note(own, request, trace, startedExactly, note);
        var now = _clock.Now();
        ExhaustionReason? refusal;
        bool isClosed, isFailing, isRejected;
        var spin = new SpinWait();
        do
        {
            using (_gate.Latch.EnterScope())
            {
                AssertInvariants_NeedsLock();
                isClosed = IsClosed;
                isAlone = _gate.Waiters.Count == 0;
                refusal = WhyRefused_NeedsLock(note.Flow, request.Timeout);
                isRejected = !isClosed && IsRejected_NeedsLock();
                isFailing = !isClosed && IsFailingFast_NeedsLock();
                if (!isClosed && !isRejected && !isFailing && refusal is null)
                {
                    Enqueue_NeedsLock(own, request.Timeout, now);
                    waiter = own;
                    return null;
                }
            }
        }
        while (refusal == ExhaustionReason.QueueFull && MayComeToLight(ref spin));

        if (waiter is null)
        {
            ReturnWaiter(own);
        }

        return isClosed ? Refused(ClosedException())
            : isRejected ? Refused(CircuitOpen(), AcquireOutcome.CircuitOpen)
            : isFailing ? Refused(FailureFor(_lastCreateFailure!), AcquireOutcome.Failed)
            : Refused(request, refusal.GetValueOrDefault(), note.Flow);
    }

    private PoolWaiter TakeWaiter()
    {
        var waiter = _spareWaiters.Take() ?? _newWaiter();
        waiter.Core = this;
        return waiter;
    }

    private void Note(
        PoolWaiter waiter, in AcquireRequest request, ActivityTraceId trace, long startedExactly, in LoanNote note)
    {
        waiter.Member = request.Member;
        waiter.File = request.File;
        waiter.Line = request.Line;
        waiter.Priority = request.Priority;
        waiter.Extras?.Clear();
        if (startedExactly != 0 || trace != default || request.Timeout != _options.AcquireTimeout || !note.IsEmpty)
        {
            var extras = waiter.Extras ??= new PoolWaiterExtras(waiter);
            extras.StartedExactly = startedExactly;
            extras.Trace = trace;
            extras.Note = note;
            extras.OwnTimeout = request.Timeout == _options.AcquireTimeout ? null : request.Timeout;
        }
    }

    private void Enqueue_NeedsLock(PoolWaiter waiter, TimeSpan timeout, long now)
    {
        StartMaintenance_NeedsLock();
        waiter.Outcome = AcquireOutcome.Failed;
        _gate.Waiters.Enqueue(waiter);
        CountWait_NeedsLock();
        CountFlow_NeedsLock(waiter, timeout);
        SetDeadline_NeedsLock(waiter, timeout, now);
        if (_gate.Waiters.Count == 1)
        {
            SetGate_NeedsLock();
            BeginShedding_NeedsLock();
        }
        else
        {
            CountWaiters_NeedsLock();
        }
    }

    /// <summary>
    /// Called after a caller has queued. Who queues behind others need not look for idle resources: those others do, or have done
    /// so, and what becomes idle after their look is looked at by its returner. With validation some are left idle on purpose,
    /// and everybody looks.
    /// </summary>
    internal void ServeCaller(bool isAlone)
    {
        if (isAlone || !_isBorrowPlain)
        {
            ServeQueue();
        }
        else if (Volatile.Read(ref _live) < Volatile.Read(ref _maxSize))
        {
            EnsureSupply();
        }
    }

    /// <summary>Looks again, so that no resource lies idle beside a waiter, and orders more.</summary>
    internal void ServeQueue()
    {
        ServeWaiters();
        if (Volatile.Read(ref _live) < Volatile.Read(ref _maxSize) || _recovery is { Circuit.IsClosed: false })
        {
            EnsureSupply();
        }
    }

    /// <summary>Takes a caller out of the queue, if nobody else has; the caller of this method then ends it.</summary>
    internal bool TryLeaveQueue(PoolWaiter waiter, AcquireOutcome outcome)
    {
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            if (!TakeOut_NeedsLock(waiter, outcome))
            {
                return false;
            }
        }

        if (outcome == AcquireOutcome.Canceled)
        {
            Interlocked.Increment(ref _cancellations);
        }

        SettleIfClosing();
        return true;
    }

    /// <summary>
    /// Gives an entry that the pool holds, and that is fit, to the first in the queue; to nobody when the queue is empty: then it
    /// is idle. As callers queue under the same lock, none can be overlooked.
    /// </summary>
    private void Offer(PoolEntry entry)
    {
        PoolWaiter? waiter;
        long word;
        DestroyReason reason;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            waiter = Place_NeedsLock(entry, out word, out reason);
        }

        Settle(entry, waiter, word, reason);
    }

    /// <summary>
    /// Decides what becomes of an entry that the pool holds, and writes it into its word. A generation is raised under the lock,
    /// and its sweep begins after that: what is published here is either of that generation, or swept. The same is true of
    /// sizes.
    /// </summary>
    private PoolWaiter? Place_NeedsLock(PoolEntry entry, out long word, out DestroyReason reason)
    {
        var waiter = (_gate.Word & (PausedFlag | DisposedFlag)) == 0 ? NextToServe_NeedsLock() : null;
        var refusal = entry.Generation != _generation ? DestroyReason.PoolInvalidated
            : _live > _maxSize && _live - CountStates().Leaving > _maxSize ? DestroyReason.Resized
            : waiter is null && IsClosed ? DestroyReason.PoolClosed
            : (DestroyReason?)null;
        waiter = refusal is null ? waiter : null;
        reason = refusal.GetValueOrDefault();
        if (waiter is not null)
        {
            NoteServed_NeedsLock(waiter);
            TakeOut_NeedsLock(waiter, AcquireOutcome.Ok);
            NoteHolder(entry, waiter.Member, waiter.File, waiter.Line, waiter.Extras?.Trace ?? default);
            NoteHolder(entry, waiter);
        }

        if (_isFirstInFirstOut && !entry.IsKeptAlive)
        {
            entry.NeedDetails().IdleSequence = ++_idleSequence;
        }

        entry.IsKeptAlive = false;
        word = SlotState.With(
            entry.Word, refusal is not null ? SlotState.Destroying : waiter is null ? SlotState.Idle : SlotState.InUse);
        if (waiter is not null)
        {
            NoteTime(entry, word);
        }

        Volatile.Write(ref entry.Word, word);
        return waiter;
    }

    private void Settle(PoolEntry entry, PoolWaiter? waiter, long word, DestroyReason reason)
    {
        if (SlotState.Of(word) == SlotState.Destroying)
        {
            StartDestroy(entry, reason);
        }
        else if (waiter is not null)
        {
            waiter.Deliver(entry, word);
            SettleIfClosing();
        }
        else
        {
            NoteIdle(entry);
            _share?.Budget.NoteIdle();
        }

        TellShed();
    }

    /// <summary>Brings idle entries and waiters together, until there are none of the one or of the other.</summary>
    private void ServeWaiters()
    {
        while (CanServe() && ClaimHeld() is { } entry)
        {
            Prepare(entry);
        }

        SettleIfClosing();
    }

    /// <summary>Whether somebody waits that nothing under way will serve.</summary>
    private bool CanServe()
    {
        YieldPoint.Reach();
        var gate = Volatile.Read(ref _gate.Word);
        YieldPoint.Reach();
        return (gate & (PausedFlag | DisposedFlag)) == 0 && (gate & WaitingMask) > Volatile.Read(ref _validating);
    }

    /// <summary>What comes between being held and being lent: validation, where it is due.</summary>
    private void Prepare(PoolEntry entry)
    {
        if (!Validate(entry, isBlocking: false))
        {
            return;
        }

        if (entry.IsFit)
        {
            Offer(entry);
        }
        else
        {
            Discard(entry, DestroyReason.ValidationFailed);

            // Who queued meanwhile took this validation for the one that serves it.
            EnsureSupply();
        }
    }

    private void GiveBackUnlent(PoolEntry entry, long token)
    {
        // Nobody has seen the token, so the version stays; but a sweep may have doomed the entry meanwhile.
        if (entry.TryMove(token, SlotState.With(token, SlotState.Held)))
        {
            // It may have become a suspect since it was claimed.
            Prepare(entry);
        }
        else
        {
            Volatile.Write(ref entry.Word, SlotState.With(token, SlotState.Held));
            Discard(entry, entry.DoomReason);
        }

        // Whoever holds nothing now may find that the queue has emptied, or that a resource has become idle: it queues and looks
        // again.
    }

    private void NoteHolder(PoolEntry entry, string? member, string? file, int line, ActivityTraceId trace)
    {
        entry.Member = member;
        entry.File = file;
        entry.Line = line;
        NoteTrace(entry, trace);
    }

    private bool TakeOut_NeedsLock(PoolWaiter waiter, AcquireOutcome outcome)
    {
        if (!_gate.Waiters.Remove(waiter))
        {
            return false;
        }

        waiter.Outcome = outcome;
        UncountFlow_NeedsLock(waiter);
        RemoveDeadline_NeedsLock(waiter);
        CountWaiters_NeedsLock();
        return true;
    }

    private Exception ClosedException() =>
        IsDisposed
            ? new ObjectDisposedException("ResourcePool", $"Pool '{Name}' has been disposed.")
            : new PoolClosedException($"Pool '{Name}' is drained and lends nothing any more.", Name, Type);
}
