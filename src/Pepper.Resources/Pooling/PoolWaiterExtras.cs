using System.Diagnostics;
using Pepper.Resources.Cleanup;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <summary>
/// What only some waiters need: a timeout that is not the pool's own, which is then an entry in the wheel of deadlines; a trace;
/// an exact time. A waiter keeps it once it has it.
/// </summary>
internal sealed class PoolWaiterExtras(PoolWaiter waiter) : TimerWheelNode
{
    private ActivityContext _parent;
    private DateTimeOffset _startedAtUtc;
    private bool _isTraced;

    internal PoolWaiter Waiter { get; } = waiter;

    /// <summary>The timeout of this call; null for the pool's own.</summary>
    internal TimeSpan? OwnTimeout { get; set; }

    /// <summary>In milliseconds of the pool's clock; only with a timeout of its own.</summary>
    internal long StartedAt { get; set; }

    /// <summary>In units of the time provider; zero when nobody wants to know.</summary>
    internal long StartedExactly { get; set; }

    /// <summary>The trace that the lease is to name; only with leak tracking.</summary>
    internal ActivityTraceId Trace { get; set; }

    /// <summary>The flow and the stack that the lease is to name.</summary>
    internal LoanNote Note { get; set; }

    /// <summary>Whether its flow is counted as one that waits.</summary>
    internal bool IsFlowCounted { get; set; }

    /// <summary>Forgets an earlier wait.</summary>
    internal void Clear()
    {
        OwnTimeout = null;
        StartedExactly = 0;
        Trace = default;
        Note = default;
        _isTraced = false;
    }

    /// <summary>Notes the trace that the caller is in, and when it began to wait.</summary>
    internal void NoteTrace(PoolCore core)
    {
        _isTraced = true;
        _parent = Activity.Current?.Context ?? default;
        _startedAtUtc = core.TimeProvider.GetUtcNow();
    }

    /// <summary>Tells of the wait, on the caller's own thread, when it has ended.</summary>
    internal void ReportSpan(PoolCore core, Exception? failure)
    {
        if (_isTraced)
        {
            ResourceActivities.RecordAcquire(
                core.NameLabel, core.TypeLabel, PoolLabels.Of(Waiter.Outcome), _parent, _startedAtUtc, failure);
        }
    }
}
