using System.Diagnostics;

namespace Pepper.Resources.Monitoring;

/// <summary>
/// One who is told of events, with a bounded queue of its own. Its handler runs on the thread pool, once at a time; nobody waits
/// for it, so that one which hangs misses events and delays nobody else.
/// </summary>
/// <typeparam name="T">What it is told.</typeparam>
internal abstract class EventSubscription<T>(Action<T> handler, int capacity) : IThreadPoolWorkItem, IDisposable
    where T : class
{
    private readonly Lock _lock = new();
    private readonly Queue<T> _queue = new();
    private long _missed;
    private bool _isRunning;
    private bool _isEnded;

    /// <summary>Queues the event, or counts it as missed when the queue is full.</summary>
    /// <param name="one">The event.</param>
    /// <param name="isLast">Whether it is the last of all, for which there is always room.</param>
    internal void Add(T one, bool isLast = false)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_isEnded)
            {
                return;
            }

            if (_queue.Count >= capacity && !isLast)
            {
                _missed++;
                return;
            }

            _queue.Enqueue(_missed == 0 ? one : WithMissed(one, _missed));
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
            ReportMissed(one);
            try
            {
                handler(one);
            }
            catch (Exception failure)
            {
                ReportFailure(one, failure);
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

        Remove();
    }

    /// <summary>The event, saying how many were missed before it.</summary>
    protected abstract T WithMissed(T one, long missed);

    /// <summary>Tells the log if events were missed before this one.</summary>
    protected abstract void ReportMissed(T one);

    /// <summary>Tells the log that the handler failed.</summary>
    protected abstract void ReportFailure(T one, Exception failure);

    /// <summary>Takes it off the list of who is told.</summary>
    protected abstract void Remove();

    private T? TryTake()
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
        Debug.Assert(_queue.Count <= capacity + 1, "The queue is bounded.");
        Debug.Assert(_isRunning || _queue.Count == 0, "Whatever is queued has somebody on the way to it.");
        Debug.Assert(!_isEnded || _queue.Count == 0, "Nothing is kept for who has gone.");
    }
}
