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
        ThreadPool.UnsafeQueueUserWorkItem(
            static state => _ = state.Core.DestroyAsync(state.Entry, state.Reason),
            (Core: this, Entry: entry, Reason: reason),
            preferLocal: false);

    private async Task DestroyAsync(PoolEntry entry, DestroyReason reason)
    {
        await RunDestroyAsync(entry.Factory!, entry.Item!, reason).ConfigureAwait(false);
        Vacate(entry);
    }

    private async Task RunDestroyAsync(FactoryAdapter factory, object resource, DestroyReason reason)
    {
        var started = TimeProvider.GetTimestamp();
        var limit = _options.DestroyTimeout ?? Timeout.InfiniteTimeSpan;
        using var source = new CancellationTokenSource(limit, TimeProvider);
        Task? task = null;
        try
        {
            task = factory.DestroyAsync(resource, reason, source.Token).AsTask();
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
        }
        catch (Exception failure)
        {
            _monitor.RecordError("destroy", TypeLabel, failure);
            PoolLog.DestroyFailed(_logger, Name, failure.Message, failure);
        }

        Interlocked.Increment(ref _destroyedFor[(int)reason]);
        _monitor.RecordCleanup(TypeLabel, reason.ToLabel());
    }

    /// <summary>Frees the place of an entry that the pool holds: whoever waits may have it, by a creation.</summary>
    private void Vacate(PoolEntry entry)
    {
        entry.Item = null;
        entry.Factory = null;
        entry.StageSource?.Dispose();
        entry.StageSource = null;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _live--;
            Volatile.Write(ref entry.Word, SlotState.With(entry.Word, SlotState.Vacant));
        }

        EnsureSupply();
        SignalProgress();
    }
}
