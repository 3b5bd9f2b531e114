using System.Diagnostics;
using System.Runtime.CompilerServices;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>
/// Who holds what, beyond the call site: flows and stacks; and the deadlock of flows that each hold what the others wait for.
/// </content>
internal sealed partial class PoolCore
{
    // Under the lock: how many callers of a flow, and of its inner ones, wait. Only with FailOnDeadlock.
    private readonly Dictionary<LeaseFlow, int> _waitingFlows = [];

    private int _stackTurns;

    /// <summary>What a caller's loan is to note of it. Called on the caller's own stack.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private LoanNote TakeNote() =>
        new(LeaseFlow.Current, _options.StackCapture > 0 && IsTurnOfStack() ? CallStack.Capture() : null);

    private bool IsTurnOfStack() =>
        _options.StackCapture == 1 || ((uint)Interlocked.Increment(ref _stackTurns) - 1) % (uint)_options.StackCapture == 0;

    /// <summary>The token comes last: who finds it finds what belongs to it.</summary>
    private static void NoteHolder(PoolEntry entry, long token, in LoanNote note)
    {
        var details = entry.NeedDetails();
        details.Flow = note.Flow;
        details.Stack = note.Stack;
        Volatile.Write(ref details.NotedFor, token);
    }

    private static void NoteHolder(PoolEntry entry, PoolWaiter waiter)
    {
        if (waiter.Extras is { Note.IsEmpty: false } extras)
        {
            NoteHolder(entry, SlotState.With(entry.Word, SlotState.InUse), extras.Note);
            extras.Note = default;
        }
    }

    /// <summary>
    /// What this loan has noted. A later loan notes its own only after it has changed the word, so what was read belongs to this
    /// one if the word is the same afterwards.
    /// </summary>
    private static LoanNote NoteOf(PoolEntry entry, long token)
    {
        if (entry.Details is not { } details || Volatile.Read(ref details.NotedFor) != token)
        {
            return default;
        }

        var note = new LoanNote(Volatile.Read(ref details.Flow), Volatile.Read(ref details.Stack));
        return entry.IsHeldBy(token) ? note : default;
    }

    private static bool IsOwn(LeaseInfo lease, LeaseFlow? flow) =>
        flow is not null && lease.HolderFlow?.Living is { } holder && flow.IsWithin(holder);

    private static string NestedAcquire(IReadOnlyList<LeaseInfo> own, LeaseFlow? flow) =>
        own.Count == 0
            ? string.Empty
            : $" The caller's own flow{(flow?.Name is { } name ? $" '{name}'" : string.Empty)} holds {own.Count} lease(s) of "
            + $"this pool already, since {string.Join("; ", own.Take(5).Select(static held => held.CallSite))}: nested acquires "
            + "of one pool deadlock when all callers do so. Acquire all that one flow needs at once, or raise MaxSize.";

    private ExhaustionReason? WhyRefused_NeedsLock(LeaseFlow? flow, TimeSpan timeout) =>
        !MayWait_NeedsLock() ? ExhaustionReason.QueueFull
        : flow is not null && timeout != TimeSpan.Zero && IsDeadlock_NeedsLock(flow) ? ExhaustionReason.Deadlock
        : null;

    private Exception Refused(Exception refusal, AcquireOutcome outcome = AcquireOutcome.Rejected)
    {
        _instruments.RecordAcquire(outcome, TimeSpan.Zero);
        if (ResourceActivities.IsEnabled)
        {
            ResourceActivities.RecordAcquire(
                NameLabel, TypeLabel, PoolLabels.Of(outcome), Activity.Current?.Context ?? default,
                TimeProvider.GetUtcNow(), refusal);
        }

        return refusal;
    }

    private Exception Refused(in AcquireRequest request, ExhaustionReason reason, LeaseFlow? flow)
    {
        Interlocked.Increment(ref _rejections);
        var refusal = ExhaustedException(request.Timeout, reason, GetStatistics(), flow);
        if (reason == ExhaustionReason.Deadlock)
        {
            PoolLog.Deadlocked(_logger, Name, refusal.Message);
        }

        Events?.Raise(PoolEventKind.Rejected, refusal.Message, refusal);

        return Refused(refusal);
    }

    /// <summary>
    /// Whether nothing can come to a caller of this flow any more: each place is lent, and to a flow that waits here as well. A
    /// flow that waits gives nothing back, and what is idle, being made, checked or destroyed is not lent.
    /// </summary>
    private bool IsDeadlock_NeedsLock(LeaseFlow flow)
    {
        if (!_options.FailOnDeadlock || _live < _maxSize)
        {
            return false;
        }

        foreach (var entry in _entries)
        {
            var word = Volatile.Read(ref entry.Word);
            if (SlotState.Of(word) == SlotState.Vacant)
            {
                continue;
            }

            if (SlotState.Of(word) is not (SlotState.InUse or SlotState.Doomed)
                || NoteOf(entry, SlotState.With(word, SlotState.InUse)).Flow?.Living is not { } holder
                || !(flow.IsWithin(holder) || _waitingFlows.ContainsKey(holder)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A caller that only looks, with a timeout of zero, does not wait.</summary>
    private void CountFlow_NeedsLock(PoolWaiter waiter, TimeSpan timeout)
    {
        if (!_options.FailOnDeadlock || timeout == TimeSpan.Zero || waiter.Extras is not { Note.Flow: { } first } extras)
        {
            return;
        }

        extras.IsFlowCounted = true;
        for (var flow = first; flow is not null; flow = flow.Outer)
        {
            _waitingFlows[flow] = _waitingFlows.GetValueOrDefault(flow) + 1;
        }
    }

    private void UncountFlow_NeedsLock(PoolWaiter waiter)
    {
        if (waiter.Extras is not { IsFlowCounted: true } extras)
        {
            return;
        }

        extras.IsFlowCounted = false;
        for (var flow = extras.Note.Flow; flow is not null; flow = flow.Outer)
        {
            var left = _waitingFlows[flow] - 1;
            if (left == 0)
            {
                _waitingFlows.Remove(flow);
            }
            else
            {
                _waitingFlows[flow] = left;
            }
        }
    }

    private string WhyDeadlocked()
    {
        List<string> waiting = [];
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            AddWaitingFlows_NeedsLock(AcquirePriority.High, waiting);
            AddWaitingFlows_NeedsLock(AcquirePriority.Normal, waiting);
            AddWaitingFlows_NeedsLock(AcquirePriority.Low, waiting);
        }

        var others = waiting.Count == 0 ? string.Empty : $"; there wait {string.Join("; ", waiting)}";
        return $"a deadlock: each resource is held by a flow that waits for this pool{others}";
    }

    private void AddWaitingFlows_NeedsLock(AcquirePriority priority, List<string> waiting)
    {
        for (var waiter = _gate.Waiters.FirstOf(priority); waiter is not null && waiting.Count < 5; waiter = waiter.QueueNext)
        {
            if (waiter.Extras is { IsFlowCounted: true, Note.Flow: { } flow })
            {
                waiting.Add($"flow {flow} at {CallSite.From(waiter.Member, waiter.File, waiter.Line)}");
            }
        }
    }
}
