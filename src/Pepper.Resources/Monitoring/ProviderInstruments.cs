using System.Diagnostics.Metrics;

namespace Pepper.Resources.Monitoring;

/// <summary>The instruments that are written when something is done to a provider.</summary>
internal sealed class ProviderInstruments(Meter meter)
{
    internal readonly Counter<long> Operations = meter.CreateCounter<long>(
        "pepperpy_provider_operations_total", null, "Operations on providers.");

    internal readonly Histogram<double> Duration = meter.CreateHistogram(
        "pepperpy_provider_duration_seconds", "s", "Time that an operation on a provider took.", null, Buckets.Wait);
}
