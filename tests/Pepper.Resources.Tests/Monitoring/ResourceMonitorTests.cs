using System.Diagnostics.Metrics;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Monitoring;

public sealed class ResourceMonitorTests : IDisposable
{
    private readonly ResourceMonitor _monitor = new();
    private readonly MetricRecorder _metrics;

    public ResourceMonitorTests() => _metrics = new MetricRecorder(_monitor);

    public void Dispose()
    {
        _metrics.Dispose();
        _monitor.Dispose();
    }

    [Fact]
    public void RecordOperation_CountsAndTimes()
    {
        _monitor.RecordOperation("register", "connection", true, TimeSpan.FromMilliseconds(1));
        _monitor.RecordOperation("register", "connection");

        Assert.Equal(2, _metrics.Sum("pepperpy_resource_operations_total{operation=register,success=true,type=connection}"));
        Assert.Equal(1, _metrics.Count("pepperpy_resource_duration_seconds{operation=register,type=connection}"));
        Assert.Equal(0.001, _metrics.Sum("pepperpy_resource_duration_seconds{operation=register,type=connection}"), 9);
    }

    [Fact]
    public void RecordOperation_Failed_CountsAndTimesNothing()
    {
        _monitor.RecordOperation("release", "file", success: false, TimeSpan.FromSeconds(1));

        Assert.Equal(1, _metrics.Sum("pepperpy_resource_operations_total{operation=release,success=false,type=file}"));
        Assert.Empty(_metrics.Series("pepperpy_resource_duration_seconds"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void RecordOperation_DurationOfNothing_IsNotRecorded(int seconds)
    {
        _monitor.RecordOperation("release", "file", duration: TimeSpan.FromSeconds(seconds));

        Assert.Empty(_metrics.Series("pepperpy_resource_duration_seconds"));
    }

    [Fact]
    public void RecordOperation_Labels_PassOnlyWhenAllowed()
    {
        using var monitor = new ResourceMonitor(
            new ResourceMonitorOptions { AllowedLabels = { "env", "operation", "type", "success" } });
        using var metrics = new MetricRecorder(monitor);

        monitor.RecordOperation(
            "register", "file", true, TimeSpan.FromSeconds(1),
            new("env", "test"), new("tenant", "ann"), new("type", "mine"), new(null!, "x"));

        Assert.Equal(
            ["pepperpy_resource_operations_total{env=test,operation=register,success=true,type=file}"],
            metrics.Series("pepperpy_resource_operations_total"));
        Assert.Equal(
            ["pepperpy_resource_duration_seconds{env=test,operation=register,type=file}"],
            metrics.Series("pepperpy_resource_duration_seconds"));
    }

    [Fact]
    public void RecordOperation_AllowedLabelsChangedLater_HaveNoEffect()
    {
        var options = new ResourceMonitorOptions();
        using var monitor = new ResourceMonitor(options);
        using var metrics = new MetricRecorder(monitor);
        options.AllowedLabels.Add("env");

        monitor.RecordOperation("register", "file", labels: new KeyValuePair<string, string>("env", "test"));

        Assert.Equal(
            ["pepperpy_resource_operations_total{operation=register,success=true,type=file}"],
            metrics.Series("pepperpy_resource_operations_total"));
    }

    [Fact]
    public void RecordOperation_AListenerThrows_NeverThrowsAndStillCounts()
    {
        using var broken = new MeterListener();
        broken.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, _monitor.Meter))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        broken.SetMeasurementEventCallback<double>(
            (_, _, _, _) => throw new InvalidOperationException("The listener is broken."));
        broken.Start();

        _monitor.RecordOperation("register", "file", true, TimeSpan.FromSeconds(1));
        ResourceMonitor.Record(_monitor.Instruments.InitDuration, TimeSpan.FromSeconds(1), "type", "file");
        new PoolInstruments(_monitor, "p", "file", isDatabase: true).RecordUse(TimeSpan.FromSeconds(1));
        _monitor.RecordOperation(null!, null!, false);

        Assert.Equal(1, _metrics.Sum("pepperpy_resource_operations_total{operation=register,success=true,type=file}"));
    }

    [Fact]
    public void Meter_OfAFactory_IsTheFactorysAndOutlivesTheMonitor()
    {
        using var factory = new OneMeterFactory();
        var monitor = new ResourceMonitor(new ResourceMonitorOptions { MeterFactory = factory });
        using var metrics = new MetricRecorder(monitor);

        monitor.Dispose();
        monitor.RecordOperation("register", "file");

        Assert.Same(factory.Meter, monitor.Meter);
        Assert.Equal(ResourceMonitor.MeterName, factory.Meter.Name);
        Assert.Equal(1, metrics.Sum("pepperpy_resource_operations_total{operation=register,success=true,type=file}"));
    }

    [Fact]
    public void Dispose_Shared_LeavesItAlone()
    {
        ResourceMonitor.Shared.Dispose();
        using var metrics = new MetricRecorder(ResourceMonitor.Shared);

        ResourceMonitor.Shared.RecordOperation("monitor-test", "custom");

        Assert.Equal(1, metrics.Sum("pepperpy_resource_operations_total{operation=monitor-test,success=true,type=custom}"));
    }

    [Fact]
    public void Sources_AreHeldWeakly()
    {
        MakeAndDrop();
        for (var round = 0; round < 10 && _monitor.Sources.Count > 0; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(0, _monitor.Sources.Count);
        Assert.Empty(_metrics.Observe("pepperpy_resources_total"));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        void MakeAndDrop() => _ = new ResourceManager(monitor: _monitor);
    }

    [Fact]
    public async Task Sources_TwoPoolsOfOneName_AreOneSeries()
    {
        await using var one = NewPool("same");
        await using var other = NewPool("same");
        await one.WarmUpAsync();
        await other.WarmUpAsync();

        Assert.Equal(2, Assert.Single(_metrics.Observe("pepperpy_resources_total")).Value);
        Assert.Equal(10, Assert.Single(_metrics.Observe("pepperpy_pool_max")).Value);
    }

    private ResourcePool<object> NewPool(string name) => new(
        ResourceFactory.Create(_ => new ValueTask<object>(new object())),
        new ResourcePoolOptions { Name = name }, monitor: _monitor);

    private sealed class OneMeterFactory : IMeterFactory
    {
        public Meter Meter { get; private set; } = null!;

        public Meter Create(MeterOptions options) => Meter = new Meter(options);

        public void Dispose() => Meter.Dispose();
    }
}
