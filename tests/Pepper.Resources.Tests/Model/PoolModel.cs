using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <summary>
/// What a pool does, as docs/pool.md says it: plain, single-threaded, and as it is when nothing moves any more. Where several
/// things are legal it asks its <see cref="Choices"/>. This file has what callers and operators do.
/// </summary>
internal sealed partial class PoolModel
{
    private readonly PoolSetup _setup;
    private readonly Choices _choices;
    private readonly List<ModelResource> _resources;
    private readonly List<ModelCaller> _callers;
    private readonly List<ModelTask> _tasks;
    private Numbers _n;

    // Of one operation alone.
    private readonly int _resourcesBefore;
    private bool _looksAtMinimum;
    private int _destroyedNow;

    internal PoolModel(PoolSetup setup)
    {
        _setup = setup;
        _choices = new Choices();
        _resources = [];
        _callers = [];
        _tasks = [];
        _n = new Numbers { MinSize = setup.MinSize, MaxSize = setup.MaxSize };
    }

    private PoolModel(PoolModel other, Choices choices)
    {
        _setup = other._setup;
        _choices = choices;
        _resources = [.. other._resources];
        _callers = [.. other._callers];
        _tasks = [.. other._tasks];
        _n = other._n;
        _resourcesBefore = _resources.Count;
    }

    private bool IsClosed => _n.IsDraining || _n.IsDisposed;

    private int Live => _resources.Count(static resource => resource.IsLive);

    private int Doomed => _resources.Count(static resource => resource.IsDoomed);

    private int Waiters => _callers.Count(static caller => caller.Outcome == Outcome.Waiting);

    /// <summary>All states that the pool may be in after an operation, given those it may be in before.</summary>
    internal static List<PoolModel> Apply(IReadOnlyList<PoolModel> states, Action<PoolModel> operation)
    {
        List<PoolModel> results = [];
        foreach (var state in states)
        {
            var choices = new Choices();
            do
            {
                var next = new PoolModel(state, choices);
                operation(next);
                next.Settle();
                next.EndTasks();
                results.Add(next);
            }
            while (choices.TryNextPath());
        }

        return results.Count == 1 ? results : [.. results.DistinctBy(static state => state.ToString())];
    }

    /// <param name="timeout">In milliseconds; null for ever.</param>
    /// <param name="priority">Whom the caller passes.</param>
    /// <param name="isBlocking">Whether it blocks a thread.</param>
    internal void Acquire(long? timeout, AcquirePriority priority, bool isBlocking)
    {
        var id = _callers.Count;
        var claimed = TryClaim(isBlocking);
        if (claimed is null && _destroyedNow > 0 && _choices.Maybe())
        {
            // The place of what was found broken may be free, and filled for the minimum's sake, before the caller queues.
            Supply();
        }

        _callers.Add(new ModelCaller(id, Outcome.Waiting, priority, timeout is { } given ? _n.Now + given : long.MaxValue));
        if (claimed is not null)
        {
            Lend(claimed, id);
        }
        else if (IsClosed)
        {
            End(id, _n.IsDisposed ? Outcome.Disposed : Outcome.Closed);
        }
        else if (Waiters - Coming > _setup.MaxWaiters)
        {
            _n.Rejections++;
            End(id, Outcome.Exhausted);
            LookAtAll();
        }
        else
        {
            _n.Waits++;
            Start();
            if (timeout == 0)
            {
                ExpireNow();
            }
        }
    }

    internal void TryAcquire()
    {
        var claimed = TryClaim(isBlocking: false);
        _callers.Add(new ModelCaller(_callers.Count, Outcome.None));
        if (claimed is not null)
        {
            Lend(claimed, _callers.Count - 1);
        }
    }

    internal void Cancel(int caller)
    {
        _n.Cancellations++;
        End(caller, Outcome.Canceled);
    }

    internal void Return(int caller, bool isAwaited)
    {
        var resource = HeldBy(caller) with { IsAwaited = isAwaited };
        if ((resource.Reason ?? WhyNotReusable(resource)) is { } reason)
        {
            Destroy(resource, reason);
        }
        else
        {
            Begin(resource, Phase.Resetting);
        }
    }

    internal void Invalidate(int caller) => Doom(HeldBy(caller), DestroyReason.Invalidated);

    internal void Detach(int caller)
    {
        _looksAtMinimum = true;
        Set(HeldBy(caller) with { Phase = Phase.Detached, Reason = null });
    }

    internal void Break(int resource) => Set(_resources[resource] with { IsBroken = true });

    internal string Pause()
    {
        _n.IsPaused |= !IsClosed;
        return IsClosed ? ClosedName : Done;
    }

    internal string Resume() => Unless(() => _n.IsPaused = false);

    internal string Resize(int minSize, int maxSize) => Unless(() =>
    {
        (_n.MinSize, _n.MaxSize) = (minSize, maxSize);
        var excess = Live - Doomed - maxSize;
        for (; excess > 0 && Count(Phase.Idle) > 0; excess--)
        {
            Destroy(Choose(static resource => resource.Phase == Phase.Idle), DestroyReason.Resized);
        }

        for (; excess > 0 && Count(Phase.Lent) > Doomed; excess--)
        {
            Doom(Choose(static resource => resource is { Phase: Phase.Lent, IsDoomed: false }), DestroyReason.Resized);
        }
    });

    internal string InvalidatePool() => Unless(BeginGeneration);

    /// <summary>Those that are there, or being made, are due one after the other, in any order.</summary>
    internal string InvalidateOver(int seconds) => Unless(() =>
    {
        var left = _resources.FindAll(static resource => resource.IsLive);
        var count = left.Count;
        for (var index = 1; index <= count; index++)
        {
            var next = left[_choices.OneOf(left.Count)];
            left.Remove(next);
            var ticks = TimeSpan.FromSeconds(seconds).Ticks * index / count;
            Set(DueBy(next, _n.Now + ((ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond)));
        }

        _n.Renewal++;
        _n.RenewedAt = _n.Now + (seconds * 1_000);
    });

    internal void ReplaceFactory()
    {
        if (_n.IsDisposed)
        {
            _tasks.Add(new ModelTask(OperationKind.ReplaceFactory, Outcome.Disposed, 0));
            return;
        }

        BeginGeneration();
        _n.Factory++;
        _looksAtMinimum = true;
        _tasks.Add(new ModelTask(OperationKind.ReplaceFactory, Outcome.Waiting, _n.Generation));
    }

    internal void WarmUp()
    {
        if (IsClosed)
        {
            _tasks.Add(new ModelTask(OperationKind.WarmUp, _n.IsDisposed ? Outcome.Disposed : Outcome.Closed, 0));
            return;
        }

        Start();
        _n.RetryMinimumAt = 0;
        _tasks.Add(new ModelTask(OperationKind.WarmUp, Outcome.Waiting, _n.CreateFailures));
    }

    internal void Drain()
    {
        _tasks.Add(new ModelTask(OperationKind.Drain, _n.IsDisposed ? Outcome.Disposed : Outcome.Waiting, 0));
        Unless(() =>
        {
            _n.IsDraining = true;
            _n.IsPaused = false;
        });
    }

    internal void Dispose()
    {
        _tasks.Add(new ModelTask(OperationKind.DisposePool, Outcome.Waiting, 0));
        _n.IsDisposed = true;
        while (NextWaiter() is { } waiter)
        {
            End(waiter.Id, Outcome.Disposed);
        }
    }

    internal void Complete(int creation)
    {
        var made = _resources[creation];
        _n.Created++;
        _n.FailuresInARow = 0;
        _looksAtMinimum = true;

        // One that was being made when the pool was invalidated over a time keeps its turn, or is due at the end.
        var share = made.ExpiresAt;
        var hasTurn = share != long.MaxValue && _choices.Maybe();
        made = made with
        {
            CheckedAt = _n.Now,
            ExpiresAt = hasTurn ? share : _setup.HasLifetime ? _n.Now + PoolSetup.MaxLifetime : long.MaxValue,
            ExpiryReason = hasTurn ? DestroyReason.PoolInvalidated : DestroyReason.MaxLifetime,
        };
        made = made.Renewal == _n.Renewal ? made : DueBy(made, _n.RenewedAt);
        Set(made);
        Place(made);
    }

    internal void Fail(int creation)
    {
        Set(_resources[creation] with { Phase = Phase.NotCreated });
        Tell(_resources[creation], Outcome.CreateFailed);
    }

    /// <summary>A validation, or a reset, has ended.</summary>
    internal void EndStage(int resource, bool isFit) => EndStage(_resources[resource], isFit);

    private void BeginGeneration()
    {
        _n.Generation++;
        foreach (var resource in All(Phase.Idle))
        {
            Destroy(resource, DestroyReason.PoolInvalidated);
        }

        foreach (var resource in All(Phase.Lent))
        {
            Doom(resource, DestroyReason.PoolInvalidated);
        }
    }
}
