using System.Globalization;
using Pepper.Resources.Pooling;

namespace Pepper.Cli.Demo;

/// <summary>What the demo says at its end.</summary>
/// <param name="options">What was asked for.</param>
/// <param name="counters">What the clients did.</param>
/// <param name="pool">The pool after the clean-up.</param>
/// <param name="worked">How long the clients worked.</param>
/// <param name="leasesOut">Leases that nobody gave back, counted when all clients were done.</param>
/// <param name="verification">What the comparison at the end found.</param>
/// <param name="address">Where the server listened.</param>
internal sealed class DemoSummary(
    DemoOptions options,
    DemoCounters counters,
    PoolStatistics pool,
    TimeSpan worked,
    long leasesOut,
    string verification,
    string address)
{
    /// <summary>Leases that are still out, and connections that are made and neither closed nor given away.</summary>
    internal long Leaked => leasesOut + Math.Abs(pool.Created - pool.Destroyed - pool.Detached);

    internal bool IsFine => Leaked == 0 && counters.Errors == 0 && counters.Wrong == 0;

    internal IEnumerable<string> Lines()
    {
        var waits = counters.Waits.Read();
        yield return "";
        yield return Line("ran", $"{worked.TotalSeconds:0.0} s, {options.Clients:#,0} clients, seed {options.Seed}");
        var rate = counters.Operations / Math.Max(0.001, worked.TotalSeconds);
        yield return Line(
            "operations",
            $"{counters.Operations:#,0} ({rate:#,0} a second): {counters.Reads:#,0} reads, {counters.Acknowledged:#,0} writes");
        yield return Line(
            "connections",
            $"created {pool.Created:#,0}, destroyed {pool.Destroyed:#,0}, leaked {Leaked:#,0}; at most {pool.MaxSize} at once");
        var (half, most, almostAll) = (Wait(waits, 0.5), Wait(waits, 0.95), Wait(waits, 0.99));
        yield return Line("waits", $"{pool.Waits:#,0} of {pool.Acquired:#,0} leases; p50 {half}, p95 {most}, p99 {almostAll}");
        yield return Line(
            "database", $"log emptied {counters.Emptied:#,0} times; {counters.Busy:#,0} writes found it busy and tried again");
        yield return Line("verified", $"{verification}");
        yield return Line("errors", $"{counters.Errors:#,0}");
        yield return Line("wrong", $"{counters.Wrong:#,0}");
        foreach (var example in counters.Examples)
        {
            yield return Line("", $"{example}");
        }

        yield return Line("address", $"{address} while it ran");
        yield return IsFine ? "Nothing leaked, nothing wrong." : "Something leaked or was wrong: see above.";
    }

    private static string Wait(WaitHistogram.Snapshot waits, double share) => Durations.Milliseconds(waits.Percentile(share));

    private static string Line(string name, FormattableString text) =>
        $"  {name,-12} {text.ToString(CultureInfo.InvariantCulture)}";
}
