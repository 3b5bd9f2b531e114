using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <content>The rules that the operations share: who is lent what, and when a creation is ordered.</content>
internal sealed partial class PoolModel
{
    internal const string Done = "done";

    private string ClosedName => _n.IsDisposed ? nameof(ObjectDisposedException) : nameof(PoolClosedException);

    private bool CanServe => !_n.IsPaused && !_n.IsDisposed && Waiters > Count(Phase.Validating) && Count(Phase.Idle) > 0;

    private int Making => Count(Phase.Creating) + Count(Phase.Validating);

    /// <summary>Free places, and what is or will be ready: who can hope for those does not count as waiting.</summary>
    private int Coming => Math.Max(0, _n.MaxSize - Live) + Making + Count(Phase.KeptAlive) + Count(Phase.Idle);

    private int Count(Phase phase) => _resources.Count(resource => resource.Phase == phase);

    private List<ModelResource> All(Phase phase) => _resources.FindAll(resource => resource.Phase == phase);

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
        if (_n.IsDisposed)
        {
            return ClosedName;
        }

        _looksAtMinimum = true;
        change();
        return Done;
    }

    /// <summary>The pool's time begins with its first use: ticks count from there.</summary>
    private void Start()
    {
        _n.StartedAt = _n.StartedAt < 0 ? _n.Now : _n.StartedAt;
        _looksAtMinimum = true;
    }

    /// <summary>Who is served next, of those who came before the caller with this number.</summary>
    private ModelCaller? NextWaiter(int before = int.MaxValue) => _callers
        .Where(caller => caller.Outcome == Outcome.Waiting && caller.Id < before)
        .OrderByDescending(static caller => caller.Priority).ThenBy(static caller => caller.Id).FirstOrDefault();

    /// <summary>The one that has been idle longest; else any, as hints depend on the processor.</summary>
    private ModelResource NextIdle() => _setup.Order == IdleOrder.Fifo
        ? All(Phase.Idle).MinBy(static resource => resource.IdleNumber)!
        : Choose(static resource => resource.Phase == Phase.Idle);

    /// <summary>
    /// What a caller need not wait for. A validation that goes on in the background serves who waits longest when it ends.
    /// </summary>
    private ModelResource? TryClaim(bool isBlocking)
    {
        while (!_n.IsPaused && !IsClosed && Waiters == 0 && Count(Phase.Idle) > 0)
        {
            var resource = NextIdle();
            if (!IsDueAtBorrow(resource))
            {
                return resource;
            }

            if (_setup.IsGated && !isBlocking)
            {
                BeginStage(resource, Phase.Validating);
                return null;
            }

            _n.Validations++;
            if (!resource.IsBroken)
            {
                return resource;
            }

            Destroy(resource, DestroyReason.ValidationFailed);
        }

        return null;
    }

    private void Lend(ModelResource resource, int caller)
    {
        Set(resource with
        {
            Phase = Phase.Lent,
            Holder = caller,
            Uses = resource.Uses + 1,
            Since = _n.Now,
            SeenIdleAt = null,
            IsSuspect = false,
        });
        _callers[caller] = _callers[caller] with { Outcome = Outcome.Lent, Resource = resource.Id };
        _n.Acquired++;
    }

    private void Destroy(ModelResource resource, DestroyReason reason)
    {
        Set(resource with { Phase = Phase.Destroyed, Reason = reason });
        _looksAtMinimum = true;
        _destroyedNow++;
    }

    /// <summary>Destroyed at its return, for the first reason that there was.</summary>
    private void Doom(ModelResource resource, DestroyReason reason) =>
        Set(resource with { Reason = resource.Reason ?? reason });

    private static ModelResource DueBy(ModelResource resource, long time) => time < resource.ExpiresAt
        ? resource with { ExpiresAt = time, ExpiryReason = DestroyReason.PoolInvalidated }
        : resource;

    private DestroyReason? WhyNotReusable(ModelResource resource) =>
        _n.IsDisposed ? DestroyReason.PoolClosed
        : resource.Generation != _n.Generation ? DestroyReason.PoolInvalidated
        : resource.Uses >= _setup.MaxUses ? DestroyReason.MaxUses
        : IsExpiredAtReturn(resource) ? resource.ExpiryReason
        : null;

    /// <summary>A return that leads to nothing else need not look at the time: the next tick does.</summary>
    private bool IsExpiredAtReturn(ModelResource resource)
    {
        var leadsToMore =
            _setup.MaxUses is not null || _setup.Order == IdleOrder.Fifo || Has(resource, FactoryHooks.Reset);
        return resource.ExpiresAt <= _n.Now && (leadsToMore || _choices.Maybe());
    }

    /// <summary>What is ready goes to the first in the queue, is idle, or is too many, or too old, for either.</summary>
    private void Place(ModelResource resource)
    {
        var waiter = _n.IsPaused || _n.IsDisposed ? null : NextWaiter();
        if (resource.Generation != _n.Generation)
        {
            Destroy(resource, DestroyReason.PoolInvalidated);
        }
        else if (Live - Doomed > _n.MaxSize)
        {
            Destroy(resource, DestroyReason.Resized);
        }
        else if (waiter is not null)
        {
            Lend(resource, waiter.Id);
        }
        else if (IsClosed)
        {
            Destroy(resource, DestroyReason.PoolClosed);
        }
        else
        {
            // What was kept alive has been idle all the while.
            var isIdleStill = resource.Phase == Phase.KeptAlive;
            Set(resource with { Phase = Phase.Idle, IdleNumber = isIdleStill ? resource.IdleNumber : ++_n.IdleNumber });
        }
    }

    /// <summary>A failed creation: told to all who came before it, or only to the first when something can come back.</summary>
    private void Tell(ModelResource creation, Outcome outcome)
    {
        _n.CreateFailures++;
        _n.FailuresInARow++;
        _n.LastFailure = outcome;
        _n.RetryMinimumAt = _n.Now + Math.Min(30_000, 100L << Math.Min(_n.FailuresInARow - 1, 20));
        _looksAtMinimum = true;
        var isSomethingToComeBack = Live - Count(Phase.Creating) > Doomed;
        while (NextWaiter(creation.QueuedBefore) is { } first)
        {
            End(first.Id, outcome);
            if (isSomethingToComeBack)
            {
                break;
            }
        }
    }

    /// <summary>
    /// What holds whenever nothing moves: nothing is idle beside a waiter whom nothing is on the way to, no need is unmet, and
    /// nothing is left in a closed pool.
    /// </summary>
    private void Settle()
    {
        while (CanServe)
        {
            if (_destroyedNow > 0 && _choices.Maybe())
            {
                // The place of what was destroyed may be free before another resource is tried.
                Supply();
            }

            Prepare(NextIdle());
        }

        Supply();
        _looksAtMinimum = false;
        if (IsClosed && Waiters == 0)
        {
            foreach (var resource in All(Phase.Idle))
            {
                Destroy(resource, DestroyReason.PoolClosed);
            }

            foreach (var creation in All(Phase.Creating))
            {
                Set(creation with { Phase = Phase.NotCreated });
                Tell(creation, Outcome.TimedOut);
            }

            // What was ordered a moment ago may be cancelled before the factory is asked.
            while (_resources.Count > _resourcesBefore && _resources[^1].Phase == Phase.NotCreated && _choices.Maybe())
            {
                _resources.RemoveAt(_resources.Count - 1);
            }
        }
    }

    /// <param name="most">How many creations to order at most.</param>
    /// <param name="leaving">What is destroyed, and may have its place still.</param>
    private void Supply(int most = int.MaxValue, int leaving = 0)
    {
        for (; most > 0
            && !_n.IsDisposed
            && Live + leaving < _n.MaxSize
            && Count(Phase.Creating) < _setup.MaxConcurrentCreates
            && ((!_n.IsPaused && Waiters > Making) || IsBelowMinimum()); most--)
        {
            _resources.Add(new ModelResource(
                _resources.Count, Phase.Creating, _n.Generation, _n.Factory, _n.Renewal, _callers.Count, _n.Now));
        }
    }

    /// <summary>
    /// After a failure the minimum is left alone for a while. That this is over is noticed when a place or a need changes, or at
    /// the next tick; at other times it may be.
    /// </summary>
    private bool IsBelowMinimum() =>
        _n.StartedAt >= 0 && Live < _n.MinSize && !IsClosed
        && (_n.FailuresInARow == 0 || (_n.Now >= _n.RetryMinimumAt && (_looksAtMinimum || _choices.Maybe())));

    private void EndTasks()
    {
        for (var index = 0; index < _tasks.Count; index++)
        {
            if (_tasks[index].Outcome == Outcome.Waiting)
            {
                _tasks[index] = _tasks[index] with { Outcome = OutcomeOf(_tasks[index]) };
            }
        }

        _destroyedNow = 0;
    }

    private Outcome OutcomeOf(ModelTask task) => task.Kind switch
    {
        OperationKind.WarmUp => OutcomeOfWarmUp(task),
        OperationKind.ReplaceFactory when !_resources.Exists(one => one.IsLive && one.Generation < task.From) => Outcome.Ended,
        OperationKind.Drain when Waiters == 0 && Live == 0 => Outcome.Ended,
        OperationKind.DisposePool when Live == Count(Phase.Lent) => Outcome.Ended,
        _ => Outcome.Waiting,
    };

    private Outcome OutcomeOfWarmUp(ModelTask task)
    {
        var hasFailed = !_setup.IsPatient && _n.CreateFailures > task.From;
        if (hasFailed || IsClosed)
        {
            return IsClosed ? Outcome.ClosedSomehow : _n.LastFailure;
        }

        // What is destroyed counts until it is: whether the warm-up looks before that, is not specified.
        var made = Live - Count(Phase.Creating);
        return made >= _n.MinSize ? Outcome.Ended
            : made + _destroyedNow >= _n.MinSize ? Outcome.Unspecified
            : Outcome.Waiting;
    }
}
