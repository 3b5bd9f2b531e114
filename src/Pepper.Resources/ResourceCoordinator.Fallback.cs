using Microsoft.Extensions.Logging;
using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources;

/// <content>Other pools, and caches, that serve when a pool cannot.</content>
public sealed partial class ResourceCoordinator
{
    private readonly IReadOnlyDictionary<string, IReadOnlyList<FallbackStep>> _fallbacks;

    private ValueTask<Lease<T>> AcquireOrFallBackAsync<T>(
        string pool, IReadOnlyList<FallbackStep> fallbacks, string? member, string? file, int line,
        CancellationToken cancellationToken)
        where T : class
    {
        var primary = GetPool<T>(pool).AcquireAsync(cancellationToken, member, file, line);
        return primary.IsCompletedSuccessfully ? primary : AwaitAsync();

        async ValueTask<Lease<T>> AwaitAsync()
        {
            try
            {
                return await primary.ConfigureAwait(false);
            }
            catch (ResourceException failure) when (IsWorthAFallback(failure, cancellationToken))
            {
                // Made for each call that needs it: so that its holder is the caller, and not this method.
                var strategy = new FallbackStrategy<Lease<T>>(
                    fallbacks.Select(step => new Fallback<Lease<T>>(token => Ask(step, token), step.Name)),
                    new FallbackOptions { Name = pool },
                    _timeProvider, _monitor, _loggers.CreateLogger<FallbackStrategy<Lease<T>>>());
                return await strategy.ExecuteAsync(
                    static (failure, _) => ValueTask.FromException<Lease<T>>(failure), failure, cancellationToken)
                    .ConfigureAwait(false);
            }
        }

        ValueTask<Lease<T>> Ask(FallbackStep step, CancellationToken token) => step is CacheFallback<T> cache
            ? new ValueTask<Lease<T>>(cache.Lend(this, pool))
            : GetPool<T>(step.Name).AcquireAsync(token, member, file, line);
    }

    /// <summary>A pool that is drained serves nobody on purpose, and when all are, no other has to be asked.</summary>
    private static bool IsWorthAFallback(ResourceException failure, CancellationToken cancellationToken) =>
        failure is not PoolClosedException && !cancellationToken.IsCancellationRequested;
}
