using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <content>Stages between the lending, and what time does.</content>
internal sealed partial class PoolModel
{
    /// <summary>Moves time on, at most to the next moment at which something falls due.</summary>
    internal void Advance(long by)
    {
        _n.Now += by;
        ExpireWaiters();
        EndOverdue();
        if (_n.StartedAt >= 0 && !_n.IsDisposed && by > 0 && (_n.Now - _n.StartedAt) % PoolSetup.Tick == 0)
        {
            Maintain();
        }
    }

    /// <summary>What comes between being held and being lent: validation, where it is due.</summary>
    private void Prepare(ModelResource resource)
    {
        if (IsDueAtBorrow(resource))
        {
            Begin(resource, Phase.Validating);
        }
        else
        {
            Place(resource);
        }
    }

    private bool IsDueAtBorrow(ModelResource resource) =>
        _setup.Validates(ValidationMode.OnBorrow) && Has(resource, FactoryHooks.Validate) && !IsFresh(resource);

    /// <summary>Whether it has surely been idle for less than it may be; the pool may be wrong by a tick.</summary>
    private bool IsFresh(ModelResource resource)
    {
        const long limit = PoolSetup.ValidateAfterIdle - PoolSetup.Tick;
        var wasChecked = _setup.Validates(ValidationMode.WhileIdle) && _n.Now - resource.CheckedAt < limit;
        return _setup.ValidatesLate && (wasChecked || resource.SeenIdleAt is not { } seen || _n.Now - seen < limit);
    }

    private bool Has(ModelResource resource, FactoryHooks hook) => (_setup.HooksOf(resource.Factory) & hook) != FactoryHooks.None;

    private static bool IsValidation(Phase phase) => phase is Phase.Validating or Phase.KeptAlive or Phase.Rechecking;

    /// <summary>A stage begins, where it is asked for; it ends when it is told to, or at once.</summary>
    private void Begin(ModelResource resource, Phase stage)
    {
        var isAsked = stage switch
        {
            Phase.Resetting => Has(resource, FactoryHooks.Reset),
            Phase.Rechecking => _setup.Validates(ValidationMode.OnReturn) && Has(resource, FactoryHooks.Validate),
            _ => true,
        };
        if (isAsked && _setup.IsGated)
        {
            BeginStage(resource, stage);
            return;
        }

        _n.Validations += isAsked && IsValidation(stage) ? 1 : 0;
        EndStage(resource with { Phase = stage }, isFit: !isAsked || !resource.IsBroken);
    }

    private void BeginStage(ModelResource resource, Phase stage)
    {
        _n.Validations += IsValidation(stage) ? 1 : 0;
        Set(resource with { Phase = stage, Since = _n.Now });
    }

    private void EndStage(ModelResource resource, bool isFit)
    {
        resource = resource with { CheckedAt = resource.Phase == Phase.KeptAlive ? _n.Now : resource.CheckedAt };
        Set(resource);
        if (!isFit)
        {
            Destroy(resource, resource.Phase == Phase.Resetting ? DestroyReason.ResetFailed : DestroyReason.ValidationFailed);
        }
        else if (resource.Phase == Phase.Resetting)
        {
            Begin(resource, Phase.Rechecking);
        }
        else if (resource.Phase != Phase.Rechecking)
        {
            Place(resource);
        }
        else if (WhyNotReusable(resource) is { } reason)
        {
            Destroy(resource, reason);
        }
        else if (Waiters > 0)
        {
            Prepare(resource);
        }
        else
        {
            Place(resource);
        }
    }

    /// <summary>
    /// Stages that took too long. They end side by side, in any order, and needs may be met, or not, between one and the next.
    /// </summary>
    private void EndOverdue()
    {
        var overdue = _resources.FindAll(resource => _n.Now - resource.Since >= LimitOf(resource.Phase));
        foreach (var creation in overdue.Where(static one => one.Phase == Phase.Creating))
        {
            Set(creation with { Phase = Phase.NotCreated });
        }

        while (overdue.Count > 0)
        {
            var ended = overdue[_choices.OneOf(overdue.Count)];
            overdue.Remove(ended);
            if (ended.Phase == Phase.Creating)
            {
                Tell(ended, Outcome.TimedOut);
                if (overdue.Count > 0)
                {
                    Supply(_choices.OneOf(overdue.Count + 1));
                }
            }
            else
            {
                _n.Abandoned++;
                EndStage(ended, isFit: false);
                if (overdue.Count > 0 && _choices.Maybe())
                {
                    Settle();
                }
            }
        }
    }

    private static long LimitOf(Phase phase) => phase switch
    {
        Phase.Creating => PoolSetup.CreateTimeout,
        Phase.Resetting => PoolSetup.ResetTimeout,
        Phase.Validating or Phase.KeptAlive or Phase.Rechecking => PoolSetup.ValidateTimeout,
        _ => long.MaxValue,
    };

    /// <summary>Who has just come and may not wait. What was destroyed for him has its place still, or not.</summary>
    private void ExpireNow()
    {
        if (_destroyedNow > 0 && _choices.Maybe())
        {
            while (CanServe)
            {
                Prepare(NextIdle());
            }

            Supply(leaving: _destroyedNow);
        }
        else
        {
            Settle();
        }

        ExpireWaiters();
    }

    /// <summary>Those whose deadline is now; a creation under way for each that waits makes it the creation's fault.</summary>
    private void ExpireWaiters()
    {
        var waiting = Waiters;
        var creating = _n.IsPaused ? 0 : Count(Phase.Creating);
        var expired = _callers.FindAll(caller => caller.Outcome == Outcome.Waiting && caller.DueAt <= _n.Now);
        var outcome = waiting <= creating ? Outcome.TimedOut
            : waiting - expired.Count >= creating ? Outcome.Exhausted
            : Outcome.ExhaustedOrTimedOut;
        foreach (var caller in expired)
        {
            _n.Timeouts++;
            End(caller.Id, outcome);
        }

        if (expired.Count > 0 && outcome != Outcome.TimedOut)
        {
            LookAtAll();
        }
    }

    /// <summary>The pool notes what is idle now, at each tick and for each report of exhaustion.</summary>
    private void LookAtAll()
    {
        foreach (var resource in _resources.FindAll(static one => one.IsLive && one.Phase != Phase.KeptAlive))
        {
            Set(resource with { SeenIdleAt = resource.Phase == Phase.Idle ? resource.SeenIdleAt ?? _n.Now : null });
        }
    }

    /// <summary>A tick: what is idle for too long goes, or is validated; what is too old goes; leaks are reported.</summary>
    private void Maintain()
    {
        _looksAtMinimum = true;
        LookAtAll();
        var leaks = All(Phase.Lent).FindAll(resource => _setup.Leaks != LeakMode.Off
            && !resource.IsSuspect && _n.Now - resource.Since >= PoolSetup.LeakThreshold);
        EvictIdle();
        KeepAlive();
        EndExpired();
        foreach (var leak in leaks)
        {
            _n.Leaks++;
            var resource = _resources[leak.Id] with { IsSuspect = true };
            Set(resource);
            if (_setup.Leaks == LeakMode.Reclaimed)
            {
                Destroy(resource, DestroyReason.Leaked);
            }
        }
    }

    /// <summary>What has been idle for too long goes, the longest idle first, while more than the minimum are there.</summary>
    private void EvictIdle()
    {
        var spare = Live - Count(Phase.Creating) - Doomed - _n.MinSize;
        for (; spare > 0 && _setup.EvictsIdle; spare--)
        {
            var unused = All(Phase.Idle).FindAll(resource => _n.Now - resource.SeenIdleAt >= PoolSetup.IdleTimeout);
            if (unused.Count == 0)
            {
                return;
            }

            var oldest = unused.Min(static resource => resource.SeenIdleAt);
            unused.RemoveAll(resource => resource.SeenIdleAt != oldest);
            Destroy(unused[_choices.OneOf(unused.Count)], DestroyReason.IdleTimeout);
        }
    }

    private void KeepAlive()
    {
        if (!_setup.Validates(ValidationMode.WhileIdle) || IsClosed)
        {
            return;
        }

        var due = All(Phase.Idle).FindAll(resource => Has(resource, FactoryHooks.Validate)
            && _n.Now - resource.SeenIdleAt >= PoolSetup.KeepAliveInterval
            && _n.Now - resource.CheckedAt >= PoolSetup.KeepAliveInterval);
        var most = Math.Min(_setup.MaxConcurrentCreates, Math.Max(1, Count(Phase.Idle) / 2)) - Count(Phase.KeptAlive);
        for (; most > 0 && due.Count > 0; most--)
        {
            var next = due[_choices.OneOf(due.Count)];
            due.Remove(next);
            Begin(next, Phase.KeptAlive);
        }
    }

    /// <summary>
    /// What is idle and too old goes, but for what is being validated just now; what is lent goes when it is back.
    /// </summary>
    private void EndExpired()
    {
        foreach (var resource in _resources.FindAll(one => one.ExpiresAt <= _n.Now))
        {
            var isJustKept = !_setup.IsGated && _setup.Validates(ValidationMode.WhileIdle) && resource.CheckedAt == _n.Now;
            if (resource.Phase == Phase.Idle && !(isJustKept && _choices.Maybe()))
            {
                Destroy(resource, resource.ExpiryReason);
            }
            else if (resource.Phase == Phase.Lent)
            {
                Doom(resource, resource.ExpiryReason);
            }
        }
    }
}
