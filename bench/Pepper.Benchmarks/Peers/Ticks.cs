using System.Diagnostics;

namespace Pepper.Benchmarks;

/// <summary>Spans of the stopwatch, in its own unit.</summary>
internal static class Ticks
{
    /// <summary>The value below which this share of them lies, in microseconds; 0 when there are none.</summary>
    internal static double PercentileMicroseconds(IEnumerable<long> ticks, double share)
    {
        var sorted = ticks.Order().ToArray();
        var index = Math.Min(sorted.Length - 1, (int)(sorted.Length * share));
        return sorted.Length == 0 ? 0 : sorted[index] * 1e6 / Stopwatch.Frequency;
    }
}
