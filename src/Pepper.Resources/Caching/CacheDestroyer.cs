using System.Diagnostics;

namespace Pepper.Resources.Caching;

/// <summary>How a destruction went.</summary>
internal enum DestroyOutcome
{
    Done,
    Failed,

    /// <summary>It took too long, and is left to itself.</summary>
    Abandoned,
}

/// <summary>
/// Destroys what a cache lets go: in the background, a few at a time, each within a time limit. One that throws, hangs or
/// blocks its thread costs its own place until the limit, and nobody else anything.
/// </summary>
internal sealed class CacheDestroyer(
    Func<CacheItem, CancellationToken, ValueTask> destroy,
    Action<CacheItem, DestroyOutcome, Exception?> onEnded,
    int maxConcurrent,
    TimeSpan timeout,
    TimeProvider timeProvider)
{
    private readonly Lock _lock = new();
    private readonly Queue<CacheItem> _due = new();
    private int _running;

    /// <summary>Begins as soon as there is a place. Runs nothing of the user's on this thread.</summary>
    internal void Enqueue(CacheItem item)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_running == maxConcurrent)
            {
                _due.Enqueue(item);
                return;
            }

            _running++;
        }

        Queue(item);
    }

    private void Queue(CacheItem item) => ThreadPool.UnsafeQueueUserWorkItem(
        static state => state.Destroyer.Run(state.Item), (Destroyer: this, Item: item), preferLocal: false);

    /// <summary>The watch begins first, so that what blocks this thread is given up like any other.</summary>
    private void Run(CacheItem item)
    {
        var source = new CancellationTokenSource();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var token = source.Token;
        _ = WatchAsync(item, ended.Task, source);
        _ = PerformAsync(item, ended, token);
    }

    private async Task PerformAsync(CacheItem item, TaskCompletionSource ended, CancellationToken token)
    {
        try
        {
            await destroy(item, token).ConfigureAwait(false);
            ended.SetResult();
        }
        catch (Exception failure)
        {
            ended.SetException(failure);
        }
    }

    private async Task WatchAsync(CacheItem item, Task ended, CancellationTokenSource source)
    {
        var outcome = DestroyOutcome.Done;
        Exception? cause = null;
        try
        {
            await ended.WaitAsync(timeout, timeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException late) when (!ended.IsFaulted)
        {
            (outcome, cause) = (DestroyOutcome.Abandoned, late);
            _ = ForgetAsync(ended, source);
        }
        catch (Exception failure)
        {
            (outcome, cause) = (DestroyOutcome.Failed, failure);
        }

        if (TakeNext() is { } next)
        {
            Queue(next);
        }

        onEnded(item, outcome, cause);
    }

    private CacheItem? TakeNext()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_due.TryDequeue(out var next))
            {
                return next;
            }

            _running--;
            return null;
        }
    }

    private static async Task ForgetAsync(Task ended, CancellationTokenSource source)
    {
        try
        {
            await source.CancelAsync().ConfigureAwait(false);
            await ended.ConfigureAwait(false);
        }
        catch (Exception)
        {
            // It was reported when it was given up.
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_running <= maxConcurrent && (_due.Count == 0 || _running == maxConcurrent), "What can run does.");
    }
}
