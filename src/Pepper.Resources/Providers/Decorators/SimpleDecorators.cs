using Pepper.Resources.Recovery;

namespace Pepper.Resources.Providers;

/// <summary>Counts and times operations, as operations on the provider.</summary>
internal sealed class MeasuredStorage(IStorage inner, string name, ProviderMonitor monitor, TimeProvider timeProvider)
    : DelegatingStorage(inner)
{
    protected override async ValueTask<TResult> RunAsync<TResult>(
        StorageCall asked, Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var isSuccess = false;
        try
        {
            var result = await work(cancellationToken).ConfigureAwait(false);
            isSuccess = true;
            return result;
        }
        finally
        {
            monitor.RecordOperation(asked.Operation, "storage", isSuccess, timeProvider.GetElapsedTime(started), name);
        }
    }
}

/// <summary>Ends operations that take too long.</summary>
internal sealed class TimedStorage(IStorage inner, TimeoutStrategy strategy) : DelegatingStorage(inner)
{
    protected override ValueTask<TResult> RunAsync<TResult>(
        StorageCall asked, Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken) =>
        strategy.ExecuteAsync(work, cancellationToken);
}

/// <summary>Tries again what may be done again; the rest only after failures that say that nothing was done.</summary>
internal sealed class RetryingStorage(IStorage inner, RetryStrategy repeatable, RetryStrategy once) : DelegatingStorage(inner)
{
    protected override ValueTask<TResult> RunAsync<TResult>(
        StorageCall asked, Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken) =>
        (asked.MayRepeat ? repeatable : once).ExecuteAsync(work, cancellationToken);

    public override async ValueTask<StorageEntry> PutAsync(
        string key, Stream content, StoragePutOptions? options = null, CancellationToken cancellationToken = default)
    {
        // Each attempt must see all of the stream: what follows the part that one has read is another content.
        ArgumentNullException.ThrowIfNull(content);
        var source = new RepeatableStream(content);
        await using var _ = source.ConfigureAwait(false);
        return await once.ExecuteAsync(async ct =>
        {
            source.Rewind();
            try
            {
                return await Inner.PutAsync(key, source, options, ct).ConfigureAwait(false);
            }
            catch (Exception failure) when (source.IsSpent && failure is IRetryHint { MayRetry: true })
            {
                throw new StorageException(
                    $"The write of '{key}' was not tried again, as its stream had been read and cannot be read anew (CanSeek is "
                    + $"false): {failure.Message}", key, failure);
            }
        }, cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>Lets so many operations in at once; the others wait in turn.</summary>
internal sealed class LimitedStorage(IStorage inner, int limit) : DelegatingStorage(inner)
{
    // It is never disposed: without a wait handle, which nobody asks it for, there is nothing to give back.
    private readonly SemaphoreSlim _places = NewPlaces(limit);

    protected override async ValueTask<TResult> RunAsync<TResult>(
        StorageCall asked, Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await work(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _places.Release();
        }
    }

    private static SemaphoreSlim NewPlaces(int limit) => new(limit, limit);
}
