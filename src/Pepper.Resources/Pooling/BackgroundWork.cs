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
            interleaver.Queue(() => work(state));
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
            interleaver.Queue(() => _ = RunAsync(work, ended));
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
            interleaver.Queue(() => completion.TrySetResult());
            return;
        }
#endif
        completion.TrySetResult();
    }

#if DEBUG
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
