using System.Diagnostics.Metrics;

namespace Pepper.Resources.Monitoring;

/// <summary>
/// The bounds of the histograms' buckets, in seconds. Without advice exporters take 0, 5, 10…, useless for waits.
/// </summary>
internal static class Buckets
{
    internal static readonly InstrumentAdvice<double> Wait = new()
    {
        HistogramBucketBoundaries = [1e-5, 1e-4, 5e-4, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
    };

    internal static readonly InstrumentAdvice<double> Create = new()
    {
        HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    };

    internal static readonly InstrumentAdvice<double> Use = new()
    {
        HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300],
    };
}
