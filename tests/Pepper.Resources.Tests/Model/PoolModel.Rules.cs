using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <content>The rules that the operations share.</content>
internal sealed partial class PoolModel
{
    internal const string Done = "done";

    private string ClosedName => _isDisposed ? nameof(ObjectDisposedException) : nameof(PoolClosedException);

    private int Count(Phase phase) => _resources.Count(resource => resource.Phase == phase);

    private List<ModelResource> All(Phase phase) => _resources.FindAll(resource => resource.Phase == phase);

    private ModelResource Choose(Phase phase) => Choose(resource => resource.Phase == phase);

    private ModelResource Choose(Predicate<ModelResource> isLegal)
    {
        var legal = _resources.FindAll(isLegal);
        return legal[_choices.OneOf(legal.Count)];
    }

    private ModelResource HeldBy(int caller) =>
        _resources.Find(resource => resource.Phase == Phase.Lent && resource.Holder == caller)!;

    private void Set(ModelResource resource) => _resources[resource.Id] = resource;

    private void End(int caller, Outcome outcome) => _callers[caller] = _callers[caller] with { Outcome = outcome };

    private string Unless(Action change)
    {
        if (_isDisposed)
        {
            return ClosedName;
        }

        change();
        return Done;
    }

    private void Destroy(ModelResource resource)
    {
        Set(resource with { Phase = Phase.Destroyed });
        _looksAtMinimum = true;
    }

    private void Lend(ModelResource resource, int caller)
    {
        Set(resource with { Phase = Phase.Lent, Holder = caller, Uses = resource.Uses + 1 });
        _callers[caller] = _callers[caller] with { Outcome = Outcome.Lent, Resource = resource.Id };
        _acquired++;
    }

    /// <summary>What is ready goes to the first in the queue, is idle, or is too many, or too old, for either.</summary>
    private void Place(ModelResource resource)
    {
        if (resource.Generation != _generation || Live - Doomed > _maxSize)
        {
            Destroy(resource);
        }
        else if (!_isPaused && FirstWaiter is { } waiter)
        {
            Lend(resource, waiter.Id);
        }
        else if (IsClosed)
        {
            Destroy(resource);
        }
        else
        {
            Set(resource with { Phase = Phase.Idle, Since = _now });
        }
    }

    /// <summary>Whether it is too old to be kept. The sweeper may notice that up to a tick later.</summary>
    private bool IsExpired(ModelResource resource)
    {
        var over = _now - resource.BornAt - PoolSetup.MaxLifetime;
        return _setup.Expires && (over >= PoolSetup.Tick || (over >= 0 && _choices.Maybe()));
    }

    /// <summary>A failed creation: told to all who came before it, or only to the first when something can come back.</summary>
    private void Tell(ModelResource creation, Outcome outcome)
    {
        _createFailures++;
        _failuresInARow++;
        _retryMinimumAt = _now + Math.Min(30_000, 100L << Math.Min(_failuresInARow - 1, 20));
        _looksAtMinimum = true;
        var isSomethingToComeBack = Count(Phase.Idle) + Count(Phase.Lent) > Doomed;
        while (FirstWaiter is { } first && first.Id < creation.QueuedBefore)
        {
            End(first.Id, outcome);
            if (isSomethingToComeBack)
            {
                break;
            }
        }
    }

    /// <summary>
    /// Creations that took too long. They end side by side: their failures are told in any order, and need may be met, or not,
    /// between one and the next.
    /// </summary>
    private void EndOverdue()
    {
        var overdue = All(Phase.Creating).FindAll(creation => _now - creation.Since >= PoolSetup.CreateTimeout);
        foreach (var creation in overdue)
        {
            Set(creation with { Phase = Phase.NotCreated });
        }

        while (overdue.Count > 0)
        {
            var creation = overdue[_choices.OneOf(overdue.Count)];
            overdue.Remove(creation);
            Tell(creation, Outcome.TimedOut);
            if (overdue.Count > 0)
            {
                Supply(_choices.OneOf(overdue.Count + 1));
            }
        }
    }

    /// <summary>Those whose deadline is now; a creation under way for each that waits makes it the creation's fault.</summary>
    private void ExpireWaiters()
    {
        var waiting = Waiters;
        var creating = _isPaused ? 0 : Count(Phase.Creating);
        var expired = _callers.FindAll(caller => caller.Outcome == Outcome.Waiting && caller.DueAt <= _now);
        var outcome = waiting <= creating ? Outcome.TimedOut
            : waiting - expired.Count >= creating ? Outcome.Exhausted
            : Outcome.ExhaustedOrTimedOut;
        foreach (var caller in expired)
        {
            _timeouts++;
            End(caller.Id, outcome);
        }
    }

    /// <summary>
    /// A tick. What is idle for too long goes while more than the minimum are there, at latest a tick after its time; what is too
    /// old goes too, or is marked while it is lent.
    /// </summary>
    private void Maintain()
    {
        _looksAtMinimum = true;
        if (!_setup.Expires)
        {
            return;
        }

        var spare = Count(Phase.Idle) + Count(Phase.Lent) - Doomed - _minSize;
        while (spare-- > 0)
        {
            var unused = All(Phase.Idle).FindAll(resource => _now - resource.Since >= PoolSetup.IdleTimeout);
            var isDue = unused.Exists(resource => _now - resource.Since >= PoolSetup.IdleTimeout + PoolSetup.Tick);
            if (unused.Count == 0 || (!isDue && !_choices.Maybe()))
            {
                break;
            }

            Destroy(unused[_choices.OneOf(unused.Count)]);
        }

        foreach (var resource in All(Phase.Idle).Where(IsExpired))
        {
            Destroy(resource);
        }

        foreach (var resource in All(Phase.Lent).Where(resource => !resource.IsDoomed && IsExpired(resource)))
        {
            Set(resource with { IsDoomed = true });
        }
    }

    /// <summary>
    /// What holds whenever nothing moves: nothing is idle beside a waiter, no need is unmet, nothing is left in a closed pool.
    /// </summary>
    private void Settle()
    {
        while (!_isPaused && !_isDisposed && FirstWaiter is { } waiter && Count(Phase.Idle) > 0)
        {
            Lend(Choose(Phase.Idle), waiter.Id);
        }

        Supply(int.MaxValue);
        _looksAtMinimum = false;
        if (IsClosed && FirstWaiter is null)
        {
            foreach (var resource in All(Phase.Idle))
            {
                Destroy(resource);
            }

            foreach (var creation in All(Phase.Creating))
            {
                Set(creation with { Phase = Phase.NotCreated });
                Tell(creation, Outcome.Disposed);
            }
        }
    }

    private void Supply(int most)
    {
        for (; most > 0
            && !_isDisposed
            && Live < _maxSize
            && Count(Phase.Creating) < _setup.MaxConcurrentCreates
            && (IsDemanded || IsBelowMinimum()); most--)
        {
            _resources.Add(new ModelResource(_resources.Count, Phase.Creating, _generation, _callers.Count, _now));
        }
    }

    private bool IsDemanded => !_isPaused && Waiters > Count(Phase.Creating);

    /// <summary>
    /// After a failure the minimum is left alone for a while. That this is over is noticed when a place or a need changes, or at
    /// the next tick; at other times it may be.
    /// </summary>
    private bool IsBelowMinimum() =>
        _startedAt >= 0 && Live < _minSize && !IsClosed
        && (_failuresInARow == 0 || (_now >= _retryMinimumAt && (_looksAtMinimum || _choices.Maybe())));
}
