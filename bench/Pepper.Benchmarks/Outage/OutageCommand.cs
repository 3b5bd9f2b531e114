using Pepper.Tests;

namespace Pepper.Benchmarks;

/// <summary>
/// The pool beside the driver's own and a hand-written one, in turn, through outages of a real PostgreSQL. It ends with 0 when
/// Pepper gave no wrong answer, leaked nothing, let nobody wait for the whole acquire timeout, and came back to full throughput.
/// </summary>
internal static class OutageCommand
{
    private static readonly (string Id, Func<string, OutagePeer> Create)[] Contenders =
    [
        ("pepper", static text => new PepperOutagePeer(text)),
        ("npgsql-open", static text => new NpgsqlOutagePeer(text, OutageLimits.OpenSeconds)),
        ("npgsql-wait", static text => new NpgsqlOutagePeer(text, OutageLimits.AcquireSeconds)),
        ("hand", static text => new HandWrittenOutagePeer(text)),
    ];

    internal static async Task<int> RunAsync(OutageOptions options, TextWriter output)
    {
        if (PostgresCluster.ProgramsFolder is null)
        {
            await output.WriteLineAsync("outage needs PostgreSQL's server programs");
            return 2;
        }

        // The driver blocks a thread for each command whose time is up, and the proxy lives in this process: all contenders have
        // threads enough, so that what is seen are pools.
        ThreadPool.SetMinThreads(128, 128);
        await output.WriteLineAsync(OutageReport.Machine());
        await output.WriteLineAsync(OutageReport.Settings);
        List<OutageResult> results = [];
        foreach (var fault in OutageFault.All())
        {
            if (options.Only is { } text && !fault.Name.Contains(text, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var result = await MeasureAsync(fault, TimeSpan.FromSeconds(options.Seconds ?? fault.Seconds), turn: results.Count);
            results.Add(result);
            await OutageReport.WriteTableAsync(output, result);
        }

        if (options.ResultsFolder is { } folder)
        {
            await OutageReport.WriteMarkdownAsync(folder, results);
        }

        return results.All(static result => result.Rows[0].IsSound) ? 0 : 1;
    }

    private static async Task<OutageResult> MeasureAsync(OutageFault fault, TimeSpan length, int turn)
    {
        await using var cluster = await PostgresCluster.StartAsync(fault.MaxConnections);
        var rows = new OutageFigures[Contenders.Length];
        for (var index = 0; index < rows.Length; index++)
        {
            var place = (index + turn) % rows.Length;
            var (id, create) = Contenders[place];
            rows[place] = await OutageRun.MeasureAsync(fault, length, cluster, $"outage-{id}", create);
        }

        return new OutageResult(OutageReport.Heading(fault, length), fault.What, rows);
    }
}
