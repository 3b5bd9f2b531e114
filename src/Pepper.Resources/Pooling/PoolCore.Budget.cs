namespace Pepper.Resources.Pooling;

/// <content>
/// What a pool does as one of several under a common bound; a pool on its own comes here on no hot path. Lock order: the pool's
/// lock, then the budget's. No other pool is called under either.
/// </content>
internal sealed partial class PoolCore
{
    private readonly PoolShare? _share;

    // As _isReturnPlain, for a pool with a budget: its returns have one more thing to look at.
    private volatile bool _isReturnShared;

    /// <summary>The <c>pool</c> label: the pool's name, or that of the keyed pool that it belongs to.</summary>
    internal string NameLabel { get; }

    /// <summary>How often it was used, or waited for, up to now; and whether it is at this moment. Takes no lock.</summary>
    internal long CountUses(out bool isBusy)
    {
        var states = CountStates();
        isBusy = states.InUse > 0 || (Volatile.Read(ref _gate.Word) & WaitingMask) != 0;
        return states.Loans + Volatile.Read(ref _gate.Waits);
    }

    /// <summary>Whether it is disposed, and nothing of it is left.</summary>
    internal bool IsGone => IsDisposed && _disposal is { IsCompleted: true } && Volatile.Read(ref _live) == 0;

    /// <summary>How many resources were destroyed, by reason.</summary>
    internal long[] CountDestroyed() => [.. _destroyedFor];

    /// <summary>A pool that is gone has no more part in the budget.</summary>
    internal void LeaveBudget() => _share?.Budget.Part(_share);

    /// <summary>Ends when the last place of a pool that is closed has become vacant.</summary>
    internal Task WaitUntilGoneAsync(CancellationToken cancellationToken) =>
        WaitUntilAsync(() => _live == 0, cancellationToken);

    /// <summary>
    /// Disposes the pool, unless it is in use or has been used since its uses were counted: a claim that comes at the same moment
    /// either prevents it, or finds the pool closed and gives back what it has claimed.
    /// </summary>
    internal bool TryRetire(long uses)
    {
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            if (_disposal is not null || _gate.Word != 0 || _validating > 0)
            {
                return false;
            }

            // A pause that nobody sees but a claim, as it ends before the lock does. After it, no claim succeeds any more.
            SetGate_NeedsLock(PausedFlag);
            var states = CountStates();
            var isAtRest = states.InUse == 0 && states.Loans + _gate.Waits == uses
                && _live == states.Idle + states.Leaving + _creating + _hung;
            if (!isAtRest)
            {
                SetGate_NeedsLock(flagsToClear: PausedFlag);
                return false;
            }

            Close_NeedsLock([]);
            SetGate_NeedsLock(flagsToClear: PausedFlag);
            _disposal = BackgroundWork.Run(FinishDisposalAsync);
        }

        return true;
    }

    /// <summary>Offers its idle resources to a search. Takes no lock: what is found is taken by its exact word.</summary>
    internal void FindVictim(ref PoolVictim victim)
    {
        var isAwaited = (Volatile.Read(ref _gate.Word) & WaitingMask) != 0;
        var spare = -1;
        foreach (var entry in Volatile.Read(ref _entries))
        {
            YieldPoint.Reach();
            var word = Volatile.Read(ref entry.Word);
            if (SlotState.Of(word) != SlotState.Idle)
            {
                continue;
            }

            if (spare < 0)
            {
                spare = Math.Max(0, _live - _creating - _hung - CountStates().Leaving - _minSize);
            }

            var rank = isAwaited ? PoolVictim.Awaited : spare > 0 ? PoolVictim.BeyondMinimum : PoolVictim.WithinMinimum;

            // What the sweeper has not seen yet is idle for less than anything that it has.
            var idleSince = entry.TryGetAge(word, _clock.Now(), out var age) ? TimestampBefore(age) : long.MaxValue;
            victim.Consider(this, entry, word, rank, idleSince);
        }
    }

    private long TimestampBefore(int milliseconds) =>
        TimeProvider.GetTimestamp() - (TimeProvider.TimestampFrequency * milliseconds / 1000);

    /// <summary>Destroys an idle resource to make room for another pool, if it is still as it was found.</summary>
    internal bool TryEvict(PoolEntry entry, long word)
    {
        if (!entry.TryMove(word, SlotState.With(word, SlotState.Destroying)))
        {
            return false;
        }

        entry.IsEvicted = true;
        StartDestroy(entry, DestroyReason.Evicted);
        return true;
    }

    /// <summary>
    /// A plain return into a pool with a budget. While another pool is in need, the careful return decides before the
    /// resource is idle, so that nobody claims it first.
    /// </summary>
    private bool TryReturnShared(PoolEntry entry, long token)
    {
        var budget = _share!.Budget;
        if (!_isReturnShared || Volatile.Read(ref _gate.Word) != 0 || budget.Starving > 0 || !TryMakeIdle(entry, token))
        {
            return false;
        }

        YieldPoint.Reach();
        if (budget.Starving > 0)
        {
            budget.NoteIdle();
        }

        return true;
    }

    /// <summary>Gives up what was returned, and is held, for another pool that is in need and has the better claim.</summary>
    private bool TryYield(PoolEntry entry)
    {
        if (_share!.Budget.Starving == 0)
        {
            return false;
        }

        TimeSpan? ownWait;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            ownWait = _gate.Waiters.Count == 0 ? null : OldestWait_NeedsLock();
        }

        if (!_share.Budget.TryClaimReturned(_share, ownWait))
        {
            return false;
        }

        entry.IsEvicted = true;
        Discard(entry, DestroyReason.Evicted);
        return true;
    }

    /// <summary>How many places a caller can hope for. While others stand in line before it, none.</summary>
    private int FreePlaces_NeedsLock() =>
        _share is { Budget.Starving: > 0 } ? 0 : Math.Max(0, _maxSize - _live);

    /// <summary>Asks the budget, if there is one, for a place.</summary>
    private bool TryTakePlace_NeedsLock(bool isDemanded) =>
        _share is not { } share || share.Budget.TryTake(share, isDemanded);

    private void GiveBackPlace_NeedsLock(PoolEntry entry)
    {
        if (_share is { } share)
        {
            share.Budget.GiveBack(share, entry.IsEvicted);
            entry.IsEvicted = false;
        }
    }

    /// <summary>No place is needed, or none allowed: who stands in line for one gives way to the next.</summary>
    private bool NeedNoPlace_NeedsLock()
    {
        _share?.Budget.Leave(_share);
        return false;
    }

    /// <summary>Whether it is the bound over several pools, and not its own size, that keeps this one from growing.</summary>
    private bool IsTotalReached(PoolStatistics statistics) =>
        _share is { Budget: { } budget } && budget.Taken >= budget.Max && statistics.Size < statistics.MaxSize;
}
