using Pepper.Resources.Recovery;

namespace Pepper.Resources.Caching;

/// <content>
/// Recovery: the circuit that loads go through, and what is lent although it is outdated. As loads belong to the cache, so do the
/// trials of the circuit.
/// </content>
public sealed partial class ResourceCache<TKey, T>
{
    private readonly FactoryRecovery? _recovery;

    bool ICacheKeeper.IsOutdated(CacheItem item) =>
        _isTimed && _clock.Now >= ((TimedCacheEntry<TKey>)item).ExpiresAt;

    private FactoryRecovery? NewRecovery() => _options.Recovery is { } options
        ? new FactoryRecovery(options, Name, label: null, _timeProvider, _monitor, _logger)
        : null;

    /// <summary>
    /// Loads, unless the circuit is open: then the load fails at once, which what is stale may cover as it does any failure.
    /// </summary>
    private async ValueTask<T> LoadThroughCircuitAsync(CacheLoad<TKey, T> load)
    {
        if (_recovery is not { } recovery)
        {
            return await LoadAsync(load).ConfigureAwait(false);
        }

        if (!recovery.Circuit.TryEnter(out CircuitPermit permit, out var rejection))
        {
            if (recovery.Options.MaxBreakInDemand is { } most)
            {
                recovery.Circuit.Hasten(most);
            }

            load.IsRejected = true;
            throw rejection.ToException(recovery.Circuit.Name, $"Cache '{Name}' loads nothing: ");
        }

        var begunAt = _timeProvider.GetTimestamp();
        T resource;
        try
        {
            resource = await LoadAsync(load).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // That all who waited have left, or the cache was disposed, says nothing of the source.
            var kind = load.Token.IsCancellationRequested && failure is OperationCanceledException
                ? FailureKind.Request
                : recovery.Classify(ResourceStage.Create, failure);
            CircuitRound failed = default;
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                recovery.Fail_NeedsLock(permit, failure, kind, begunAt, ref failed);
            }

            recovery.Circuit.Tell(failed);
            throw;
        }

        CircuitRound round = default;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            recovery.Succeed_NeedsLock(permit, int.MaxValue, ref round);
        }

        recovery.Circuit.Tell(round);
        return resource;
    }
}
