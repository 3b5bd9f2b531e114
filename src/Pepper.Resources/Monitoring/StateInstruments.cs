using System.Diagnostics.Metrics;

namespace Pepper.Resources.Monitoring;

/// <summary>
/// The instruments that read state when they are observed, from every source that is registered at that moment.
/// </summary>
internal sealed class StateInstruments
{
    private const string PoolName = "db.client.connection.pool.name";
    private readonly ResourceSources _sources;

    internal StateInstruments(Meter meter, ResourceSources sources)
    {
        _sources = sources;
        meter.CreateObservableGauge("pepperpy_resources_total", () => Resources(static count => count.Total), null,
            "Live resources.");
        meter.CreateObservableGauge("pepperpy_resources_in_use", () => Resources(static count => count.InUse), null,
            "Resources that are lent.");

        Gauge(meter, "pepperpy_pool_min", "Resources that the pool keeps at least.", static pool => pool.Min);
        Gauge(meter, "pepperpy_pool_max", "Resources that the pool holds at most.", static pool => pool.Max);
        Gauge(meter, "pepperpy_pool_pending_requests", "Callers that wait for a resource.", static pool => pool.Waiting);
        meter.CreateObservableGauge("pepperpy_pool_resources", ReadStates, null, "Resources of the pool, by state.");
        meter.CreateObservableGauge("pepperpy_pool_oldest_wait_seconds",
            ReadOldestWaits, "s", "How long the first in the queue has waited.");
        Counter(meter, "pepperpy_pool_timeouts_total", "Acquires that ran into their deadline.", static pool => pool.Timeouts);
        Counter(meter, "pepperpy_pool_leaks_total", "Leases that outlived the leak threshold.", static pool => pool.Leaks);
        Counter(meter, "pepperpy_pool_shed_total", "Callers that were rejected by an overloaded pool.", static pool => pool.Shed);
        Gauge(meter, "pepperpy_pool_overloaded", "Whether the pool is overloaded: 1 or 0.",
            static pool => pool.IsOverloaded ? 1 : 0);
        meter.CreateObservableCounter("pepperpy_pool_evictions_total",
            ReadEvictions, null, "Resources that the pool destroyed, by reason.");
        CreateDatabaseInstruments(meter);
    }

    private void CreateDatabaseInstruments(Meter meter)
    {
        meter.CreateObservableUpDownCounter("db.client.connection.count", ReadDatabaseStates, "{connection}",
            "Connections that are currently in the given state.");
        Database(meter, "db.client.connection.idle.min", "{connection}",
            "The least number of idle connections.", static pool => pool.Min);
        Database(meter, "db.client.connection.idle.max", "{connection}",
            "The greatest number of idle connections.", static pool => pool.Max);
        Database(meter, "db.client.connection.max", "{connection}",
            "The greatest number of open connections.", static pool => pool.Max);
        Database(meter, "db.client.connection.pending_requests", "{request}", "Requests that wait for a connection.",
            static pool => pool.Waiting);
        meter.CreateObservableCounter(
            "db.client.connection.timeouts",
            () => Pools().Where(static pool => pool.IsDatabase).Select(static pool => Tagged(pool.Timeouts, PoolName, pool.Pool)),
            "{timeout}", "Connection requests that timed out.");
    }

    private static Measurement<long> Tagged(long value, string key, string pool) =>
        new(value, new KeyValuePair<string, object?>(key, pool));

    private static Measurement<long> Tagged(long value, string key, string pool, string key2, string value2) =>
        new(value, new KeyValuePair<string, object?>(key, pool), new KeyValuePair<string, object?>(key2, value2));

    private void Gauge(Meter meter, string name, string description, Func<PoolReading, long> read) =>
        meter.CreateObservableGauge(name, () => Pools().Select(pool => Tagged(read(pool), "pool", pool.Pool)), null, description);

    private void Counter(Meter meter, string name, string description, Func<PoolReading, long> read) =>
        meter.CreateObservableCounter(name,
            () => Pools().Select(pool => Tagged(read(pool), "pool", pool.Pool)), null, description);

    private void Database(Meter meter, string name, string unit, string description, Func<PoolReading, long> read) =>
        meter.CreateObservableUpDownCounter(
            name, () => Pools().Where(static pool => pool.IsDatabase).Select(pool => Tagged(read(pool), PoolName, pool.Pool)),
            unit, description);

    private List<PoolReading> Pools() => _sources.ReadPools();

    private IEnumerable<Measurement<long>> Resources(Func<ResourceCount, long> read) =>
        _sources.CountResources().Select(count => Tagged(read(count), "type", count.Type, "pool", count.Pool));

    private IEnumerable<Measurement<long>> ReadStates()
    {
        foreach (var pool in Pools())
        {
            yield return Tagged(pool.Idle, "pool", pool.Pool, "state", "idle");
            yield return Tagged(pool.InUse, "pool", pool.Pool, "state", "in_use");
            yield return Tagged(pool.Creating, "pool", pool.Pool, "state", "creating");
            yield return Tagged(pool.Busy, "pool", pool.Pool, "state", "busy");
        }
    }

    private IEnumerable<Measurement<long>> ReadDatabaseStates()
    {
        foreach (var pool in Pools().Where(static pool => pool.IsDatabase))
        {
            yield return Tagged(pool.Idle, PoolName, pool.Pool, "db.client.connection.state", "idle");
            yield return Tagged(pool.InUse, PoolName, pool.Pool, "db.client.connection.state", "used");
        }
    }

    private IEnumerable<Measurement<double>> ReadOldestWaits() =>
        Pools().Select(static pool => new Measurement<double>(
            pool.OldestWait.TotalSeconds, new KeyValuePair<string, object?>("pool", pool.Pool)));

    private IEnumerable<Measurement<long>> ReadEvictions()
    {
        foreach (var pool in Pools())
        {
            foreach (var (reason, count) in pool.Evictions)
            {
                yield return Tagged(count, "pool", pool.Pool, "reason", reason);
            }
        }
    }
}
