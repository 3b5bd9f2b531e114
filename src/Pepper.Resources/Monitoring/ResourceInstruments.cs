using System.Diagnostics.Metrics;

namespace Pepper.Resources.Monitoring;

/// <summary>
/// The instruments that are written when something happens. What is state is read by <see cref="StateInstruments"/>.
/// </summary>
internal sealed class ResourceInstruments(Meter meter)
{
    internal readonly Counter<long> Errors = meter.CreateCounter<long>(
        "pepperpy_resource_errors_total", null, "Operations on resources that failed.");

    internal readonly Histogram<double> Acquisition = meter.CreateHistogram(
        "pepperpy_resource_acquisition_seconds", "s",
        "Time from asking for a resource to its lease or refusal.", null, Buckets.Wait);

    internal readonly Counter<long> Operations = meter.CreateCounter<long>(
        "pepperpy_resource_operations_total", null, "Operations on resources.");

    internal readonly Histogram<double> InitDuration = meter.CreateHistogram(
        "pepperpy_resource_init_duration_seconds", "s", "Time to make a resource ready.", null, Buckets.Create);

    internal readonly Histogram<double> CleanupDuration = meter.CreateHistogram(
        "pepperpy_resource_cleanup_duration_seconds", "s", "Time to clean a resource up.", null, Buckets.Create);

    internal readonly Histogram<double> Duration = meter.CreateHistogram(
        "pepperpy_resource_duration_seconds", "s", "Time that an operation on a resource took.", null, Buckets.Wait);

    internal readonly Counter<long> Cleanups = meter.CreateCounter<long>(
        "pepperpy_resource_cleanups_total", null, "Resources cleaned up, by reason.");

    internal readonly Histogram<double> CreateTime = meter.CreateHistogram(
        "pepperpy_pool_create_time_seconds", "s", "Time that a pool took to make a resource.", null, Buckets.Create);

    internal readonly Histogram<double> WaitTime = meter.CreateHistogram(
        "pepperpy_pool_wait_time_seconds", "s", "Time that a caller waited for a resource of a pool.", null, Buckets.Wait);

    internal readonly Histogram<double> UseTime = meter.CreateHistogram(
        "pepperpy_pool_use_time_seconds", "s", "Time between lending a resource of a pool and its return.", null, Buckets.Use);

    internal readonly Histogram<double> DbCreateTime = meter.CreateHistogram(
        "db.client.connection.create_time", "s", "Time that it took to open a connection.", null, Buckets.Create);

    internal readonly Histogram<double> DbWaitTime = meter.CreateHistogram(
        "db.client.connection.wait_time", "s",
        "Time that it took to obtain an open connection from the pool.", null, Buckets.Wait);

    internal readonly Histogram<double> DbUseTime = meter.CreateHistogram(
        "db.client.connection.use_time", "s", "Time between borrowing a connection and returning it.", null, Buckets.Use);
}
