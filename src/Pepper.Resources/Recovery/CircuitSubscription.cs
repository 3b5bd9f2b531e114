using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <summary>
/// One observer of a circuit, with a bounded queue of its own. It is called on the thread pool, once at a time; nobody waits for
/// it, so that one which hangs misses transitions and delays no call.
/// </summary>
internal sealed class CircuitSubscription(Action<CircuitSubscription> remove, Action<CircuitTransition> handler, ILogger logger)
    : IThreadPoolWorkItem, IDisposable
{
    internal const int Capacity = 256;

    private readonly Lock _lock = new();
    private readonly Queue<CircuitTransition> _queue = new();
    private long _missed;
    private bool _isRunning;
    private bool _isEnded;

    internal void Add(CircuitTransition transition)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_isEnded)
            {
                return;
            }

            if (_queue.Count >= Capacity)
            {
                _missed++;
                return;
            }

            _queue.Enqueue(_missed == 0 ? transition : transition with { Missed = _missed });
            _missed = 0;
            if (_isRunning)
            {
                return;
            }

            _isRunning = true;
        }

        // The work item captures no context, and it is the only one of this observer until its queue is empty.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Runs the handler for what is queued, until nothing is.</summary>
    public void Execute()
    {
        while (TryTake() is { } transition)
        {
            if (transition.Missed > 0)
            {
                RecoveryLog.TransitionsMissed(logger, transition.Name, transition.Missed, Capacity);
            }

            try
            {
                handler(transition);
            }
            catch (Exception failure)
            {
                RecoveryLog.ObserverFailed(logger, transition.Name, FailureText.Of(failure), failure);
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _isEnded = true;
            _queue.Clear();
        }

        remove(this);
    }

    private CircuitTransition? TryTake()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _isRunning = _queue.TryDequeue(out var transition);
            return transition;
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_queue.Count <= Capacity, "The queue is bounded.");
        Debug.Assert(_isRunning || _queue.Count == 0, "Whatever is queued has somebody on the way to it.");
        Debug.Assert(!_isEnded || _queue.Count == 0, "Nothing is kept for who has gone.");
    }
}
