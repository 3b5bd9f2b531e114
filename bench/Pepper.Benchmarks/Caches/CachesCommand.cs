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

        var text = Report(traces);
        output.Write(text);
        if (options.ResultsFolder is { } folder)
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "caches-traces.md"), text);
        }

        return 0;
    }

    private static string Report(IReadOnlyList<Trace> traces)
    {
        var report = new StringBuilder();
        report.AppendLine("# Hit rates of the eviction policies").AppendLine()
            .AppendLine("In per cent of the requests, at a capacity of 10 / 20 / 40 % of the distinct keys; OPT knows the")
            .AppendLine("future. `dotnet run -c Release --project bench/Pepper.Benchmarks -- caches --traces FOLDER` makes this page.")
            .AppendLine();
        string[] names = [EvictionPolicies.Default, .. EvictionPolicies.Names.Where(name => name != EvictionPolicies.Default)];
        report.Append("| trace | requests | keys |");
        foreach (var name in (string[])[.. names, "MemoryCache", "OPT"])
        {
            report.Append(' ').Append(name).Append(" |");
        }

        report.AppendLine().Append("|---|---|---|").Insert(report.Length, "---|", names.Length + 2).AppendLine();
        foreach (var trace in traces)
        {
            report.Append(CultureInfo.InvariantCulture, $"| {trace.Name} | {trace.Requests.Length} | {trace.DistinctKeys} |");
            foreach (var name in names)
            {
                AppendRow(report, trace, capacity => TraceReplay.Policy(trace, name, capacity));
            }

            AppendRow(report, trace, capacity => TraceReplay.MemoryCache(trace, capacity));
            AppendRow(report, trace, capacity => TraceReplay.Optimal(trace, capacity));
            report.AppendLine();
        }

        return report.ToString();
    }

    private static void AppendRow(StringBuilder report, Trace trace, Func<int, double> hitRate) =>
        report.Append(' ')
            .AppendJoin(" / ", Percents.Select(percent =>
                hitRate(trace.CapacityAt(percent)).ToString("0.0", CultureInfo.InvariantCulture)))
            .Append(" |");
}
