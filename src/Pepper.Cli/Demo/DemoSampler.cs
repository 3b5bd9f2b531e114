using Pepper.Resources;
using Pepper.Resources.Pooling;

namespace Pepper.Cli.Demo;

/// <summary>Takes samples. One caller at a time.</summary>
internal sealed class DemoSampler(ResourceCoordinator coordinator, IResourcePool pool, DemoCounters counters, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private long _last = time.GetTimestamp();
    private long _operations;
    private long _audits;
    private WaitHistogram.Snapshot _waits = counters.Waits.Read();

    internal DemoSample Take()
    {
        var now = time.GetTimestamp();
        var (operations, audits, waits) = (counters.Operations, counters.Acknowledged, counters.Waits.Read());
        var seconds = Math.Max(0.001, time.GetElapsedTime(_last, now).TotalSeconds);
        var sample = new DemoSample
        {
            Elapsed = time.GetElapsedTime(_started, now),
            Pool = pool.Statistics,
            AuditHolders = coordinator.Resources.GetResources()
                .Where(static resource => resource.Metadata.Id == DemoClient.AuditId)
                .Sum(static resource => resource.Leases.Count),
            OperationsPerSecond = (operations - _operations) / seconds,
            AuditsPerSecond = (audits - _audits) / seconds,
            Waits = waits.Since(_waits),
            Errors = counters.Errors + counters.Wrong,
            WorkingSet = Environment.WorkingSet,
        };
        (_last, _operations, _audits, _waits) = (now, operations, audits, waits);
        return sample;
    }
}
