using System.Diagnostics;
using Pepper.Resources.Cleanup;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <summary>How an acquire ended; its label is the outcome's name in lower case.</summary>
internal enum AcquireOutcome
{
    Ok,
    Timeout,
    Canceled,
    Failed,
    Rejected,
}

/// <summary>What a caller asks for.</summary>
internal readonly record struct AcquireRequest(TimeSpan Timeout, string? Member, string? File, int Line);

/// <summary>
/// A caller in the queue. It is live exactly as long as it is in the queue: whoever takes it out, under the pool's lock, ends it,
/// outside of it. So a delivery, a deadline and a cancellation that race have one winner.
/// </summary>
internal abstract class PoolWaiter
{
    // Links of the queue while it waits, of the spare ones while it does not.
    internal PoolWaiter? QueueNext;
    internal PoolWaiter? QueuePrevious;
    internal bool IsQueued;

    /// <summary>Its number in the order of arrival.</summary>
    internal long Sequence;

    /// <summary>In milliseconds of the pool's clock.</summary>
    internal long StartedAt;
    internal long DueAt;

    /// <summary>In units of the time provider; zero when nobody wants to know.</summary>
    internal long StartedExactly;

    internal AcquireRequest Request;
    internal ActivityTraceId Trace;

    /// <summary>Its place in the wheel of deadlines, when its timeout is not the pool's own.</summary>
    internal Deadline? OwnDeadline;

    private ActivityContext _parent;
    private DateTimeOffset _startedAtUtc;
    private bool _isTraced;

    internal AcquireOutcome Outcome { get; set; }

    /// <summary>Whether the caller blocks a thread, so that creations for it should not need one of the thread pool.</summary>
    internal virtual bool IsBlocking => false;

    /// <summary>Notes the trace that the caller is in, if anybody listens. Called before its result can be taken.</summary>
    internal void NoteTrace(PoolCore core)
    {
        _isTraced = ResourceActivities.IsEnabled;
        if (_isTraced)
        {
            _parent = Activity.Current?.Context ?? default;
            _startedAtUtc = core.TimeProvider.GetUtcNow();
        }
    }

    /// <summary>Tells of the wait, on the caller's own thread, when it has ended.</summary>
    internal void ReportSpan(PoolCore core, Exception? failure)
    {
        if (_isTraced)
        {
            ResourceActivities.RecordAcquire(
                core.Name, core.TypeLabel, PoolLabels.Of(Outcome), _parent, _startedAtUtc, failure);
        }
    }

    /// <summary>Hands the resource over. The caller's continuation does not run on this thread.</summary>
    internal abstract void Deliver(PoolEntry entry, long token);

    /// <summary>Tells the caller why it gets none.</summary>
    internal abstract void Fail(Exception exception);

    /// <summary>A deadline in the wheel.</summary>
    internal sealed class Deadline(PoolWaiter waiter) : TimerWheelNode
    {
        internal PoolWaiter Waiter { get; } = waiter;
    }
}
