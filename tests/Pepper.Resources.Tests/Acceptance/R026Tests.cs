using Pepper.Resources.Cleanup;
using Pepper.Resources.Pooling;
using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Lifecycle;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Acceptance;

/// <summary>The validation that closes requirement 026.</summary>
public sealed class R026Tests
{
    [Fact]
    public async Task Pool_LendsWhatItsFactoryMakes_AndCountsWhatIsInUse()
    {
        await using var pool = new ResourcePool<string>(
            ResourceFactory.Create(_ => new ValueTask<string>("resource")), monitor: new ResourceMonitor());

        await using (var lease = await pool.AcquireAsync())
        {
            Assert.NotNull(lease.Resource);
            Assert.Equal("resource", lease.Resource);
            Assert.Equal(1, pool.Statistics.InUse);
        }

        Assert.Equal(0, pool.Statistics.InUse);
    }

    [Fact]
    public void Lifecycle_SaysWhetherAChangeApplied()
    {
        var lifecycle = new ResourceLifecycle();
        Assert.False(lifecycle.TryAcquire());
        Assert.False(lifecycle.TryRelease());

        Assert.True(lifecycle.TryInitialize());
        Assert.False(lifecycle.TryInitialize());
        Assert.False(lifecycle.TryRelease());
        Assert.True(lifecycle.TryAcquire());
        Assert.False(lifecycle.TryAcquire());
        Assert.True(lifecycle.TryRelease());
        Assert.False(lifecycle.TryRelease());
        Assert.Equal(ResourceState.Idle, lifecycle.State);

        // The requirement's own sketch could not do this.
        Assert.True(lifecycle.TryAcquire());
    }

    [Fact]
    public async Task Scheduler_RunsOnceAtItsTime()
    {
        var time = new ManualTimeProvider();
        await using var scheduler = new CleanupScheduler(timeProvider: time);
        var runs = 0;

        scheduler.Schedule("test", TimeSpan.FromSeconds(1), _ =>
        {
            Interlocked.Increment(ref runs);
            return default;
        });

        Assert.True(scheduler.IsScheduled("test"));
        time.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromMilliseconds(1));
        Assert.True(scheduler.IsScheduled("test"));
        time.Advance(TimeSpan.FromMilliseconds(1));
        await Eventually.HoldsAsync(() => scheduler.CompletedCleanups == 1);
        Assert.False(scheduler.IsScheduled("test"));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, Volatile.Read(ref runs));
    }

    [Fact]
    public async Task Gauge_ReadsOneWithOneResource()
    {
        using var monitor = new ResourceMonitor();
        using var metrics = new MetricRecorder(monitor);
        await using var pool = new ResourcePool<string>(
            ResourceFactory.Create(_ => new ValueTask<string>("resource")), monitor: monitor);

        await using (await pool.AcquireAsync())
        {
            Assert.Equal(1, Assert.Single(metrics.Observe("pepperpy_resources_total")).Value);
            Assert.Equal(1, Assert.Single(metrics.Observe("pepperpy_resources_in_use")).Value);
        }

        Assert.Equal(1, Assert.Single(metrics.Observe("pepperpy_resources_total")).Value);
        Assert.Equal(0, Assert.Single(metrics.Observe("pepperpy_resources_in_use")).Value);
    }
}
