using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>Destruction: in the background, within a time limit, and only then is the place free.</content>
internal sealed partial class PoolCore
{
    private readonly long[] _destroyedFor = new long[DestroyReasons.Count];

    /// <summary>Destroys what the pool holds.</summary>
    private void Discard(PoolEntry entry, DestroyReason reason)
    {
        Volatile.Write(ref entry.Word, SlotState.With(entry.Word, SlotState.Destroying));
        StartDestroy(entry, reason);
    }

    /// <summary>Destroys an entry that is marked so already. User code may block, hence not on this thread.</summary>
    private void StartDestroy(PoolEntry entry, DestroyReason reason) =>
        BackgroundWork.Queue(
            static state => state.Core.RunDestroy(state.Entry.Factory, state.Entry.Item!, state.Reason, state.Entry),
            (Core: this, Entry: entry, Reason: reason),
            preferLocal: false);

    /// <summary>Supervision begins first, so that a factory which blocks its thread is given up like any other.</summary>
    private void RunDestroy(FactoryAdapter factory, object resource, DestroyReason reason, PoolEntry? entry)
    {
        var source = new CancellationTokenSource();
        var token = source.Token;
        var ended = new TaskCompletionSource();
        _ = SuperviseDestroyAsync(ended.Task, source, reason, entry);
        _ = PerformAsync(factory, resource, reason, ended, token);

        static async Task PerformAsync(
            FactoryAdapter factory, object resource, DestroyReason reason, TaskCompletionSource ended, CancellationToken token)
        {
            try
            {
                await factory.DestroyAsync(resource, reason, token).ConfigureAwait(false);
                ended.SetResult();
            }
            catch (Exception failure)
            {
                ended.SetException(failure);
            }
        }
    }

    private async Task SuperviseDestroyAsync(Task task, CancellationTokenSource source, DestroyReason reason, PoolEntry? entry)
    {
        var started = TimeProvider.GetTimestamp();
        var limit = _options.DestroyTimeout ?? Timeout.InfiniteTimeSpan;
        var timer = CancelAfter(source, limit);
        Exception? cause = null;
        try
        {
            await task.WaitAsync(source.Token).ConfigureAwait(false);
            ResourceMonitor.Record(
                _monitor.Instruments.CleanupDuration, TimeProvider.GetElapsedTime(started), "type", TypeLabel);
            PoolLog.Destroyed(_logger, Name, reason.ToLabel());
        }
        catch (OperationCanceledException) when (source.IsCancellationRequested)
        {
            Forget(task);
            Interlocked.Increment(ref _abandoned);
            _monitor.RecordError("destroy", TypeLabel, new TimeoutException());
            PoolLog.StageAbandoned(_logger, Name, "destroy", limit, nameof(_options.DestroyTimeout));
            TellAbandoned("destroy", limit, nameof(_options.DestroyTimeout));
        }
        catch (Exception failure)
        {
            _monitor.RecordError("destroy", TypeLabel, failure);
            PoolLog.DestroyFailed(_logger, Name, FailureText.Of(failure), failure);
            cause = failure;
        }

        // Before the place is free: whoever waits for the last one finds no timer of the pool any more.
        timer?.Dispose();
        Interlocked.Increment(ref _destroyedFor[(int)reason]);
        _monitor.RecordCleanup(TypeLabel, reason.ToLabel());
        TellDestroyed(reason, cause);
        if (entry is not null)
        {
            Vacate(entry);
        }
    }

    /// <summary>Frees the place of an entry that the pool holds: whoever waits may have it, by a creation.</summary>
    private void Vacate(PoolEntry entry)
    {
        entry.Item = null;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            _live--;
            GiveBackPlace_NeedsLock(entry);

            // Together with the word: an invalidation over a time writes to whatever is not vacant.
            entry.Details?.Clear();
            entry.ForgetSeen();
            entry.IsKeptAlive = false;
            Volatile.Write(ref entry.Word, SlotState.With(entry.Word, SlotState.Vacant));
        }

        EnsureSupply();
        SignalProgress();
    }
}
