using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Lifecycle;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Registry;

/// <summary>A manager on manual time, with a monitor and a log of its own.</summary>
public abstract class ManagerTest : IDisposable
{
    private readonly ResourceMonitor _monitor = new();

    private protected ManagerTest()
    {
        Metrics = new MetricRecorder(_monitor);
        Manager = NewManager();
    }

    private protected static TimeSpan Guard => Stage.Guard;

    private protected ManualTimeProvider Time { get; } = new();

    private protected ResourceMonitor Monitor => _monitor;

    private protected MetricRecorder Metrics { get; }

    private protected LogRecorder<ResourceManager> Log { get; } = new();

    private protected ResourceManager Manager { get; }

    public void Dispose()
    {
        Metrics.Dispose();
        _monitor.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected ResourceManager NewManager(TimeSpan? releaseTimeout = null, TimeSpan? cleanupTimeout = null) => new(
        new ResourceManagerOptions
        {
            ReleaseTimeout = releaseTimeout ?? TimeSpan.FromSeconds(30),
            CleanupTimeout = cleanupTimeout ?? TimeSpan.FromSeconds(30),
        },
        Time, _monitor, Log);

    private protected ProbeResource New(
        string id = "log",
        TimeSpan? timeToLive = null,
        Func<CancellationToken, ValueTask>? initialize = null,
        Func<ValueTask>? cleanUp = null) =>
        ProbeResource.Create(id, timeToLive, Time, initialize, cleanUp, ResourceType.File);

    private protected static Task UntilAsync(Func<bool> condition) => Eventually.HoldsAsync(condition);
}
