namespace Pepper.Resources.Tests.Model;

/// <summary>
/// What a pool does, as docs/pool.md says it: plain, single-threaded, and as it is when nothing moves any more. Where several
/// things are legal it asks its <see cref="Choices"/>.
/// </summary>
internal sealed partial class PoolModel
{
    private readonly PoolSetup _setup;
    private readonly Choices _choices;
    private readonly List<ModelResource> _resources;
    private readonly List<ModelCaller> _callers;
    private long _now;
    private long _startedAt = -1;
    private int _minSize;
    private int _maxSize;
    private int _generation;
    private bool _isPaused;
    private bool _isDraining;
    private bool _isDisposed;
    private int _failuresInARow;
    private long _retryMinimumAt;
    private bool _looksAtMinimum;
    private long _waits;
    private long _timeouts;
    private long _cancellations;
    private long _rejections;
    private long _created;
    private long _createFailures;
    private long _acquired;

    internal PoolModel(PoolSetup setup)
    {
        _setup = setup;
        _choices = new Choices();
        _resources = [];
        _callers = [];
        _minSize = setup.MinSize;
        _maxSize = setup.MaxSize;
    }

    private PoolModel(PoolModel other, Choices choices)
    {
        _setup = other._setup;
        _choices = choices;
        _resources = [.. other._resources];
        _callers = [.. other._callers];
        (_now, _startedAt, _minSize, _maxSize, _generation) =
            (other._now, other._startedAt, other._minSize, other._maxSize, other._generation);
        (_isPaused, _isDraining, _isDisposed) = (other._isPaused, other._isDraining, other._isDisposed);
        (_failuresInARow, _retryMinimumAt) = (other._failuresInARow, other._retryMinimumAt);
        (_waits, _timeouts, _cancellations, _rejections) =
            (other._waits, other._timeouts, other._cancellations, other._rejections);
        (_created, _createFailures, _acquired) = (other._created, other._createFailures, other._acquired);
    }

    private bool IsClosed => _isDraining || _isDisposed;

    private ModelCaller? FirstWaiter => _callers.Find(caller => caller.Outcome == Outcome.Waiting);

    private bool CanClaim => !_isPaused && !IsClosed && FirstWaiter is null && Count(Phase.Idle) > 0;

    private int Live => Count(Phase.Creating) + Count(Phase.Idle) + Count(Phase.Lent);

    private int Doomed => _resources.Count(resource => resource is { Phase: Phase.Lent, IsDoomed: true });

    private int Waiters => _callers.Count(caller => caller.Outcome == Outcome.Waiting);

    /// <summary>All states that the pool may be in after an operation, given those it may be in before.</summary>
    internal static List<PoolModel> Apply(IReadOnlyList<PoolModel> states, Action<PoolModel> operation)
    {
        var results = new Dictionary<string, PoolModel>();
        foreach (var state in states)
        {
            var choices = new Choices();
            do
            {
                var next = new PoolModel(state, choices);
                operation(next);
                next.Settle();
                results[next.ToString()] = next;
            }
            while (choices.TryNextPath());
        }

        return [.. results.Values];
    }

    /// <param name="timeout">In milliseconds; null for ever.</param>
    internal void Acquire(long? timeout)
    {
        var id = _callers.Count;
        if (CanClaim)
        {
            _callers.Add(new ModelCaller(id, Outcome.Waiting));
            Lend(Choose(Phase.Idle), id);
        }
        else if (IsClosed)
        {
            _callers.Add(new ModelCaller(id, _isDisposed ? Outcome.Disposed : Outcome.Closed));
        }
        else if (Waiters + 1 - (Math.Max(0, _maxSize - Live) + Count(Phase.Creating) + Count(Phase.Idle)) > _setup.MaxWaiters)
        {
            _rejections++;
            _callers.Add(new ModelCaller(id, Outcome.Exhausted));
        }
        else
        {
            _callers.Add(new ModelCaller(id, Outcome.Waiting, timeout is { } given ? _now + given : long.MaxValue));
            _waits++;
            _startedAt = _startedAt < 0 ? _now : _startedAt;
            _looksAtMinimum = true;
            if (timeout == 0)
            {
                Settle();
                ExpireWaiters();
            }
        }
    }

    internal void TryAcquire()
    {
        if (CanClaim)
        {
            Acquire(timeout: 0);
        }
        else
        {
            _callers.Add(new ModelCaller(_callers.Count, Outcome.None));
        }
    }

    internal void Cancel(int caller)
    {
        _cancellations++;
        End(caller, Outcome.Canceled);
    }

    internal void Return(int caller)
    {
        var resource = HeldBy(caller);
        var isOver = resource.IsDoomed || _isDisposed || resource.Uses >= _setup.MaxUses || IsExpired(resource);
        if (isOver)
        {
            Destroy(resource);
        }
        else
        {
            Place(resource);
        }
    }

    internal void Invalidate(int caller) => Set(HeldBy(caller) with { IsDoomed = true });

    internal void Detach(int caller)
    {
        Set(HeldBy(caller) with { Phase = Phase.Detached });
        _looksAtMinimum = true;
    }

    internal string Pause()
    {
        _isPaused |= !IsClosed;
        return IsClosed ? ClosedName : Done;
    }

    internal string Resume() => Unless(() =>
    {
        _isPaused = false;
        _looksAtMinimum = true;
    });

    internal string Resize(int minSize, int maxSize) => Unless(() =>
    {
        (_minSize, _maxSize) = (minSize, maxSize);
        _looksAtMinimum = true;
        var excess = Live - Doomed - _maxSize;
        for (; excess > 0 && Count(Phase.Idle) > 0; excess--)
        {
            Destroy(Choose(Phase.Idle));
        }

        for (; excess > 0 && Count(Phase.Lent) > Doomed; excess--)
        {
            Set(Choose(resource => resource is { Phase: Phase.Lent, IsDoomed: false }) with { IsDoomed = true });
        }
    });

    internal string InvalidatePool() => Unless(() =>
    {
        _generation++;
        foreach (var resource in All(Phase.Idle))
        {
            Destroy(resource);
        }

        foreach (var resource in All(Phase.Lent))
        {
            Set(resource with { IsDoomed = true });
        }
    });

    internal string Drain() => Unless(() =>
    {
        _isDraining = true;
        _isPaused = false;
        _looksAtMinimum = true;
    });

    internal void Dispose()
    {
        _isDisposed = true;
        while (FirstWaiter is { } waiter)
        {
            End(waiter.Id, Outcome.Disposed);
        }
    }

    internal void Complete(int creation)
    {
        _created++;
        _failuresInARow = 0;
        _looksAtMinimum = true;
        var made = _resources[creation] with { BornAt = _now };
        Set(made);
        Place(made);
    }

    internal void Fail(int creation)
    {
        Set(_resources[creation] with { Phase = Phase.NotCreated });
        Tell(_resources[creation], Outcome.CreateFailed);
    }

    /// <summary>Moves time on, at most to the next moment at which something falls due.</summary>
    internal void Advance(long by)
    {
        _now += by;
        ExpireWaiters();
        EndOverdue();
        if (_startedAt >= 0 && !_isDisposed && by > 0 && (_now - _startedAt) % PoolSetup.Tick == 0)
        {
            Maintain();
        }
    }
}
