using System.Diagnostics.Metrics;
using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Monitoring;

public sealed class StateInstrumentsTests : IDisposable
{
    // What dashboards and alerts are built on: a change here breaks them.
    private const string Golden = """
        Counter pepperpy_circuit_transitions_total
        Counter pepperpy_fallback_operations_total
        Counter pepperpy_provider_operations_total
        Counter pepperpy_resource_cleanups_total
        Counter pepperpy_resource_errors_total
        Counter pepperpy_resource_operations_total
        Counter pepperpy_retry_attempts_total
        Histogram db.client.connection.create_time [s]
        Histogram db.client.connection.use_time [s]
        Histogram db.client.connection.wait_time [s]
        Histogram pepperpy_cache_load_time_seconds [s]
        Histogram pepperpy_pool_create_time_seconds [s]
        Histogram pepperpy_pool_use_time_seconds [s]
        Histogram pepperpy_pool_wait_time_seconds [s]
        Histogram pepperpy_provider_duration_seconds [s]
        Histogram pepperpy_resource_acquisition_seconds [s]
        Histogram pepperpy_resource_cleanup_duration_seconds [s]
        Histogram pepperpy_resource_duration_seconds [s]
        Histogram pepperpy_resource_init_duration_seconds [s]
        Histogram pepperpy_retry_duration_seconds [s]
        ObservableCounter db.client.connection.timeouts [{timeout}]
        ObservableCounter pepperpy_cache_destroy_failures_total
        ObservableCounter pepperpy_cache_evictions_total
        ObservableCounter pepperpy_cache_hits_total
        ObservableCounter pepperpy_cache_load_failures_total
        ObservableCounter pepperpy_cache_misses_total
        ObservableCounter pepperpy_pool_evictions_total
        ObservableCounter pepperpy_pool_leaks_total
        ObservableCounter pepperpy_pool_shed_total
        ObservableCounter pepperpy_pool_timeouts_total
        ObservableCounter pepperpy_retry_budget_granted_total
        ObservableCounter pepperpy_retry_budget_refused_total
        ObservableGauge pepperpy_cache_detached
        ObservableGauge pepperpy_cache_entries
        ObservableGauge pepperpy_cache_leased
        ObservableGauge pepperpy_cache_weight
        ObservableGauge pepperpy_circuit_state
        ObservableGauge pepperpy_pool_max
        ObservableGauge pepperpy_pool_min
        ObservableGauge pepperpy_pool_oldest_wait_seconds [s]
        ObservableGauge pepperpy_pool_overloaded
        ObservableGauge pepperpy_pool_pending_requests
        ObservableGauge pepperpy_pool_resources
        ObservableGauge pepperpy_resources_in_use
        ObservableGauge pepperpy_resources_total
        ObservableGauge pepperpy_retry_budget_tokens
        ObservableUpDownCounter db.client.connection.count [{connection}]
        ObservableUpDownCounter db.client.connection.idle.max [{connection}]
        ObservableUpDownCounter db.client.connection.idle.min [{connection}]
        ObservableUpDownCounter db.client.connection.max [{connection}]
        ObservableUpDownCounter db.client.connection.pending_requests [{request}]
        """;

    private readonly ResourceMonitor _monitor = new();

    public void Dispose() => _monitor.Dispose();

    [Fact]
    public void Instruments_HaveTheseNamesKindsAndUnits()
    {
        var instruments = Instruments();

        var found = instruments.Select(one =>
            $"{one.GetType().Name.Split('`')[0]} {one.Name}" + (one.Unit is null ? string.Empty : $" [{one.Unit}]"));

        Assert.Equal(Golden.ReplaceLineEndings("\n"), string.Join('\n', found.Order(StringComparer.Ordinal)));
        Assert.All(instruments, one => Assert.False(string.IsNullOrWhiteSpace(one.Description)));
    }

    [Fact]
    public void Histograms_AdviseBucketsThatRise_AndWaitsGoFrom10MicrosecondsTo30Seconds()
    {
        var histograms = Instruments().OfType<Histogram<double>>()
            .ToDictionary(one => one.Name, one => one.Advice!.HistogramBucketBoundaries!);

        Assert.All(histograms.Values, bounds => Assert.Equal(bounds.Order(), bounds));
        Assert.All(
            ["pepperpy_resource_acquisition_seconds", "pepperpy_pool_wait_time_seconds", "db.client.connection.wait_time"],
            name => Assert.Equal((1e-5, 30), (histograms[name][0], histograms[name][^1])));
    }

    [Fact]
    public async Task LateListener_ReadsTheTruthOfAPool()
    {
        await using var pool = NewPool("p", isDatabase: false);
        var lease = await pool.AcquireAsync();
        await using var other = await pool.AcquireAsync();
        await lease.DisposeAsync();

        using var late = new MetricRecorder(_monitor);

        Assert.Equal(2, late.Observe("pepperpy_resources_total")["pepperpy_resources_total{pool=p,type=socket}"]);
        Assert.Equal(1, late.Observe("pepperpy_resources_in_use")["pepperpy_resources_in_use{pool=p,type=socket}"]);
        var states = late.Observe("pepperpy_pool_resources");
        Assert.Equal(1, states["pepperpy_pool_resources{pool=p,state=idle}"]);
        Assert.Equal(1, states["pepperpy_pool_resources{pool=p,state=in_use}"]);
        Assert.Equal(0, states["pepperpy_pool_resources{pool=p,state=creating}"]);
        Assert.Equal(0, states["pepperpy_pool_resources{pool=p,state=busy}"]);
        Assert.Equal(0, late.Observe("pepperpy_pool_min")["pepperpy_pool_min{pool=p}"]);
        Assert.Equal(2, late.Observe("pepperpy_pool_max")["pepperpy_pool_max{pool=p}"]);
        Assert.Equal(0, late.Observe("pepperpy_pool_pending_requests")["pepperpy_pool_pending_requests{pool=p}"]);
    }

    [Fact]
    public async Task Pool_WithSomebodyWaiting_SaysSo()
    {
        await using var pool = NewPool("p", isDatabase: true);
        await using var one = await pool.AcquireAsync();
        var other = await pool.AcquireAsync();
        var waiting = pool.AcquireAsync().AsTask();
        using var metrics = new MetricRecorder(_monitor);

        Assert.Equal(1, metrics.Observe("pepperpy_pool_pending_requests").Values.Single());
        Assert.Equal(1, metrics.Observe("db.client.connection.pending_requests").Values.Single());
        await other.DisposeAsync();
        await using var served = await waiting.WaitAsync(Stage.Guard);
        Assert.Equal(0, metrics.Observe("pepperpy_pool_pending_requests").Values.Single());
    }

    [Fact]
    public async Task PoolGone_SeriesGone()
    {
        using var metrics = new MetricRecorder(_monitor);
        var pool = NewPool("p", isDatabase: true);
        await pool.WarmUpAsync();
        Assert.NotEmpty(metrics.Observe("pepperpy_pool_max"));
        Assert.NotEmpty(metrics.Observe("db.client.connection.max"));

        await pool.DisposeAsync();

        Assert.All(
            Instruments().Where(one => one.IsObservable).Select(one => one.Name).ToList(),
            name => Assert.Empty(metrics.Observe(name)));
    }

    [Fact]
    public async Task DatabaseInstruments_AreForDatabasePoolsOnly()
    {
        await using var plain = NewPool("plain", isDatabase: false);
        await using var database = NewPool("database", isDatabase: true);
        await using var lease = await database.AcquireAsync();
        await using var other = await plain.AcquireAsync();
        using var metrics = new MetricRecorder(_monitor);

        Assert.All(
            Instruments().Where(one => one.IsObservable && one.Name.StartsWith("db.", StringComparison.Ordinal))
                .Select(one => one.Name).ToList(),
            name => Assert.All(
                metrics.Observe(name).Keys,
                series => Assert.Contains("db.client.connection.pool.name=database", series, StringComparison.Ordinal)));
        var count = metrics.Observe("db.client.connection.count");
        const string Used = "db.client.connection.count{db.client.connection.pool.name=database,db.client.connection.state=used}";
        Assert.Equal(1, count[Used]);
        Assert.Equal(0, count[Used.Replace("=used", "=idle", StringComparison.Ordinal)]);
        Assert.Equal(2, count.Count);
    }

    private List<Instrument> Instruments()
    {
        List<Instrument> found = [];
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (ReferenceEquals(instrument.Meter, _monitor.Meter))
            {
                found.Add(instrument);
            }
        };
        listener.Start();
        return found;
    }

    private ResourcePool<object> NewPool(string name, bool isDatabase)
    {
        var options = new ResourcePoolOptions
        {
            Name = name,
            MinSize = 0,
            MaxSize = 2,
            Type = ResourceType.Socket,
            EmitDatabaseMetrics = isDatabase,
        };
        var factory = ResourceFactory.Create(_ => new ValueTask<object>(new object()));
        return new ResourcePool<object>(factory, options, monitor: _monitor);
    }
}
