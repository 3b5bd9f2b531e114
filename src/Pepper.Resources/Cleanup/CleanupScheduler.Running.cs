using Microsoft.Extensions.Logging;

namespace Pepper.Resources.Cleanup;

/// <content>From a due time to the end of a run: the timer, the workers and the time limits.</content>
public sealed partial class CleanupScheduler
{
    // How much is done before the lock, or the thread, is given to somebody else.
    private const int MostPerLock = 1024;
    private const int MostPerWorkItem = 256;

    private static readonly AsyncLocal<CleanupRun?> CurrentRun = new();

    private int _workers;
    private int _starting;
    private int _running;
    private long _completed;
    private long _failed;
    private long _abandoned;

    private void OnTimer()
    {
        Collect();
        Arm();
    }

    // Everything that is due goes to the workers, or reaches its limit.
    private void Collect()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _armedFor = long.MaxValue;
        }

        bool more = true;
        while (more)
        {
            List<(CleanupRun Run, bool IsAbandoned)>? late = null;
            long now = _clock.Now();
            Follow follow;
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                TimerWheelNode? node = _wheel.Advance(_clock.TickAt(now), MostPerLock);
                while (node is not null)
                {
                    TimerWheelNode? next = node.Next;
                    if (node is CleanupEntry entry)
                    {
                        MakeDue_NeedsLock(entry);
                    }
                    else
                    {
                        var run = (CleanupRun)node;
                        (late ??= []).Add((run, ReachLimit_NeedsLock(run, now)));
                    }

                    node = next;
                }

                more = _wheel.NextWakeTick <= _clock.TickAt(now);
                follow = GetFollow_NeedsLock();
            }

            late?.ForEach(reached => TellLimit(reached.Run, reached.IsAbandoned));
            Do(follow with { NeedsArming = false });
        }
    }

    // First the token is cancelled; a run that comes here again has ignored it and loses its place.
    private bool ReachLimit_NeedsLock(CleanupRun run, long now)
    {
        if (!run.IsLate)
        {
            run.IsLate = true;
            _wheel.Add(run, _clock.TickAfter(now, _options.CancellationGrace));
            return false;
        }

        run.State = CleanupRunState.Abandoned;
        _running--;
        _abandoned++;
        ReleasePlace_NeedsLock(run);
        return true;
    }

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

    private bool End(CleanupRun run, Exception? failure, bool keepsPlace)
    {
        bool inTime;
        Follow follow;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            inTime = run.State == CleanupRunState.Running;
            if (inTime)
            {
                run.State = CleanupRunState.Ended;
                _wheel.Remove(run);
                _running--;
                _completed += failure is null ? 1 : 0;
                _failed += failure is null ? 0 : 1;
                if (!keepsPlace)
                {
                    ReleasePlace_NeedsLock(run);
                }
            }

            follow = GetFollow_NeedsLock();
        }

        Do(follow);
        Tell(run, failure, inTime);
        return inTime;
    }

    private void Tell(CleanupRun run, Exception? failure, bool inTime)
    {
        if (!inTime)
        {
            Log((run, failure), static (logger, of) => logger.AbandonedCleanupEnded(of.failure, of.run.Id));
        }
        else if (run.Caller is not { } caller)
        {
            if (failure is not null)
            {
                Log((run, failure), static (logger, of) => logger.CleanupFailed(of.failure, of.run.Id, of.failure.Message));
            }
        }
        else if (failure is null)
        {
            caller.TrySetResult(true);
        }
        else
        {
            caller.TrySetException(run.IsLate && failure is OperationCanceledException ? LimitPassed(run, failure) : failure);
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

    // Set too early is no reason to set it again: it wakes, finds nothing and sets itself. Nor is an empty wheel while cleanups
    // run, as each of them brings its time limit and takes it away again.
    private bool NeedsArming_NeedsLock()
    {
        long wake = _wheel.NextWakeTick;
        return !_isArming && (wake < _armedFor || (wake == long.MaxValue && _armedFor != wake && _running + _workers == 0));
    }

    // The timer belongs to somebody else's time provider, so it is set outside of the lock; one thread at a time does, and looks
    // again afterwards, so that the last word is always the latest.
    private void Arm()
    {
        while (true)
        {
            long wake;
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                if (!NeedsArming_NeedsLock())
                {
                    return;
                }

                _isArming = true;
                wake = _wheel.NextWakeTick;
                _armedFor = wake;
            }

            bool isPast;
            try
            {
                isPast = SetTimer(wake);
            }
            finally
            {
                lock (_lock)
                {
                    AssertInvariants_NeedsLock();
                    _isArming = false;
                }
            }

            if (isPast)
            {
                Collect();
            }
        }
    }

    /// <summary>Sets the timer; true, and it is not set, when the tick has passed.</summary>
    private bool SetTimer(long wake)
    {
        if (wake == long.MaxValue)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return false;
        }

        // When time went on between the reading and the setting (this thread may have been put aside), the timer is set too late.
        while (true)
        {
            long now = _clock.Now();
            TimeSpan delay = _clock.DelayUntil(wake, now);
            if (delay == TimeSpan.Zero)
            {
                return true;
            }

            _timer.Change(delay, Timeout.InfiniteTimeSpan);
            if (_clock.TickAt(_clock.Now()) == _clock.TickAt(now))
            {
                return false;
            }
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
