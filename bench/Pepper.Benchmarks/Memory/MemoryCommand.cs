using System.Globalization;
using Pepper.Tests;

namespace Pepper.Benchmarks;

/// <summary>
/// Many clients of a real PostgreSQL, pooled against each with a connection of its own: what both sides need at their peak, and
/// how long a client waits for a connection and its first answer. Each variant runs in a process and a cluster of its own.
/// </summary>
internal static class MemoryCommand
{
    private const double MaxRatio = 0.5;

    internal static async Task<int> RunAsync(MemoryOptions options, TextWriter output)
    {
        if (PostgresCluster.ProgramsFolder is null || !Directory.Exists("/proc/self"))
        {
            await output.WriteLineAsync("memory needs PostgreSQL's server programs, and a system with /proc");
            return 2;
        }

        await output.WriteLineAsync(Report.Machine());
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Clients} clients, {options.Works} times {MemoryClient.Queries} queries each; "
            + $"{MemoryClient.Places} pooled connections against one for each client while it works; {options.Rounds} rounds"));
        List<MemoryFigures> pooled = [];
        List<MemoryFigures> unpooled = [];
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var isPooled in round % 2 == 0 ? (bool[])[true, false] : [false, true])
            {
                (isPooled ? pooled : unpooled).Add(await MeasureAsync(options, isPooled));
            }
        }

        return await ReportAsync(MemoryFigures.Medians(pooled), MemoryFigures.Medians(unpooled), output) ? 0 : 1;
    }

    /// <summary>Times are taken in a run of their own: sampling the memory of many processes takes a processor's time.</summary>
    private static async Task<MemoryFigures> MeasureAsync(MemoryOptions options, bool isPooled)
    {
        await using var cluster = await PostgresCluster.StartAsync(options.Clients + 20);
        var postmaster = await ServerMemory.FindPostmasterAsync(cluster.ConnectionString);
        var timed = await ClientProcess.RunAsync(options, isPooled, cluster.ConnectionString);
        await using var server = new ServerMemory(postmaster);
        var sampled = await ClientProcess.RunAsync(options, isPooled, cluster.ConnectionString);
        var peak = await server.StopAsync();
        return new MemoryFigures(sampled.PeakBytes, peak.Bytes, peak.Processes, timed.MedianUs, timed.P99Us, peak.IsProportional);
    }

    private static async Task<bool> ReportAsync(MemoryFigures pooled, MemoryFigures unpooled, TextWriter output)
    {
        var sum = pooled.IsProportional ? "PSS" : "RSS, shared memory counted for each";
        await output.WriteLineAsync(
            $"\n  {"",-34} {"pooled",10} {"unpooled",10} {"ratio",7}\n"
            + Line("client process, peak resident, MB", pooled.ClientBytes / 1e6, unpooled.ClientBytes / 1e6)
            + Line("server processes, peak sum, MB", pooled.ServerBytes / 1e6, unpooled.ServerBytes / 1e6)
            + Line("both, MB", pooled.Bytes / 1e6, unpooled.Bytes / 1e6)
            + Line("server processes, most", pooled.Processes, unpooled.Processes)
            + Line("connection + query, median, µs", pooled.MedianUs, unpooled.MedianUs)
            + Line("connection + query, p99, µs", pooled.P99Us, unpooled.P99Us)
            + $"  the server's memory is a sum of {sum}");
        var (memory, time) = ((double)pooled.Bytes / unpooled.Bytes, pooled.MedianUs / unpooled.MedianUs);
        await output.WriteLineAsync(Verdict("memory", memory));
        await output.WriteLineAsync(Verdict("time to a connection and its first answer", time));
        return memory <= MaxRatio && time <= MaxRatio;
    }

    private static string Line(string what, double pooled, double unpooled) => string.Create(
        CultureInfo.InvariantCulture, $"  {what,-34} {pooled,10:0.0} {unpooled,10:0.0} {pooled / unpooled,7:0.00}\n");

    private static string Verdict(string what, double ratio) => string.Create(
        CultureInfo.InvariantCulture,
        $"  {what}: {100 * (1 - ratio):0.0} % less than unpooled, >= 50 %: {(ratio <= MaxRatio ? "pass" : "FAIL")}");
}
