using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <summary>
/// One subscriber, with a bounded queue of its own. Its handler runs on the thread pool, once at a time, and delays nobody else.
/// </summary>
internal sealed class PoolSubscription(PoolEvents events, Action<PoolEvent> handler, ILogger logger)
    : IThreadPoolWorkItem, IDisposable
{
    internal const int Capacity = 1024;

    private readonly Lock _lock = new();
    private readonly Queue<PoolEvent> _queue = new();
    private long _missed;
    private bool _isRunning;
    private bool _isEnded;

    /// <summary>Queues the event, or counts it as missed when the queue is full.</summary>
    /// <param name="one">The event.</param>
    /// <param name="isLast">Whether it is the last of all, for which there is always room.</param>
    internal void Add(PoolEvent one, bool isLast)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_isEnded)
            {
                return;
            }

            if (_queue.Count >= Capacity && !isLast)
            {
                _missed++;
                return;
            }

            _queue.Enqueue(_missed == 0 ? one : one with { Missed = _missed });
            _missed = 0;
            if (_isRunning)
            {
                return;
            }

            _isRunning = true;
        }

        // The work item captures no context, and it is the only one of this subscription until its queue is empty.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Runs the handler for what is queued, until nothing is.</summary>
    public void Execute()
    {
        while (TryTake() is { } one)
        {
            if (one.Missed > 0)
            {
                PoolLog.EventsMissed(logger, one.Pool, one.Missed, Capacity);
            }

            try
            {
                handler(one);
            }
            catch (Exception failure)
            {
                PoolLog.EventHandlerFailed(logger, one.Pool, one.Kind.ToString(), FailureText.Of(failure), failure);
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

        events.Remove(this);
    }

    private PoolEvent? TryTake()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _isRunning = _queue.TryDequeue(out var one);
            return one;
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_queue.Count <= Capacity + 1, "The queue is bounded.");
        Debug.Assert(_isRunning || _queue.Count == 0, "Whatever is queued has somebody on the way to it.");
        Debug.Assert(!_isEnded || _queue.Count == 0, "Nothing is kept for who has gone.");
    }
}
