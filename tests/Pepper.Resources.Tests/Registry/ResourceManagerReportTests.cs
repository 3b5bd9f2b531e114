using Microsoft.Extensions.Logging;
using Pepper.Resources.Tests.Lifecycle;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Registry;

/// <summary>What operators see of a manager: metrics and logs, to the letter.</summary>
public sealed class ResourceManagerReportTests : ManagerTest
{
    [Fact]
    public async Task Register_CountsAndTimes()
    {
        await Manager.RegisterAsync(New(initialize: _ =>
        {
            Time.Advance(TimeSpan.FromSeconds(2));
            return default;
        }));

        Assert.Equal(1, Metrics.Sum("pepperpy_resource_operations_total{operation=register,success=true,type=file}"));
        Assert.Equal(2, Metrics.Sum("pepperpy_resource_init_duration_seconds{type=file}"), 6);
        Assert.Equal(2, Metrics.Sum("pepperpy_resource_duration_seconds{operation=register,type=file}"), 6);
        Assert.Empty(Metrics.Series("pepperpy_resource_errors_total"));
    }

    [Fact]
    public async Task Register_Fails_CountsAndLogsIt()
    {
        var cause = new IOException("no such file");

        await Assert.ThrowsAsync<ResourceInitializationException>(() => Manager.RegisterAsync(New(initialize: _ => throw cause)));

        Assert.Equal(1, Metrics.Sum("pepperpy_resource_operations_total{operation=register,success=false,type=file}"));
        Assert.Equal(1, Metrics.Sum("pepperpy_resource_errors_total{error_type=IOException,operation=register,type=file}"));
        Assert.Empty(Metrics.Series("pepperpy_resource_init_duration_seconds"));
        Assert.Empty(Metrics.Series("pepperpy_resource_duration_seconds"));
        var entry = Assert.Single(Log.Entries, entry => entry.Level == LogLevel.Error);
        Assert.StartsWith("Resource registration failed", entry.Message, StringComparison.Ordinal);
        Assert.Equal(["Error", "Id", "Type"], entry.Fields.Keys.Order());
        Assert.Equal("log", entry.Fields["Id"]);
        Assert.Equal("file", entry.Fields["Type"]);
        Assert.Contains("no such file", entry.Fields["Error"], StringComparison.Ordinal);
        Assert.Same(cause, entry.Exception!.InnerException);
    }

    [Fact]
    public async Task Register_FailsInANestedInitialization_CountsTheInnermostCause()
    {
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Manager.RegisterAsync(New(
            initialize: _ => throw new ResourceInitializationException("pool", "p", null, new IOException("no such file")))));

        Assert.Equal(
            ["pepperpy_resource_errors_total{error_type=IOException,operation=register,type=file}"],
            Metrics.Series("pepperpy_resource_errors_total"));
    }

    [Fact]
    public async Task Acquire_CountsSuccessAndFailure()
    {
        await Manager.RegisterAsync(New());
        (await Manager.AcquireAsync("log")).Dispose();
        await Assert.ThrowsAsync<ResourceNotFoundException>(async () => await Manager.AcquireAsync("nobody"));

        Assert.Equal(1, Metrics.Sum("pepperpy_resource_operations_total{operation=acquire,success=true,type=file}"));
        Assert.Equal(1, Metrics.Sum("pepperpy_resource_operations_total{operation=acquire,success=false,type=unknown}"));
        Assert.Equal(
            1, Metrics.Sum(
                "pepperpy_resource_errors_total{error_type=ResourceNotFoundException,operation=acquire,type=unknown}"));
    }

    [Fact]
    public async Task Release_CountsAndTimes()
    {
        await Manager.RegisterAsync(New(cleanUp: () =>
        {
            Time.Advance(TimeSpan.FromSeconds(3));
            return default;
        }));

        await Manager.ReleaseAsync("log");

        Assert.Equal(1, Metrics.Sum("pepperpy_resource_operations_total{operation=release,success=true,type=file}"));
        Assert.Equal(3, Metrics.Sum("pepperpy_resource_cleanup_duration_seconds{type=file}"), 6);
        Assert.Equal(1, Metrics.Sum("pepperpy_resource_cleanups_total{reason=released,type=file}"));
        Assert.Empty(Metrics.Series("pepperpy_resource_errors_total"));
    }

    [Fact]
    public async Task Release_Fails_CountsAndLogsIt()
    {
        await Manager.RegisterAsync(New(cleanUp: () => throw new IOException("disk gone")));

        var thrown = await Assert.ThrowsAsync<ResourceCleanupException>(() => Manager.ReleaseAsync("log"));

        Assert.Equal(1, Metrics.Sum("pepperpy_resource_operations_total{operation=release,success=false,type=file}"));
        Assert.Equal(1, Metrics.Sum("pepperpy_resource_errors_total{error_type=IOException,operation=release,type=file}"));
        Assert.Equal(1, Metrics.Sum("pepperpy_resource_cleanups_total{reason=released,type=file}"));
        Assert.Empty(Metrics.Series("pepperpy_resource_cleanup_duration_seconds"));
        var entry = Assert.Single(Log.Entries, entry => entry.Level == LogLevel.Error);
        Assert.StartsWith("Resource cleanup failed", entry.Message, StringComparison.Ordinal);
        Assert.Equal(["Error", "Id"], entry.Fields.Keys.Order());
        Assert.Equal("log", entry.Fields["Id"]);
        Assert.Contains("disk gone", entry.Fields["Error"], StringComparison.Ordinal);
        Assert.Same(thrown, entry.Exception);
    }

    [Fact]
    public async Task Gauges_AreTheTruth_AlsoForALateListener()
    {
        await Manager.RegisterAsync(New("a"));
        await Manager.RegisterAsync(New("b"));
        await Manager.RegisterAsync(ProbeResource.Create("c", type: ResourceType.Socket));
        using var lease = await Manager.AcquireAsync("a");
        using var again = await Manager.AcquireAsync("a");

        using var late = new MetricRecorder(Monitor);

        var total = late.Observe("pepperpy_resources_total");
        Assert.Equal(2, total["pepperpy_resources_total{pool=registry,type=file}"]);
        Assert.Equal(1, total["pepperpy_resources_total{pool=registry,type=socket}"]);
        var inUse = late.Observe("pepperpy_resources_in_use");
        Assert.Equal(1, inUse["pepperpy_resources_in_use{pool=registry,type=file}"]);
        Assert.Equal(0, inUse["pepperpy_resources_in_use{pool=registry,type=socket}"]);
        Assert.Equal(2, inUse.Count);
    }

    [Fact]
    public async Task Gauges_WhatIsBeingRegistered_DoesNotCount()
    {
        var stage = new Stage();
        var registration = Manager.RegisterAsync(New(initialize: stage.RunAsync));
        await stage.Begun;
        Assert.Empty(Metrics.Observe("pepperpy_resources_total"));

        stage.End();
        await registration.WaitAsync(Guard);

        Assert.Equal(1, Metrics.Observe("pepperpy_resources_total").Values.Single());
    }

    [Fact]
    public async Task Gauges_ManagerGone_SeriesGone()
    {
        await Manager.RegisterAsync(New());
        await Manager.DisposeAsync();

        Assert.Empty(Metrics.Observe("pepperpy_resources_total"));
        Assert.Equal(0, Monitor.Sources.Count);
    }

    [Fact]
    public async Task Everything_WithAListenerThatThrows_WorksAllTheSame()
    {
        using var broken = new System.Diagnostics.Metrics.MeterListener();
        broken.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, Monitor.Meter))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        broken.SetMeasurementEventCallback<long>((_, _, _, _) => throw new InvalidOperationException("The listener is broken."));
        broken.SetMeasurementEventCallback<double>((_, _, _, _) =>
            throw new InvalidOperationException("The listener is broken."));
        broken.Start();

        await Manager.RegisterAsync(New());
        (await Manager.AcquireAsync("log")).Dispose();
        await Manager.ReleaseAsync("log");
        await Assert.ThrowsAsync<ResourceInitializationException>(
            () => Manager.RegisterAsync(New(initialize: _ => throw new IOException("no"))));

        Assert.Equal(0, Manager.Count);
    }
}
