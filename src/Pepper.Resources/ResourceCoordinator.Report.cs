using Pepper.Resources.Pooling;

namespace Pepper.Resources;

/// <content>What the coordinator says of all it holds.</content>
public sealed partial class ResourceCoordinator
{
    /// <summary>Everything at this moment: pools with their leases, resources with theirs. Nothing secret is in it.</summary>
    /// <returns>The snapshot.</returns>
    public CoordinatorSnapshot GetSnapshot() => new()
    {
        TakenAt = _timeProvider.GetUtcNow(),
        State = _state,
        Health = GetHealth(),
        Pools =
        [
            .. _pools.Values.OrderBy(static pool => pool.Name, StringComparer.Ordinal)
                .Select(static pool => new PoolSnapshot { Statistics = pool.Statistics, Leases = pool.GetLeases() }),
        ],
        Caches =
        [
            .. _caches.Values.OrderBy(static cache => cache.Name, StringComparer.Ordinal)
                .Select(static cache => cache.Statistics),
        ],
        Resources = Resources.GetResources(),
    };

    /// <summary>
    /// Whether everything can be used, judged from what is known: nothing is leased for it, so asking makes no full pool fuller.
    /// A pool is as <see cref="PoolStatistics.Health"/> says; degraded also when its first caller waits for longer than
    /// <see cref="ResourceCoordinatorOptions.DegradedWait"/>.
    /// </summary>
    /// <returns>The worst of all parts, and every reason.</returns>
    public CoordinatorHealth GetHealth()
    {
        var status = ResourceHealth.Healthy;
        List<string> reasons = [];
        if (_state != CoordinatorState.Running)
        {
            status = ResourceHealth.Unhealthy;
            reasons.Add($"The coordinator is {_state}.");
        }

        foreach (var pool in _pools.Values.OrderBy(static pool => pool.Name, StringComparer.Ordinal))
        {
            var (poolStatus, reason) = Judge(pool.Statistics);
            status = poolStatus > status ? poolStatus : status;
            if (reason is not null)
            {
                reasons.Add(reason);
            }
        }

        return new CoordinatorHealth { Status = status, Reasons = reasons };
    }

    private (ResourceHealth Status, string? Reason) Judge(PoolStatistics pool)
    {
        if (pool.Health != ResourceHealth.Healthy)
        {
            return (pool.Health, $"Pool '{pool.Name}': {pool.HealthReason}");
        }

        if (pool.IsPaused)
        {
            return (ResourceHealth.Degraded, $"Pool '{pool.Name}' is paused.");
        }

        if (pool.IsOverloaded)
        {
            // Nobody waits for long in such a pool: it rejects them before.
            return (ResourceHealth.Degraded, $"Pool '{pool.Name}' is overloaded and sheds load, {pool.Shed} caller(s) so far.");
        }

        return pool.OldestWait > _options.DegradedWait
            ? (ResourceHealth.Degraded, $"Pool '{pool.Name}' keeps its first of {pool.Waiting} caller(s) waiting for "
                + $"{pool.OldestWait.TotalSeconds:0.#} s, longer than DegradedWait ({_options.DegradedWait}).")
            : (ResourceHealth.Healthy, null);
    }
}
