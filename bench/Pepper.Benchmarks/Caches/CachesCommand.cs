using System.Globalization;
using System.Text;
using Pepper.Resources.Policies;

namespace Pepper.Benchmarks;

/// <summary>Replays traces through all eviction policies and the framework's cache, and says who hits how often.</summary>
internal static class CachesCommand
{
    private static readonly int[] Percents = [10, 20, 40];

    public static int Run(CachesOptions options, TextWriter output)
    {
        var traces = Trace.ReadFolder(options.TraceFolder);
        if (traces.Count == 0)
        {
            output.WriteLine($"There is no *.txt.gz and no *.txt in {options.TraceFolder}.");
            return 2;
        }

        string[] names = [EvictionPolicies.Default, .. EvictionPolicies.Names.Where(name => name != EvictionPolicies.Default)];
        var results = traces.SelectMany(trace => Percents.Select(percent => Replay(trace, percent, names))).ToList();
        var text = Report(traces, results, names);
        output.Write(text);
        if (options.ResultsFolder is { } folder)
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "caches-traces.md"), text);
        }

        return 0;
    }

    private static TraceResult Replay(Trace trace, int percent, string[] names)
    {
        var capacity = trace.CapacityAt(percent);
        return new TraceResult(
            trace.Name,
            percent,
            names.ToDictionary(name => name, name => TraceReplay.Policy(trace, name, capacity), StringComparer.Ordinal),
            TraceReplay.MemoryCache(trace, capacity),
            TraceReplay.Optimal(trace, capacity));
    }

    private static string Report(IReadOnlyList<Trace> traces, List<TraceResult> results, string[] names)
    {
        var report = new StringBuilder();
        report.AppendLine("# Hit rates of the eviction policies").AppendLine()
            .AppendLine("`dotnet run -c Release --project bench/Pepper.Benchmarks -- caches --traces FOLDER` makes this page.")
            .AppendLine()
            .AppendLine("In per cent of the requests, at a capacity of 10 / 20 / 40 % of the distinct keys. OPT knows the")
            .AppendLine("future. MemoryCache has a size limit, and time to make room after each request for which it had none.")
            .AppendLine();
        AppendHead(report, ["trace", "requests", "keys", .. names, "MemoryCache", "OPT"]);
        foreach (var trace in traces)
        {
            var own = results.Where(result => result.Trace == trace.Name).ToList();
            var cells = names.Select(name => Cell(own, result => result.Policies[name]))
                .Append(Cell(own, result => result.MemoryCache)).Append(Cell(own, result => result.Optimal));
            report.Append(CultureInfo.InvariantCulture, $"| {trace.Name} | {trace.Requests.Length} | {trace.DistinctKeys} | ")
                .AppendJoin(" | ", cells).AppendLine(" |");
        }

        report.AppendLine().AppendLine("## What is wanted of them").AppendLine();
        AppendHead(report, ["trace and capacity: what", "wanted", "found", "met"]);
        foreach (var (wanted, target, found) in TraceTargets.Of(results))
        {
            var met = Math.Round(found, 1) >= Math.Round(target, 1) ? "yes" : "**no**";
            report.AppendLine(CultureInfo.InvariantCulture, $"| {wanted} | {target:0.0} | {found:0.0} | {met} |");
        }

        report.AppendLine().AppendLine("## What they take").AppendLine()
            .AppendLine(CultureInfo.InvariantCulture, $"Bytes for each entry of a cache of {PolicyMemory.Entries:#,0} entries.")
            .AppendLine("The node has the object's header, as the cache's entry has anyway: 32 of its bytes are the policy's.")
            .AppendLine(
                CultureInfo.InvariantCulture,
                $"Times are of one thread and {PolicySpeed.Entries:#,0} entries, with no cache around:")
            .AppendLine("of a hit with its share of the work put off, and of one entry that comes in while another goes.")
            .AppendLine();
        AppendHead(report, ["policy", "node, bytes", "beside the nodes, bytes", "hit, ns", "in and out, ns"]);
        foreach (var name in names)
        {
            var (node, beside) = PolicyMemory.PerEntry(name);
            var (hit, inAndOut) = PolicySpeed.Of(name);
            report.AppendLine(
                CultureInfo.InvariantCulture, $"| {name} | {node:0.0} | {beside:0.0} | {hit:0.0} | {inAndOut:0} |");
        }

        return report.ToString();
    }

    private static void AppendHead(StringBuilder report, string[] columns) =>
        report.Append("| ").AppendJoin(" | ", columns).AppendLine(" |")
            .Append('|').Insert(report.Length, "---|", columns.Length).AppendLine();

    private static string Cell(List<TraceResult> results, Func<TraceResult, double> rate) =>
        string.Join(" / ", results.Select(result => rate(result).ToString("0.0", CultureInfo.InvariantCulture)));
}
