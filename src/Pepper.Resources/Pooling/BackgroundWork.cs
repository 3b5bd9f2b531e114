using System.Runtime.CompilerServices;

namespace Pepper.Resources.Pooling;

/// <summary>
/// What the pool leaves to the thread pool. In a debug build a test may run it instead, in an order of its own: see
/// <see cref="YieldPoint"/>.
/// </summary>
internal static class BackgroundWork
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Queue<TState>(Action<TState> work, TState state, bool preferLocal)
    {
#if DEBUG
        if (YieldPoint.Interleaver is { } interleaver)
        {
            QueueTo(interleaver, work, state);
            return;
        }
#endif
        ThreadPool.UnsafeQueueUserWorkItem(work, state, preferLocal);
    }

    /// <summary>As <see cref="Task.Run(Func{Task})"/>.</summary>
    internal static Task Run(Func<Task> work)
    {
#if DEBUG
        if (YieldPoint.Interleaver is { } interleaver)
        {
            var ended = new TaskCompletionSource();
            QueueTo(interleaver, static state => _ = RunAsync(state.Work, state.Ended), (Work: work, Ended: ended));
            return ended.Task;
        }
#endif
        return Task.Run(work);
    }

    /// <summary>A completion whose continuations do not run on the thread that completes it.</summary>
    internal static TaskCompletionSource NewCompletion()
    {
#if DEBUG
        if (YieldPoint.Interleaver is not null)
        {
            return new TaskCompletionSource();
        }
#endif
        return new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Completes what <see cref="NewCompletion"/> has made.</summary>
    internal static void Complete(TaskCompletionSource completion)
    {
#if DEBUG
        if (YieldPoint.Interleaver is { } interleaver)
        {
            QueueTo(interleaver, static completion => completion.TrySetResult(), completion);
            return;
        }
#endif
        completion.TrySetResult();
    }

#if DEBUG
    // Apart, so that what it captures is allocated here alone.
    private static void QueueTo<TState>(IInterleaver interleaver, Action<TState> work, TState state) =>
        interleaver.Queue(() => work(state));

    private static async Task RunAsync(Func<Task> work, TaskCompletionSource ended)
    {
        try
        {
            await work().ConfigureAwait(false);
            ended.SetResult();
        }
        catch (Exception failure)
        {
            ended.SetException(failure);
        }
    }
#endif
}
