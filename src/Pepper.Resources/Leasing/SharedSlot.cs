using System.Diagnostics;

namespace Pepper.Resources;

/// <summary>
/// A resource that any number of holders share. Once it is closed nobody new gets it, and when its last holder has given it
/// back it is drained: then, and only then, it may be cleaned up.
/// </summary>
internal sealed class SharedSlot
{
    /// <summary>The reason of a slot that a holder closed.</summary>
    internal const string Invalidated = "invalidated";

    private readonly Lock _lock = new();
    private readonly object _item;
    private readonly Resource? _tracked;
    private readonly TimeProvider _timeProvider;
    private readonly Action<Exception?>? _onInvalidated;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SharedLoan? _active;
    private SharedLoan? _free;
    private int _count;
    private bool _isClosed;
    private bool _isBroken;
    private Exception? _brokenBy;

    /// <param name="item">What is lent.</param>
    /// <param name="description">What it is called in messages.</param>
    /// <param name="tracked">
    /// The same, when it is a resource whose state is to follow the loans: in use while there is one.
    /// </param>
    /// <param name="timeProvider">The time, for ages.</param>
    /// <param name="onInvalidated">
    /// Told, outside the lock, that a holder found the resource broken; the slot is closed then.
    /// </param>
    internal SharedSlot(
        object item, string description, Resource? tracked, TimeProvider timeProvider, Action<Exception?>? onInvalidated = null)
    {
        _item = item;
        Description = description;
        _tracked = tracked;
        _timeProvider = timeProvider;
        _onInvalidated = onInvalidated;
    }

    internal string Description { get; }

    /// <summary>The id of the resource.</summary>
    internal string Source => _tracked?.Metadata.Id ?? Description;

    /// <summary>How many hold it.</summary>
    internal int Count => Volatile.Read(ref _count);

    internal bool IsClosed => Volatile.Read(ref _isClosed);

    /// <summary>What whoever closed it gave as the reason.</summary>
    internal string Reason { get; private set; } = string.Empty;

    /// <summary>Ends when the slot is closed and nobody holds the resource any more.</summary>
    internal Task Drained => _drained.Task;

    /// <summary>Lends the resource; null when the slot is closed, or the resource is in no state to be lent.</summary>
    internal SharedLoan? TryLend(CallSite callSite, string? traceId, out long token)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            token = 0;
            if (_isClosed || (_count == 0 && _tracked is not null && !_tracked.Lifecycle.TryAcquire()))
            {
                return null;
            }

            var loan = TakeLoan_NeedsLock();
            _count++;
            loan.CallSite = callSite;
            loan.TraceId = traceId;
            loan.LentAt = _timeProvider.GetTimestamp();
            token = SlotState.With(loan.Word, SlotState.InUse);
            Interlocked.Exchange(ref loan.Word, token);
            return loan;
        }
    }

    /// <summary>No new holders from now on. True for the first who closes it, whose reason it is.</summary>
    internal bool Close(string reason = "released") => Close(reason, isBroken: false, cause: null);

    /// <summary>Lends the resource again. False when nobody holds it any more, or a holder found it broken.</summary>
    internal bool TryReopen()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_isBroken || _count == 0)
            {
                return false;
            }

            Reason = string.Empty;
            Volatile.Write(ref _isClosed, false);
            return true;
        }
    }

    /// <summary>Whether a holder found the resource broken, also after the slot had been closed.</summary>
    internal bool IsBroken(out Exception? cause)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            cause = _brokenBy;
            return _isBroken;
        }
    }

    /// <summary>Closes the slot if nobody holds the resource and the condition holds at that moment.</summary>
    internal bool TryCloseIfIdle(string reason, Func<bool> condition)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_isClosed || _count > 0 || !condition())
            {
                return false;
            }

            Reason = reason;
            Volatile.Write(ref _isClosed, true);
        }

        _drained.TrySetResult();
        return true;
    }

    /// <summary>A holder found the resource broken. It fails when its last holder returns it: until then it is in use.</summary>
    internal void Invalidate(Exception? cause)
    {
        if (Close(Invalidated, isBroken: true, cause))
        {
            _onInvalidated?.Invoke(cause);
        }
    }

    internal void OnReturned(SharedLoan loan)
    {
        // It was in use until now: its time to live counts from its return.
        _tracked?.Touch();
        bool isDrained;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            Unlink_NeedsLock(loan);
            loan.Next = _free;
            _free = loan;
            _count--;
            if (_count == 0)
            {
                _ = _isBroken ? _tracked?.Lifecycle.TryFail() : _tracked?.Lifecycle.TryRelease();
            }

            isDrained = _isClosed && _count == 0;
        }

        if (isDrained)
        {
            _drained.TrySetResult();
        }
    }

    /// <summary>Who holds it, longest first.</summary>
    internal IReadOnlyList<LeaseInfo> GetLeases(string source)
    {
        List<LeaseInfo> leases = [];
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            for (var loan = _active; loan is not null; loan = loan.Next)
            {
                var age = _timeProvider.GetElapsedTime(loan.LentAt);
                leases.Add(new LeaseInfo
                {
                    Source = source,
                    CallSite = loan.CallSite,
                    Age = age,
                    Since = _timeProvider.GetUtcNow() - age,
                    TraceId = loan.TraceId,
                });
            }
        }

        leases.Sort(static (left, right) => right.Age.CompareTo(left.Age));
        return leases;
    }

    private bool Close(string reason, bool isBroken, Exception? cause)
    {
        bool isDrained;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _isBroken |= isBroken;
            _brokenBy ??= cause;
            if (_isClosed)
            {
                return false;
            }

            Reason = reason;
            Volatile.Write(ref _isClosed, true);
            isDrained = _count == 0;
        }

        if (isDrained)
        {
            _drained.TrySetResult();
        }

        return true;
    }

    private SharedLoan TakeLoan_NeedsLock()
    {
        var loan = _free ?? new SharedLoan(this) { Item = _item };
        _free = ReferenceEquals(loan, _free) ? loan.Next : _free;
        loan.Previous = null;
        loan.Next = _active;
        if (_active is not null)
        {
            _active.Previous = loan;
        }

        _active = loan;
        return loan;
    }

    private void Unlink_NeedsLock(SharedLoan loan)
    {
        if (loan.Previous is null)
        {
            _active = loan.Next;
        }
        else
        {
            loan.Previous.Next = loan.Next;
        }

        if (loan.Next is not null)
        {
            loan.Next.Previous = loan.Previous;
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_count >= 0 && (_count == 0) == (_active is null), "The holders are those in the list.");
        Debug.Assert(!_drained.Task.IsCompleted || (_isClosed && _count == 0), "Drained means closed and held by nobody.");
    }
}
