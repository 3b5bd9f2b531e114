using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>Validation and reset: user code with a time limit, which runs while the pool holds the entry.</content>
internal sealed partial class PoolCore
{
    private static readonly TimeSpan LongestLimit = TimeSpan.FromDays(49);

    /// <summary>
    /// Validates an entry that the pool holds, where that is due. False when it goes on in the background, where its end puts the
    /// entry back into service; else the result is in <see cref="PoolEntry.IsFit"/>.
    /// </summary>
    private bool Validate(PoolEntry entry, bool isBlocking)
    {
        entry.IsFit = true;
        var suspicion = SuspicionOf(entry);
        if ((entry.Factory.Hooks & FactoryHooks.Validate) == FactoryHooks.None
            || !IsValidationDue(entry, suspicion))
        {
            return true;
        }

        if (isBlocking)
        {
            ValidateNow(entry);
            return true;
        }

        Interlocked.Increment(ref _validating);
        var running = RunStageAsync(entry, ResourceStage.Validate);
        if (running.IsCompleted)
        {
            Interlocked.Decrement(ref _validating);
            YieldPoint.Reach();
            return true;
        }

        _ = FinishValidationAsync(entry, running);
        return false;
    }

    private void ValidateNow(PoolEntry entry)
    {
        var suspicion = SuspicionOf(entry);
        try
        {
            entry.IsFit = entry.Factory.Validate(entry.Item!);
            if (entry.IsFit)
            {
                NoteFit(entry, suspicion);
            }
            else
            {
                TellUnfit(entry, ResourceStage.Validate, failure: null);
            }
        }
        catch (Exception failure)
        {
            entry.IsFit = false;
            PoolLog.FoundUnfit(_logger, Name, "validate", FailureText.Of(failure), failure);
            TellUnfit(entry, ResourceStage.Validate, failure);
        }
    }

    private async Task FinishValidationAsync(PoolEntry entry, ValueTask running)
    {
        await running.ConfigureAwait(false);
        if (entry.IsFit)
        {
            Offer(entry);
        }
        else
        {
            Discard(entry, DestroyReason.ValidationFailed);
        }

        // Not before: a caller that may not wait must see the resource either here or idle. The waiter that this was for, or one
        // whom it kept from being served, may have another to try.
        YieldPoint.Reach();
        Interlocked.Decrement(ref _validating);
        ServeQueue();
    }

    private bool NeedsReset(PoolEntry entry)
    {
        var hooks = entry.Factory.Hooks;
        return (hooks & FactoryHooks.Reset) != FactoryHooks.None || IsValidatedOnReturn(hooks);
    }

    private bool IsValidatedOnReturn(FactoryHooks hooks) =>
        (_options.Validation & ValidationMode.OnReturn) != ValidationMode.None
        && (hooks & FactoryHooks.Validate) != FactoryHooks.None;

    /// <summary>Resets, and where it is asked for validates, a returned resource, and puts it back into service.</summary>
    private async ValueTask ResetAsync(PoolEntry entry)
    {
        var hooks = entry.Factory.Hooks;
        entry.IsFit = true;
        if ((hooks & FactoryHooks.Reset) != FactoryHooks.None)
        {
            await RunStageAsync(entry, ResourceStage.Reset).ConfigureAwait(false);
        }

        var reason = DestroyReason.ResetFailed;
        if (entry.IsFit && IsValidatedOnReturn(hooks))
        {
            await RunStageAsync(entry, ResourceStage.Validate).ConfigureAwait(false);
            reason = DestroyReason.ValidationFailed;
        }

        if (!entry.IsFit)
        {
            Discard(entry, reason);
            TellUnserved();
        }
        else if (WhyNotReusable(entry, isDoomed: false) is { } late)
        {
            Discard(entry, late);
            TellUnserved();
        }
        else
        {
            PutBack(entry);
        }
    }

    /// <summary>Runs one stage within its limit. Never throws: <see cref="PoolEntry.IsFit"/> says how it ended.</summary>
    private async ValueTask RunStageAsync(PoolEntry entry, ResourceStage stage)
    {
        var details = entry.NeedDetails();
        var source = details.StageSource ?? new CancellationTokenSource();
        details.StageSource = null;
        var suspicion = SuspicionOf(entry);
        var limit = (stage == ResourceStage.Reset ? _options.ResetTimeout : _options.ValidateTimeout) ?? Timeout.InfiniteTimeSpan;
        Task<bool>? task = null;
        try
        {
            var running = stage == ResourceStage.Reset
                ? entry.Factory.ResetAsync(entry.Item!, source.Token)
                : entry.Factory.ValidateAsync(entry.Item!, source.Token);
            if (running.IsCompleted)
            {
                entry.IsFit = await running.ConfigureAwait(false);
            }
            else
            {
                using var timer = CancelAfter(source, limit);
                task = running.AsTask();
                entry.IsFit = await task.WaitAsync(source.Token).ConfigureAwait(false);
            }

            if (!entry.IsFit)
            {
                TellUnfit(entry, stage, failure: null);
            }
            else if (stage == ResourceStage.Validate)
            {
                NoteFit(entry, suspicion);
            }
        }
        catch (OperationCanceledException) when (source.IsCancellationRequested)
        {
            entry.IsFit = false;
            Interlocked.Increment(ref _abandoned);
            Forget(task);
            var isReset = stage == ResourceStage.Reset;
            var knob = isReset ? nameof(_options.ResetTimeout) : nameof(_options.ValidateTimeout);
            PoolLog.StageAbandoned(_logger, Name, isReset ? "reset" : "validate", limit, knob);
            TellAbandoned(isReset ? "reset" : "validate", limit, knob);
            NoteUnfit(entry, stage, new ResourceTimeoutException(
                $"Pool '{Name}': {(isReset ? "resetting" : "validating")} a resource took longer than {knob} ({limit}).",
                stage, limit, Name, Type));
        }
        catch (Exception failure)
        {
            entry.IsFit = false;
            var name = stage == ResourceStage.Reset ? "reset" : "validate";
            PoolLog.FoundUnfit(_logger, Name, name, FailureText.Of(failure), failure);
            TellUnfit(entry, stage, failure);
        }

        // One that had a timer is not used again: the timer may be about to cancel it.
        if (task is null && source.TryReset())
        {
            details.StageSource = source;
        }
    }

    /// <summary>Whether the resource was idle for so short a time that it is lent without validation.</summary>
    private bool IsFresh(PoolEntry entry)
    {
        if (_options.ValidateAfterIdle <= TickPeriod)
        {
            return false;
        }

        // Too short to be noticed is never fresh. Not seen idle by the sweeper yet: idle for less than a tick, which is a
        // quarter of this time at most.
        var limit = _options.ValidateAfterIdle - TickPeriod;
        if (_validatesIdle && TimeProvider.GetElapsedTime(Volatile.Read(ref entry.NeedDetails().CheckedAt)) < limit)
        {
            return true;
        }

        return !entry.TryGetAge(SlotState.With(entry.Word, SlotState.Idle), _clock.Now(), out var age)
            || TimeSpan.FromMilliseconds(age) < limit;
    }

    // What is longer than a timer can take is as good as for ever.
    private static TimeSpan Within(TimeSpan limit) => limit > LongestLimit ? Timeout.InfiniteTimeSpan : limit;

    /// <summary>
    /// Limits a stage. Not by the source's own timer: what user code has registered on the token may throw, on a timer's thread.
    /// </summary>
    private ITimer? CancelAfter(CancellationTokenSource source, TimeSpan limit)
    {
        limit = Within(limit);
        if (limit == Timeout.InfiniteTimeSpan)
        {
            return null;
        }

        using (SuppressFlow())
        {
            return TimeProvider.CreateTimer(
                static state => PoolShutdown.Cancel((CancellationTokenSource)state!), source, limit, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Lets go of a task that nobody waits for any more: its failure is nobody's surprise.</summary>
    private static void Forget(Task? task) =>
        _ = task?.ContinueWith(
            static ended => _ = ended.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
}
