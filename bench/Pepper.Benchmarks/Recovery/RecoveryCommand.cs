using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Pepper.Benchmarks.Recovery;

/// <summary>
/// What recovery costs where nothing is to be recovered, and where all is rejected: ours and Polly's, in turn in one run, the order
/// rotated each round; medians, and ratios to ours.
/// </summary>
internal static class RecoveryCommand
{
    private const int Operations = 400_000;

    internal static async Task<int> RunAsync(CompareOptions options, TextWriter output)
    {
        var text = new StringBuilder();
        text.Append("# Recovery: Pepper and Polly\n\n").Append(Report.Machine()).Append("\n\n```\n");
        await output.WriteLineAsync(Report.Machine());
        foreach (var (name, subjects) in Scenarios())
        {
            foreach (var threads in new[] { 1, 2 })
            {
                var scenario = string.Create(CultureInfo.InvariantCulture, $"{name}, {threads} thread(s)");
                if (options.Only is { } only && !scenario.Contains(only, StringComparison.OrdinalIgnoreCase))
                {
                    continue;
                }

                var results = await MeasureAsync(scenario, subjects(), threads, options.Rounds);
                using var table = new StringWriter { NewLine = "\n" };
                await Report.WriteTableAsync(table, results);
                await output.WriteAsync(table.ToString());
                text.Append(table);
            }
        }

        if (options.ResultsFolder is { } folder)
        {
            Directory.CreateDirectory(folder);
            await File.WriteAllTextAsync(Path.Combine(folder, "recovery.md"), text.Append("```\n").ToString());
        }

        return 0;
    }

    private static IEnumerable<(string Name, Func<IReadOnlyList<Subject>> Subjects)> Scenarios() =>
    [
        ("circuit breaker, closed", Subjects.ClosedBreaker),
        ("fallback > total timeout > retry > breaker > attempt timeout", Subjects.WholePipeline),
        ("circuit breaker, open: a rejection", Subjects.OpenBreaker),
    ];

    private static async Task<IReadOnlyList<Result>> MeasureAsync(
        string scenario, IReadOnlyList<Subject> subjects, int threads, int rounds)
    {
        await WarmUpAsync(subjects);
        var samples = subjects.ToDictionary(static subject => subject, static _ => new List<Sample>());
        for (var round = 0; round < rounds; round++)
        {
            for (var turn = 0; turn < subjects.Count; turn++)
            {
                var subject = subjects[(turn + round) % subjects.Count];
                samples[subject].Add(await MeasureAsync(subject, threads));
                GC.Collect();
            }
        }

        return Rounds.Summarize(scenario, [.. subjects.Select(one => (one.Name, one.Version, samples[one]))]);
    }

    private static async Task<Sample> MeasureAsync(Subject subject, int threads)
    {
        using var start = new Barrier(threads);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var times = await Task.WhenAll(Enumerable.Range(0, threads).Select(_ => Task.Run(async () =>
        {
            await subject.LoopAsync(1_000);
            start.SignalAndWait();
            var started = Stopwatch.GetTimestamp();
            await subject.LoopAsync(Operations);
            return Stopwatch.GetElapsedTime(started).TotalNanoseconds;
        })));
        var bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
        return new Sample(
            NsPerOp: times.Average() / Operations, BytesPerOp: Math.Round((double)bytes / threads / Operations, 1));
    }

    // So often that the runtime compiles each loop for good, with pauses in which it does.
    private static async Task WarmUpAsync(IReadOnlyList<Subject> subjects)
    {
        for (var pass = 0; pass < 3; pass++)
        {
            foreach (var subject in subjects)
            {
                for (var call = 0; call < 50; call++)
                {
                    await subject.LoopAsync(500);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System);
        }
    }
}
