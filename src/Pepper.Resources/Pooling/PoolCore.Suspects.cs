using Pepper.Resources.Monitoring;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Pooling;

/// <content>What the failure of one resource means for the others.</content>
internal sealed partial class PoolCore
{
    private int _suspicion;

    // Whether some resource may be a suspect: then nothing is lent without a look at it.
    private volatile bool _hasSuspects;

    private bool MaySuspect =>
        _recovery is { Options.SuspectSiblings: true }
        && (_factory.Hooks & FactoryHooks.Validate) != FactoryHooks.None
        && (_validation is not null || !(_validatesOnBorrow && _options.ValidateAfterIdle == TimeSpan.Zero));

    /// <summary>
    /// A stage has found a resource unfit. A reset that says so, without a failure, speaks of what the holder did with it; and a
    /// new one that does not pass its first validation is a creation that failed.
    /// </summary>
    private void NoteUnfit(PoolEntry entry, ResourceStage stage, Exception? failure)
    {
        if (entry.Details is { IsNew: true } details)
        {
            details.Unfit = failure;
        }
        else if (stage == ResourceStage.Validate || failure is not null)
        {
            NoteBroken(entry, stage, failure);
        }
    }

    /// <summary>A resource failed that the pool or its holder holds. Not under the lock, as it asks the classifier.</summary>
    private void NoteBroken(PoolEntry entry, ResourceStage stage, Exception? failure)
    {
        if (_recovery is not { } recovery)
        {
            return;
        }

        switch (recovery.Classify(stage, failure))
        {
            case FailureKind.Pool:
                BeginGenerationAfter(entry.Generation, failure);
                break;
            case FailureKind.Resource when MaySuspect:
                SuspectSiblings(entry);
                break;
        }
    }

    /// <summary>Begins a generation, unless the one that failed is not the last: one outage, one generation.</summary>
    private void BeginGenerationAfter(int failed, Exception? failure)
    {
        // Not under the lock: what a failure says is others' code.
        var cause = failure is null ? null : FailureText.Of(failure);
        int generation;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            if (IsDisposed || failed != _generation)
            {
                return;
            }

            generation = Interlocked.Increment(ref _generation);
            Events?.Raise(
                PoolEventKind.GenerationBegun,
                $"Generation {generation} begins, after a failure that is fatal to all"
                + (cause is null ? "." : $": {cause}"), failure);
        }

        SweepGenerations();
        PoolLog.GenerationAfterFailure(_logger, Name, generation, cause ?? "no cause given");
    }

    /// <summary>
    /// Marks the others of the generation. One that was a suspect itself tells nothing new: its siblings are marked, or have been
    /// cleared since.
    /// </summary>
    private void SuspectSiblings(PoolEntry failed)
    {
        var count = 0;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            if (IsDisposed || failed.Generation != _generation || failed.Details is { Suspicion: not 0 })
            {
                return;
            }

            // One is taken for no suspicion.
            _suspicion = _suspicion == int.MaxValue ? 1 : _suspicion + 1;
            foreach (var entry in _entries)
            {
                var state = SlotState.Of(Volatile.Read(ref entry.Word));
                if (entry != failed && entry.Item is not null && entry.Generation == _generation
                    && state is SlotState.Idle or SlotState.InUse or SlotState.Held)
                {
                    Volatile.Write(ref entry.NeedDetails().Suspicion, _suspicion);
                    count++;
                }
            }

            if (count > 0)
            {
                _hasSuspects = true;
                ReadHooks();
                Events?.Raise(
                    PoolEventKind.Suspected,
                    $"{count} resource(s) are validated before they are lent again, as another failed.");
            }
        }

        if (count > 0)
        {
            PoolLog.Suspected(_logger, Name, count);
        }
    }

    /// <summary>At each tick: when the last suspect is cleared or gone, lending needs no look any more.</summary>
    private void ForgetSuspects_NeedsLock()
    {
        if (_hasSuspects && !Array.Exists(_entries, static entry => entry.Details is { Suspicion: not 0 }))
        {
            _hasSuspects = false;
            ReadHooks();
        }
    }

    private static int SuspicionOf(PoolEntry entry) => entry.Details is { } details ? Volatile.Read(ref details.Suspicion) : 0;

    /// <summary>A validation that began under this suspicion has found it fit. One that came meanwhile stands.</summary>
    private static void Clear(PoolEntry entry, int suspicion)
    {
        if (suspicion != 0)
        {
            Interlocked.CompareExchange(ref entry.NeedDetails().Suspicion, 0, suspicion);
        }
    }
}
