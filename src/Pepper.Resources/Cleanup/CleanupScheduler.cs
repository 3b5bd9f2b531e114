using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Pepper.Resources.Cleanup;

/// <summary>
/// Runs a cleanup for each id once its time has come: one timer for any number of them, O(1) to add, move and cancel one, and no
/// cleanup that fails or hangs keeps the others from running.
/// </summary>
/// <remarks>
/// <para>All members are safe to use from any thread, also from within a cleanup, on its own id too: once a cleanup has begun,
/// its id is free again.</para>
/// <para>Times are monotonic: a jump of the wall clock changes nothing. A cleanup runs at its time or up to
/// <see cref="CleanupSchedulerOptions.Resolution"/> later (later still while
/// <see cref="CleanupSchedulerOptions.MaxConcurrentCleanups"/> others run), never early. It runs on the thread pool without the
/// execution context of whoever scheduled it. Each schedule runs at most once.</para>
/// </remarks>
public sealed partial class CleanupScheduler : IAsyncDisposable
{
    // A table that once held this many is let go when it is empty, as a dictionary never shrinks by itself.
    private const int LargeTable = 4096;

    private readonly Lock _lock = new();
    private readonly CleanupSchedulerOptions _options;
    private readonly CleanupClock _clock;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly TimerWheel _wheel = new(0);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Dictionary<string, CleanupEntry> _entries = new(StringComparer.Ordinal);
    private TimerWheelList _due;
    private int _dueCount;
    private long _armedFor = long.MaxValue;
    private bool _isArming;
    private bool _isDisposed;

    /// <summary>Creates a scheduler that holds nothing yet; its timer is set only while it holds something.</summary>
    /// <param name="options">Copied; null: the defaults.</param>
    /// <param name="timeProvider">Where its time comes from; null: <see cref="TimeProvider.System"/>.</param>
    /// <param name="logger">Where failures are reported; null: nowhere.</param>
    /// <exception cref="ArgumentException">Options are out of range; the message lists all of them.</exception>
    public CleanupScheduler(
        CleanupSchedulerOptions? options = null, TimeProvider? timeProvider = null, ILogger<CleanupScheduler>? logger = null)
    {
        _options = (options ?? new CleanupSchedulerOptions()).Freeze();
        timeProvider ??= TimeProvider.System;
        _logger = logger ?? NullLogger<CleanupScheduler>.Instance;
        _clock = new CleanupClock(timeProvider, _options.Resolution);
        _timer = CreateTimer(timeProvider);
    }

    /// <summary>How many cleanups are scheduled and have not begun.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                return _entries.Count;
            }
        }
    }

    /// <summary>How many cleanups run now, by their time or by <see cref="CleanupAsync"/>; without the abandoned ones.</summary>
    public int Running
    {
        get
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                return _running;
            }
        }
    }

    /// <summary>How many cleanups have ended without an exception.</summary>
    public long CompletedCleanups => Interlocked.Read(ref _completed);

    /// <summary>How many cleanups have thrown, also because their token was cancelled at the time limit.</summary>
    public long FailedCleanups => Interlocked.Read(ref _failed);

    /// <summary>How many cleanups were given up, as they went on after their token had been cancelled.</summary>
    public long AbandonedCleanups => Interlocked.Read(ref _abandoned);

    /// <summary>
    /// Schedules a cleanup, in place of the one that is scheduled under this id, if any: that one never runs, unless it has
    /// begun.
    /// </summary>
    /// <param name="id">Any text but an empty one; compared character by character.</param>
    /// <param name="timeToLive">From now to the cleanup; zero: at once; at most <see cref="TimeSpan.MaxValue"/>.</param>
    /// <param name="cleanup">
    /// What to do. Its token is cancelled at <see cref="CleanupSchedulerOptions.CleanupTimeout"/>. What it throws is logged and
    /// counted.
    /// </param>
    /// <exception cref="ArgumentException">The id is empty.</exception>
    /// <exception cref="ArgumentNullException">The id or the cleanup is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative (or
    /// <see cref="Timeout.InfiniteTimeSpan"/>).</exception>
    /// <exception cref="ObjectDisposedException">The scheduler is disposed.</exception>
    public void Schedule(string id, TimeSpan timeToLive, Func<CancellationToken, ValueTask> cleanup)
    {
        ThrowIfBadId(id);
        ArgumentNullException.ThrowIfNull(cleanup);
        if (timeToLive < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(timeToLive), timeToLive,
                $"The time to live of cleanup '{id}' is {timeToLive}; it must be finite and not negative (zero: at once).");
        }

        long tick = timeToLive == TimeSpan.Zero ? 0 : _clock.TickAfter(_clock.Now(), timeToLive);
        Follow follow;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            ref CleanupEntry? entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, id, out bool exists);
            if (exists)
            {
                Unlink_NeedsLock(entry!);
                entry!.Cleanup = cleanup;
            }
            else
            {
                entry = new CleanupEntry(id, cleanup);
            }

            if (timeToLive == TimeSpan.Zero)
            {
                MakeDue_NeedsLock(entry);
            }
            else
            {
                _wheel.Add(entry, tick);
            }

            follow = GetFollow_NeedsLock();
        }

        Do(follow);
    }

    /// <summary>Whether a cleanup is scheduled under this id and has not begun.</summary>
    /// <param name="id">The id.</param>
    /// <exception cref="ArgumentException">The id is empty.</exception>
    /// <exception cref="ArgumentNullException">The id is null.</exception>
    public bool IsScheduled(string id)
    {
        ThrowIfBadId(id);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            return _entries.ContainsKey(id);
        }
    }

    /// <summary>Takes back what is scheduled under this id.</summary>
    /// <param name="id">The id.</param>
    /// <returns>True when this kept it from running; false when nothing was scheduled, or it has begun.</returns>
    /// <exception cref="ArgumentException">The id is empty.</exception>
    /// <exception cref="ArgumentNullException">The id is null.</exception>
    public bool Cancel(string id)
    {
        ThrowIfBadId(id);
        Follow follow;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (!_entries.TryGetValue(id, out CleanupEntry? entry))
            {
                return false;
            }

            Unlink_NeedsLock(entry);
            Forget_NeedsLock(entry);
            follow = GetFollow_NeedsLock();
        }

        Do(follow);
        return true;
    }

    /// <summary>Runs now what is scheduled under this id, instead of at its time.</summary>
    /// <remarks>
    /// Exactly one of this call and the due time runs it: when its time has come first and it has begun, this returns false at
    /// once and does not wait for it. It runs on the thread pool, beside those that are due: it needs none of their places.
    /// </remarks>
    /// <param name="id">The id.</param>
    /// <returns>True when it ran by this call; false when nothing was scheduled (any more).</returns>
    /// <exception cref="ArgumentException">The id is empty.</exception>
    /// <exception cref="ArgumentNullException">The id is null.</exception>
    /// <exception cref="TimeoutException">It did not end within its time limit.</exception>
    /// <exception cref="Exception">Whatever the cleanup threw. It is counted, and not logged, as it is known here.</exception>
    public ValueTask<bool> CleanupAsync(string id)
    {
        ThrowIfBadId(id);
        long now = _clock.Now();
        var caller = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        CleanupRun run;
        Follow follow;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (!_entries.TryGetValue(id, out CleanupEntry? entry))
            {
                return new ValueTask<bool>(false);
            }

            Unlink_NeedsLock(entry);
            run = Begin_NeedsLock(entry, now, caller);
            follow = GetFollow_NeedsLock();
        }

        Do(follow);
        ThreadPool.UnsafeQueueUserWorkItem(static begun => _ = begun.Scheduler.RunAsync(begun), run, preferLocal: false);
        return new ValueTask<bool>(caller.Task);
    }

    /// <summary>
    /// Takes no more schedules, drops what has not begun (or runs it, with
    /// <see cref="CleanupSchedulerOptions.RunPendingOnDispose"/>), and waits for what runs, each up to its time limit.
    /// </summary>
    /// <remarks>
    /// Calling it twice is harmless: both calls wait. Within a cleanup of this scheduler it does not wait, since that cleanup
    /// would wait for itself. It never throws.
    /// </remarks>
    public ValueTask DisposeAsync()
    {
        int dropped = 0;
        bool isWithinRun;
        Follow follow;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (!_isDisposed)
            {
                _isDisposed = true;
                dropped = _options.RunPendingOnDispose ? 0 : _entries.Count;
                EndSchedules_NeedsLock();
            }

            isWithinRun = CurrentRun.Value is { State: CleanupRunState.Running } run && ReferenceEquals(run.Scheduler, this);
            follow = GetFollow_NeedsLock();
        }

        Do(follow);
        if (dropped > 0)
        {
            Log(dropped, static (logger, count) => logger.PendingDropped(count));
        }

        return isWithinRun ? ValueTask.CompletedTask : new ValueTask(_drained.Task);
    }

    private static void ThrowIfBadId(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (id.Length == 0)
        {
            throw new ArgumentException("The id of a cleanup is empty; it must have at least one character.", nameof(id));
        }
    }

    private ITimer CreateTimer(TimeProvider timeProvider)
    {
        AsyncFlowControl? flow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
        try
        {
            return timeProvider.CreateTimer(static scheduler => ((CleanupScheduler)scheduler!).OnTimer(), this,
                Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        finally
        {
            flow?.Undo();
        }
    }

    private void MakeDue_NeedsLock(CleanupEntry entry)
    {
        _due.Append(entry);
        _dueCount++;
    }

    // Out of the wheel or the queue; it stays in the table.
    private void Unlink_NeedsLock(CleanupEntry entry)
    {
        if (!_wheel.Remove(entry))
        {
            _due.Remove(entry);
            _dueCount--;
        }
    }

    private void Forget_NeedsLock(CleanupEntry entry)
    {
        _entries.Remove(entry.Id);
        if (_entries.Count == 0 && _entries.Capacity > LargeTable)
        {
            _entries = new Dictionary<string, CleanupEntry>(StringComparer.Ordinal);
        }
    }

    private void EndSchedules_NeedsLock()
    {
        if (_options.RunPendingOnDispose)
        {
            CleanupEntry[] waiting = [.. _entries.Values.Where(static entry => entry.IsLinked)];
            foreach (CleanupEntry entry in waiting.OrderBy(static entry => entry.DueTick))
            {
                _wheel.Remove(entry);
                MakeDue_NeedsLock(entry);
            }

            return;
        }

        foreach (CleanupEntry entry in _entries.Values)
        {
            Unlink_NeedsLock(entry);
        }

        _entries = new Dictionary<string, CleanupEntry>(StringComparer.Ordinal);
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock is held.");
        Debug.Assert(_dueCount >= 0 && (_dueCount == 0) == _due.IsEmpty, "The queue's count is the queue's.");
        Debug.Assert(_entries.Count >= _dueCount, "What is due is in the table.");
        Debug.Assert(_entries.Count - _dueCount <= _wheel.Count, "What is scheduled and not due is in the wheel.");
        Debug.Assert(_workers >= _starting && _starting >= 0, "A worker that has not begun is a worker.");
        Debug.Assert(_workers <= _options.MaxConcurrentCleanups, "No more workers than allowed.");
        Debug.Assert(_running >= 0, "No more cleanups end than begin.");
    }
}
