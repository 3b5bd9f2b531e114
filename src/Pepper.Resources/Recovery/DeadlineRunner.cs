using Microsoft.Extensions.Logging;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <summary>What a time limit is called where it is exceeded.</summary>
/// <param name="Name">Whose it is: <c>Timeout 'orders'</c>.</param>
/// <param name="Knob">The option that sets it.</param>
/// <param name="ResourceId">The name of the strategy.</param>
internal sealed record DeadlineName(string Name, string Knob, string ResourceId);

/// <summary>
/// Runs work under a time limit that holds whether or not the work heeds its token. Safe from any thread.
/// </summary>
internal sealed class DeadlineRunner(TimeProvider timeProvider, DeadlineName name, ILogger logger)
{
    // One for each processor at most: what is not kept is collected.
    private readonly Deadline?[] _spare = new Deadline?[Math.Min(Environment.ProcessorCount, 16)];

    internal TimeSpan Grace { get; init; } = TimeSpan.Zero;

    internal bool DisposesLateResults { get; init; } = true;

    internal ValueTask<TResult> RunAsync<TState, TResult>(
        Func<TState, CancellationToken, ValueTask<TResult>> work, TState state, TimeSpan timeout, CancellationToken caller)
    {
        if (caller.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<TResult>(caller);
        }

        var deadline = Rent();
        deadline.Begin(timeout, caller);
        var pending = WorkStart.Begin(work, state, deadline.Token);
        if (pending.IsCompletedSuccessfully)
        {
            Return(deadline, keepsTimer: true);
            return pending;
        }

        return AwaitAsync(pending, deadline, timeout, caller);
    }

    private async ValueTask<TResult> AwaitAsync<TResult>(
        ValueTask<TResult> pending, Deadline deadline, TimeSpan timeout, CancellationToken caller)
    {
        try
        {
            return pending.IsCompleted
                ? await pending.ConfigureAwait(false)
                : await WaitAsync(pending.AsTask(), deadline, timeout, caller).ConfigureAwait(false);
        }
        catch (OperationCanceledException failure) when (deadline.State is DeadlineState.TimedOut or DeadlineState.Cancelled)
        {
            // The caller wins, also when the time was over first.
            if (caller.IsCancellationRequested)
            {
                if (failure.CancellationToken == caller)
                {
                    throw;
                }

                throw new OperationCanceledException(failure.Message, failure, caller);
            }

            throw TimedOut(timeout, isAbandoned: false, failure);
        }
        finally
        {
            Return(deadline);
        }
    }

    private async ValueTask<TResult> WaitAsync<TResult>(
        Task<TResult> work, Deadline deadline, TimeSpan timeout, CancellationToken caller)
    {
        await Task.WhenAny(work, deadline.WhenStopped()).ConfigureAwait(false);
        if (!work.IsCompleted && Grace > TimeSpan.Zero)
        {
            await Task.WhenAny(work, Task.Delay(Grace, timeProvider, CancellationToken.None)).ConfigureAwait(false);
        }

        if (work.IsCompleted)
        {
            return await work.ConfigureAwait(false);
        }

        RecoveryLog.Abandoned(logger, name.Name, timeout, name.Knob);
        _ = WatchAsync(work);
        caller.ThrowIfCancellationRequested();
        throw TimedOut(timeout, isAbandoned: true, inner: null);
    }

    private ExecutionTimeoutException TimedOut(TimeSpan timeout, bool isAbandoned, Exception? inner) => new(
        $"{name.Name}: the work did not end within {timeout} ({name.Knob})" + (isAbandoned ? "; it was abandoned." : "."),
        timeout, isAbandoned, name.ResourceId, inner);

    // Nobody waits for it any more, but what it yields must not be lost, nor its failure go unobserved.
    private async Task WatchAsync<TResult>(Task<TResult> work)
    {
        try
        {
            var result = await work.ConfigureAwait(false);
            RecoveryLog.AbandonedEnded(logger, name.Name, "it succeeded", null);
            if (DisposesLateResults)
            {
                switch (result)
                {
                    case IAsyncDisposable disposable:
                        await disposable.DisposeAsync().ConfigureAwait(false);
                        break;
                    case IDisposable disposable:
                        disposable.Dispose();
                        break;
                }
            }
        }
        catch (Exception failure)
        {
            RecoveryLog.AbandonedEnded(logger, name.Name, FailureText.Of(failure), failure);
        }
    }

    private void Return(Deadline deadline, bool keepsTimer = false)
    {
        if (!deadline.TryEnd(keepsTimer))
        {
            return;
        }

        // What is not kept must not have to wait for its timer.
        ref var place = ref _spare[Thread.GetCurrentProcessorId() % _spare.Length];
        if (Interlocked.CompareExchange(ref place, deadline, null) is not null)
        {
            deadline.Dispose();
        }
    }

    private Deadline Rent() =>
        Interlocked.Exchange(ref _spare[Thread.GetCurrentProcessorId() % _spare.Length], null) ?? new Deadline(timeProvider);
}
