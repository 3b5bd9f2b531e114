using Pepper.Resources.Monitoring;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Pooling;

/// <content>What a creation is ordered for, who pays for it, and what is done to one that is slow, or new.</content>
internal sealed partial class PoolCore
{
    /// <summary>What another creation would be for; null when there is no need, or none is allowed.</summary>
    private CreatePurpose? WhatFor_NeedsLock(ref PoolTelling telling)
    {
        if (_live >= _maxSize)
        {
            // Also after a resize to fewer than there are trials.
            telling.TooManyRecoveries = _recovery?.EndTrials_NeedsLock(ref telling.Round);
            return null;
        }

        if (IsDisposed || _creating >= (_recovery?.CreateLimit(_options.MaxConcurrentCreates) ?? _options.MaxConcurrentCreates)
            || IsCircuitShut_NeedsLock(ref telling, out var isProbe))
        {
            return null;
        }

        if (isProbe)
        {
            return CreatePurpose.Probe;
        }

        var underWay = _creating + _validating;
        var isAsked = !IsPaused && _gate.Waiters.Count > underWay - _slow && !IsBackingOff_NeedsLock();
        return isAsked && _gate.Waiters.Count > underWay ? CreatePurpose.Demand
            : IsBelowMinimum_NeedsLock() ? CreatePurpose.Minimum
            : isAsked ? CreatePurpose.Hedge
            : null;
    }

    /// <summary>
    /// Callers' creations pay into the budget; what the pool does beyond them is paid from it. That is asked before the place, as
    /// others may have to give one up for it.
    /// </summary>
    private RetryBudget? PayerOf_NeedsLock(CreatePurpose purpose) =>
        purpose == CreatePurpose.Hedge || (purpose == CreatePurpose.Minimum && _failuresInARow > 0) ? _recovery?.Budget : null;

    /// <summary>Somebody may have isolated the circuit since the look at it.</summary>
    private bool TryEnterCircuit(ref PoolTelling telling, out CircuitPermit permit)
    {
        permit = default;
        return _recovery is not { } recovery || recovery.Circuit.TryEnter(ref telling.Round, out permit);
    }

    private (TimeSpan Limit, string Knob) LimitOf(in Creation creation)
    {
        var limit = _options.EffectiveCreateTimeout == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : _options.EffectiveCreateTimeout;
        return creation.Permit.IsTrial && (limit == Timeout.InfiniteTimeSpan || _recovery!.ProbeTimeout < limit)
            ? (_recovery!.ProbeTimeout, "Recovery.Circuit.HalfOpenTimeout")
            : (limit, nameof(_options.CreateTimeout));
    }

    private ITimer? HedgeAfter(CreateWatch? watch)
    {
        if (watch is null)
        {
            return null;
        }

        using (SuppressFlow())
        {
            return TimeProvider.CreateTimer(
                static state => { var (core, watch) = ((PoolCore, CreateWatch))state!; core.NoteSlow(watch); },
                (this, watch), _recovery!.Options.HedgeAfter!.Value, Timeout.InfiniteTimeSpan);
        }
    }

    private void NoteSlow(CreateWatch watch)
    {
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            if (watch.IsEnded || watch.IsSlow)
            {
                return;
            }

            watch.IsSlow = true;
            _slow++;
        }

        EnsureSupply();
    }

    private void EndWatch_NeedsLock(CreateWatch? watch)
    {
        if (watch is not null)
        {
            _slow -= watch.IsSlow ? 1 : 0;
            watch.IsEnded = true;
        }
    }

    private bool IsCheckedFirst_NeedsLock(in CircuitPermit permit) =>
        (_factory.Hooks & FactoryHooks.Validate) != FactoryHooks.None
        && ((_options.Validation & ValidationMode.OnCreate) != ValidationMode.None
            || permit.IsTrial || (_recovery is not null && _failuresInARow > 0));

    /// <summary>
    /// The first validation, which is a part of the creation: one that is unfit is a creation that failed, and is destroyed.
    /// </summary>
    private async ValueTask<bool> CheckFirstAsync(Creation creation, object resource)
    {
        var entry = creation.Entry;
        var details = entry.NeedDetails();
        entry.Item = resource;
        entry.IsFit = true;
        details.Unfit = null;
        details.IsNew = true;
        if (creation.IsForBlockedThread && creation.Factory.IsSync)
        {
            ValidateNow(entry);
        }
        else
        {
            await RunStageAsync(entry, ResourceStage.Validate).ConfigureAwait(false);
        }

        details.IsNew = false;
        if (entry.IsFit)
        {
            return true;
        }

        var failure = details.Unfit ?? new InvalidOperationException("The new resource did not pass its first validation.");
        details.Unfit = null;
        Interlocked.Increment(ref _created);
        TellCreateFailed(failure);
        var kind = Classify(failure);
        PoolTelling telling = default;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            EndCreation_NeedsLock(creation, isHung: false);

            // In one step with the failure: it is nothing that could come back, and no loan that ended badly.
            Volatile.Write(ref entry.Word, SlotState.With(entry.Word, SlotState.Destroying));
            _neverLent++;
            NoteFailure_NeedsLock(creation, failure, kind, ref telling);
        }

        StartDestroy(entry, DestroyReason.ValidationFailed);
        EndFailed(creation, failure, kind, telling);
        return false;
    }
}
