using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Pooling;

/// <summary>
/// The events of a pool: numbers them, and puts each into the queue of every subscriber. That runs no code of the user's, so it
/// may happen under the pool's lock, where that is what makes the order true.
/// </summary>
internal sealed class PoolEvents(string pool, TimeProvider timeProvider, ILogger logger)
{
    private readonly Lock _lock = new();

    // Null when there are none: whoever has something to tell asks for that, and no more. Copied on write.
    private volatile PoolSubscription[]? _subscriptions;
    private long _sequence;
    private bool _isEnded;

    /// <summary>This, when somebody listens; else null, and nothing needs to be put into words.</summary>
    internal PoolEvents? IfHeard => _subscriptions is null ? null : this;

    /// <summary>Adds a subscriber; null when the last event has been told.</summary>
    internal PoolSubscription? Subscribe(Action<PoolEvent> handler)
    {
        var subscription = new PoolSubscription(this, handler, logger);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_isEnded)
            {
                return null;
            }

            _subscriptions = [.. _subscriptions ?? [], subscription];
        }

        return subscription;
    }

    internal void Remove(PoolSubscription subscription)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            PoolSubscription[] left = [.. (_subscriptions ?? []).Where(one => one != subscription)];
            _subscriptions = left.Length == 0 ? null : left;
        }
    }

    internal void Raise(
        PoolEventKind kind,
        string message,
        Exception? exception = null,
        DestroyReason? reason = null,
        LeaseInfo? lease = null)
    {
        var one = new PoolEvent
        {
            Kind = kind,
            Pool = pool,
            Sequence = 0,
            Time = timeProvider.GetUtcNow(),
            Message = message,
            Exception = exception,
            Reason = reason,
            Lease = lease,
        };
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            Add_NeedsLock(one, isLast: false);
        }
    }

    /// <summary>Tells the last event. What happens later is told to nobody.</summary>
    internal void End(PoolEventKind kind, string message)
    {
        var one = new PoolEvent { Kind = kind, Pool = pool, Sequence = 0, Time = timeProvider.GetUtcNow(), Message = message };
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            Add_NeedsLock(one, isLast: true);
            _isEnded = true;
            _subscriptions = null;
        }
    }

    private void Add_NeedsLock(PoolEvent one, bool isLast)
    {
        if (_subscriptions is not { } subscriptions)
        {
            return;
        }

        var numbered = one with { Sequence = ++_sequence };
        foreach (var subscription in subscriptions)
        {
            subscription.Add(numbered, isLast);
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_subscriptions is not { Length: 0 }, "No subscribers are no array.");
    }
}
