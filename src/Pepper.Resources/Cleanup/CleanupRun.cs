namespace Pepper.Resources.Cleanup;

/// <summary>Where a run is: each goes from <see cref="Running"/> to one of the others, once, under the scheduler's
/// lock.</summary>
internal enum CleanupRunState
{
    Running,
    Ended,
    Abandoned,
}

/// <summary>One cleanup that has begun. As a node of the scheduler's wheel it is its own time limit.</summary>
internal sealed class CleanupRun(CleanupScheduler scheduler, CleanupEntry entry, CancellationTokenSource? limit,
    TaskCompletionSource<bool>? caller) : TimerWheelNode
{
    internal CleanupScheduler Scheduler => scheduler;

    internal string Id => entry.Id;

    internal Func<CancellationToken, ValueTask> Cleanup { get; } = entry.Cleanup;

    /// <summary>
    /// Cancelled at the time limit; null when there is none. Never disposed: it has no timer of its own, and an abandoned cleanup
    /// may look at its token for ever.
    /// </summary>
    internal CancellationTokenSource? Limit => limit;

    /// <summary>Who waits for this run; null for a run that fell due, which holds one of the scheduler's places.</summary>
    internal TaskCompletionSource<bool>? Caller => caller;

    internal CancellationToken Token => limit?.Token ?? CancellationToken.None;

    internal CleanupRunState State { get; set; }

    /// <summary>Whether the time limit has passed.</summary>
    internal bool IsLate { get; set; }

    /// <summary>Set when it ended on the worker that began it, which then goes on with the next.</summary>
    internal bool EndedOnWorker { get; set; }
}
