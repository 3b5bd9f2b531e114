using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Cleanup;

/// <content>From the queue of what is due to the end of a run.</content>
public sealed partial class CleanupScheduler
{
    // How much is done before the thread is given to somebody else.
    private const int MostPerWorkItem = 256;

    private static readonly AsyncLocal<CleanupRun?> CurrentRun = new();

    private int _workers;
    private int _starting;
    private int _running;
    private long _completed;
    private long _failed;
    private long _abandoned;

    private void TellLimit(CleanupRun run, bool isAbandoned)
    {
        if (!isAbandoned)
        {
            _ = CancelAsync(run, run.Limit!);
            Log((run, _options), static (logger, of) => logger.CleanupLate(of.run.Id, of._options.CleanupTimeout));
            return;
        }

        Log((run, _options), static (logger, of) => logger.CleanupAbandoned(of.run.Id, of._options.CancellationGrace));
        run.Caller?.TrySetException(LimitPassed(run, null));
    }

    // What is registered on the token is user code: it runs on the thread pool, and what it throws must not end the process.
    private async Task CancelAsync(CleanupRun run, CancellationTokenSource limit)
    {
        try
        {
            await limit.CancelAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Log((run, failure), static (logger, of) => logger.CancellationFailed(of.failure, of.run.Id, of.failure.Message));
        }
    }

    private void StartWorkers(int count)
    {
        for (int i = 0; i < count; i++)
        {
            QueueWorker(isNew: true);
        }
    }

    private void QueueWorker(bool isNew) => ThreadPool.UnsafeQueueUserWorkItem(
        static worker => worker.Scheduler.Work(worker.IsNew), (Scheduler: this, IsNew: isNew), preferLocal: false);

    // A worker is one of MaxConcurrentCleanups places. It goes with its run: whoever ends the run keeps it or frees it.
    private void Work(bool isNew)
    {
        for (int i = 0; i < MostPerWorkItem; i++)
        {
            if (TakeDue(isNew && i == 0) is not { } run)
            {
                return;
            }

            _ = RunAsync(run);
            if (!run.EndedOnWorker)
            {
                return;
            }
        }

        QueueWorker(isNew: false);
    }

    private CleanupRun? TakeDue(bool isNew)
    {
        long now = _clock.Now();
        CleanupRun? run = null;
        Follow follow;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (isNew)
            {
                _starting--;
            }

            if (_due.TakeFirst() is CleanupEntry entry)
            {
                _dueCount--;
                run = Begin_NeedsLock(entry, now, caller: null);
            }
            else
            {
                _workers--;
            }

            follow = GetFollow_NeedsLock();
        }

        Do(follow);
        return run;
    }

    private CleanupRun Begin_NeedsLock(CleanupEntry entry, long now, TaskCompletionSource<bool>? caller)
    {
        Forget_NeedsLock(entry);
        bool isLimited = _options.CleanupTimeout != Timeout.InfiniteTimeSpan;
        var run = new CleanupRun(this, entry, isLimited ? new CancellationTokenSource() : null, caller);
        if (isLimited)
        {
            _wheel.Add(run, _clock.TickAfter(now, _options.CleanupTimeout));
        }

        _running++;
        return run;
    }

    // Being asynchronous, it also keeps what a cleanup does to its execution context from the next one.
    private async Task RunAsync(CleanupRun run)
    {
        CurrentRun.Value = run;
        bool isOnWorker = run.Caller is null;
        Exception? failure = null;
        try
        {
            ValueTask cleanup = run.Cleanup(run.Token);
            isOnWorker &= cleanup.IsCompleted;
            await cleanup.ConfigureAwait(false);
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }

        run.EndedOnWorker = End(run, failure, isOnWorker) && isOnWorker;
    }

    // In two steps, as who waits for the last run to end may take the logger away then.
    private bool End(CleanupRun run, Exception? failure, bool keepsPlace)
    {
        bool inTime;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            inTime = run.State == CleanupRunState.Running;
            if (inTime)
            {
                run.State = CleanupRunState.Ended;
                _wheel.Remove(run);
                _completed += failure is null ? 1 : 0;
                _failed += failure is null ? 0 : 1;
            }
        }

        LogEnd(run, failure, inTime);
        if (!inTime)
        {
            return false;
        }

        Follow follow;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _running--;
            if (!keepsPlace)
            {
                ReleasePlace_NeedsLock(run);
            }

            follow = GetFollow_NeedsLock();
        }

        Do(follow);
        TellCaller(run, failure);
        return true;
    }

    private void LogEnd(CleanupRun run, Exception? failure, bool inTime)
    {
        if (!inTime)
        {
            Log((run, failure), static (logger, of) => logger.AbandonedCleanupEnded(of.failure, of.run.Id));
        }
        else if (failure is not null && run.Caller is null)
        {
            Log((run, failure), static (logger, of) => logger.CleanupFailed(of.failure, of.run.Id, of.failure.Message));
        }
    }

    private void TellCaller(CleanupRun run, Exception? failure)
    {
        if (failure is null)
        {
            run.Caller?.TrySetResult(true);
        }
        else
        {
            bool isCancelled = run.IsLate && failure is OperationCanceledException;
            run.Caller?.TrySetException(isCancelled ? LimitPassed(run, failure) : failure);
        }
    }

    private TimeoutException LimitPassed(CleanupRun run, Exception? inner) => new(
        $"Cleanup '{run.Id}' did not end within {_options.CleanupTimeout} "
        + (inner is null ? $"nor {_options.CancellationGrace} after it was cancelled; it was abandoned." : "and was cancelled.")
        + $" The limit is {nameof(CleanupSchedulerOptions)}.{nameof(CleanupSchedulerOptions.CleanupTimeout)}.", inner);

    private void ReleasePlace_NeedsLock(CleanupRun run)
    {
        if (run.Caller is null)
        {
            _workers--;
        }
    }

    /// <summary>What has to be done once the lock is free, after any change under it.</summary>
    private Follow GetFollow_NeedsLock()
    {
        int workers = Math.Clamp(_options.MaxConcurrentCleanups - _workers, 0, Math.Max(0, _dueCount - _starting));
        _workers += workers;
        _starting += workers;
        return new Follow(workers, NeedsArming_NeedsLock(), _isDisposed && _running == 0 && _workers == 0 && _dueCount == 0);
    }

    private void Do(Follow follow)
    {
        StartWorkers(follow.Workers);
        if (follow.IsDrained)
        {
            _timer.Dispose();
            _drained.TrySetResult();
        }
        else if (follow.NeedsArming)
        {
            Arm();
        }
    }

    // A logger is user code: one that throws must not stop the cleanups.
    private void Log<TState>(TState state, Action<ILogger, TState> write)
    {
        try
        {
            write(_logger, state);
        }
        catch (Exception)
        {
            // There is nowhere left to say so.
        }
    }

    private readonly record struct Follow(int Workers, bool NeedsArming, bool IsDrained);
}
