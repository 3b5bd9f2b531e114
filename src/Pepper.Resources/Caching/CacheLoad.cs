namespace Pepper.Resources.Caching;

/// <summary>
/// One load of one key, whoever waits for it. It belongs to the cache: it ends early only when nobody waits any more. What
/// changes is under the cache's lock.
/// </summary>
internal sealed class CacheLoad<TKey, T>(
    TKey key,
    Func<TKey, CancellationToken, ValueTask<T>> factory,
    CacheEntry<TKey>? replaces,
    CancellationTokenSource source)
    where TKey : notnull
    where T : class
{
    private readonly TaskCompletionSource<CacheEntry<TKey>> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal TKey Key => key;

    internal Func<TKey, CancellationToken, ValueTask<T>> Factory => factory;

    /// <summary>What was there when it began, which it is to take the place of; null when there was nothing.</summary>
    internal CacheEntry<TKey>? Replaces => replaces;

    /// <summary>Never disposed: it has no timer, and a factory may look at its token for ever.</summary>
    internal CancellationToken Token => source.Token;

    /// <summary>
    /// Ends with the entry, which is lent to each of the <see cref="Joined"/> already: it cannot go before they take it up.
    /// </summary>
    internal Task<CacheEntry<TKey>> Ended => _ended.Task;

    /// <summary>How many wait.</summary>
    internal int Joined;

    /// <summary>Whether it goes on when nobody waits.</summary>
    internal bool IsBackground;

    /// <summary>Whether it is no longer the load of its key: what it yields does not come in.</summary>
    internal bool IsCut;

    /// <summary>Whether those who waited have their answer.</summary>
    internal bool IsEnded;

    /// <summary>Whether the circuit kept it from beginning.</summary>
    internal bool IsRejected;

    /// <summary>Whether the factory runs: what fails then is a failure of its key.</summary>
    internal bool IsLoading;

    internal bool HoldsPlace;

    /// <summary>Whether its key's next load waits for it.</summary>
    internal bool HasEnding;

    /// <summary>What they were given; null when it was a failure.</summary>
    internal CacheEntry<TKey>? Result { get; private set; }

    /// <summary>The failure, also where something older was given for it.</summary>
    internal Exception? Failure { get; set; }

    internal void End(CacheEntry<TKey>? result)
    {
        IsEnded = true;
        Result = result;
        Joined = 0;
        if (result is not null)
        {
            _ended.TrySetResult(result);
        }
        else
        {
            _ended.TrySetException(Failure ?? new OperationCanceledException());

            // Whoever waits gets it; when nobody does, it must not come back as an unobserved exception.
            _ = _ended.Task.Exception;
        }
    }

    /// <summary>
    /// Cancels the factory's token. What is registered on it runs on the thread pool, and its failures are its own.
    /// </summary>
    internal void Cancel() => _ = CancelAsync();

    private async Task CancelAsync()
    {
        try
        {
            await source.CancelAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The factory is told by its token all the same.
        }
    }
}

/// <summary>What is left of a key, where the next resource of it has to wait for the end of the one before.</summary>
internal sealed class CacheKeyEnding<TKey>
    where TKey : notnull
{
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Resources and loads of the key that are not gone yet.</summary>
    internal int Count;

    /// <summary>What was evicted while leased, and may come back in.</summary>
    internal CacheEntry<TKey>? Reattachable;

    internal Task Gone => _gone.Task;

    internal void SetGone() => _gone.TrySetResult();
}
