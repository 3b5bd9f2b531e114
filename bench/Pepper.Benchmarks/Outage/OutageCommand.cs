using System.Runtime.InteropServices;
using Pepper.Tests;

namespace Pepper.Benchmarks;

/// <summary>
/// The pool beside the driver's own and a hand-written one, in turn, through outages of a real PostgreSQL. It ends with 0 when
/// Pepper gave no wrong answer, leaked nothing, let nobody wait for the whole acquire timeout, and came back to full throughput.
/// </summary>
internal static class OutageCommand
{
    private static readonly (string Name, Func<string, OutagePeer> Create)[] Contenders =
    [
        ("outage-pepper", static text => new PepperOutagePeer(text)),
        ("outage-npgsql-open", static text => new NpgsqlOutagePeer(text, OutageLimits.OpenSeconds)),
        ("outage-npgsql-wait", static text => new NpgsqlOutagePeer(text, OutageLimits.AcquireSeconds)),
        ("outage-hand", static text => new HandWrittenOutagePeer(text)),
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
        using var interrupt = new CancellationTokenSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Interrupt(signal, interrupt));
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Interrupt(signal, interrupt));
        try
        {
            return await RunAsync(options, output, interrupt.Token);
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            return 130;
        }
    }

    /// <summary>A run that is broken off leaves no server behind.</summary>
    private static void Interrupt(PosixSignalContext signal, CancellationTokenSource interrupt)
    {
        signal.Cancel = true;
        interrupt.Cancel();
    }

    private static async Task<int> RunAsync(OutageOptions options, TextWriter output, CancellationToken interrupt)
    {
        List<OutageResult> results = [];
        foreach (var fault in OutageFault.All())
        {
            if (options.Only is { } text && !fault.Name.Contains(text, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var length = TimeSpan.FromSeconds(options.Seconds ?? fault.Seconds);
            var result = await MeasureAsync(fault, length, turn: results.Count, interrupt);
            results.Add(result);
            await OutageReport.WriteTableAsync(output, result);
        }

        if (options.ResultsFolder is { } folder)
        {
            await OutageReport.WriteMarkdownAsync(folder, results);
        }

        return results.All(static result => result.Rows[0].IsSound) ? 0 : 1;
    }

    private static async Task<OutageResult> MeasureAsync(OutageFault fault, TimeSpan length, int turn, CancellationToken cancel)
    {
        await using var cluster = await PostgresCluster.StartAsync(fault.MaxConnections);
        var rows = new OutageFigures[Contenders.Length];
        for (var index = 0; index < rows.Length; index++)
        {
            var place = (index + turn) % rows.Length;
            rows[place] = await OutageRun.MeasureAsync(fault, length, cluster, Contenders[place], cancel);
        }

        return new OutageResult(OutageReport.Heading(fault, length), fault.What, rows);
    }
}
