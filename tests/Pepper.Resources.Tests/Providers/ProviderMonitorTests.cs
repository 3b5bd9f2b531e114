using System.Diagnostics.Metrics;
using Pepper.Resources.Providers;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Providers;

public sealed class ProviderMonitorTests
{
    [Fact]
    public void RecordOperation_CountsAndTimes()
    {
        using var monitor = new ResourceMonitor(new ResourceMonitorOptions { AllowedLabels = { "region" } });
        using var metrics = new MetricRecorder(monitor);

        new ProviderMonitor(monitor).RecordOperation(
            "register", "memory", true, TimeSpan.FromMilliseconds(1), "test_memory",
            new KeyValuePair<string, string>("region", "north"), new KeyValuePair<string, string>("tenant", "secret"));

        const string Labels = "{name=test_memory,operation=register,region=north,success=true,type=memory}";
        Assert.Equal(1, metrics.Sum("pepperpy_provider_operations_total" + Labels));
        Assert.Equal(0.001, metrics.Sum("pepperpy_provider_duration_seconds" + Labels), 6);
    }

    [Fact]
    public void RecordOperation_Failed_IsCountedAndNotTimed()
    {
        using var monitor = new ResourceMonitor();
        using var metrics = new MetricRecorder(monitor);

        new ProviderMonitor(monitor).RecordOperation("reload", "storage", false, TimeSpan.FromSeconds(1), "a");

        Assert.Equal(1, metrics.Sum("pepperpy_provider_operations_total{name=a,operation=reload,success=false,type=storage}"));
        Assert.Empty(metrics.Series("pepperpy_provider_duration_seconds"));
    }

    [Fact]
    public async Task RecordOperation_MonitorFails_SaysSoAndFailsNothing()
    {
        using var monitor = new ResourceMonitor();
        var log = new LogRecorder<ProviderManager>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, one) =>
            {
                if (ReferenceEquals(instrument.Meter, monitor.Meter))
                {
                    one.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>(
            (_, _, _, _) => throw new InvalidOperationException("The listener is broken."));
        listener.Start();
        await using var manager = new ProviderManager(monitor: new ProviderMonitor(monitor, log));

        await manager.RegisterAsync(TestProvider.New("a"));

        (await manager.AcquireAsync<IProvider>("a")).Dispose();
        var entry = Assert.Single(log.Entries, entry => entry.Id == 1703);
        Assert.StartsWith("Failed to record provider operation", entry.Message, StringComparison.Ordinal);
        Assert.Equal(["Duration", "Error", "Name", "Operation", "Success", "Type"], entry.Fields.Keys.Order());
        Assert.Equal(("register", "custom", "True", "a"),
            (entry.Fields["Operation"], entry.Fields["Type"], entry.Fields["Success"], entry.Fields["Name"]));
    }

    [Fact]
    public async Task Record_LoggerFailsToo_FailsNothing()
    {
        var log = new LogRecorder<ProviderManager> { Throws = true };
        await using var manager = new ProviderManager(logger: log, monitor: new ProviderMonitor(new ResourceMonitor(), log));

        await manager.RegisterAsync(TestProvider.New("a"));
        await Assert.ThrowsAsync<DuplicateProviderException>(() => manager.RegisterAsync(TestProvider.New("a")));
        await manager.ReloadProviderAsync("a");
        await manager.UnregisterAsync("a");
    }
}
