using System.Diagnostics.Metrics;

namespace Pepper.Resources;

/// <summary>How a <see cref="ResourceMonitor"/> is made. It copies what it needs: later changes have no effect.</summary>
public sealed class ResourceMonitorOptions
{
    /// <summary>
    /// Who makes the meter: with dependency injection the container's factory, so that tests and hosts are isolated from each
    /// other. Default: <c>null</c>, a meter of the monitor's own.
    /// </summary>
    public IMeterFactory? MeterFactory { get; set; }

    /// <summary>
    /// The labels that <see cref="ResourceMonitor.RecordOperation"/> passes on to the metrics; others are dropped, as each
    /// distinct value is a time series of its own. Default: none.
    /// </summary>
    public ISet<string> AllowedLabels { get; } = new HashSet<string>(StringComparer.Ordinal);
}
