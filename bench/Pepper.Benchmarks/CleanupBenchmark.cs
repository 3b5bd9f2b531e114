using System.Diagnostics;
using System.Globalization;
using Pepper.Resources.Cleanup;

namespace Pepper.Benchmarks;

/// <summary>What a cleanup costs to add, move and cancel, by how many there are.</summary>
public static class CleanupBenchmark
{
    private const int Rounds = 5;
    private static readonly string[] Operations = ["add", "move", "cancel"];

    /// <summary>Prints nanoseconds and bytes for each operation: medians of five rounds, on one thread.</summary>
    /// <param name="output">Where to.</param>
    public static void Run(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.WriteLine("CleanupScheduler: one thread, medians of 5");
        output.WriteLine("entries    operation   ns/op   bytes/op");
        Measure(1000); // The first round is compiled on the way, so it is not shown.
        foreach (int entries in (int[])[1000, 100_000, 1_000_000])
        {
            (double Nanoseconds, double Bytes)[] medians = Measure(entries);
            for (int i = 0; i < Operations.Length; i++)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{entries,-10} {Operations[i],-9} {medians[i].Nanoseconds,7:F0} {medians[i].Bytes,10:F1}"));
            }
        }
    }

    private static (double Nanoseconds, double Bytes)[] Measure(int entries)
    {
        string[] ids = [.. Enumerable.Range(0, entries).Select(i => $"resource/{i}")];
        Func<CancellationToken, ValueTask> cleanup = static _ => default;
        int repeats = Math.Max(1, 100_000 / entries);
        var results = new (double Nanoseconds, double Bytes)[Operations.Length][];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = new (double, double)[Rounds];
        }

        for (int round = 0; round < Rounds; round++)
        {
            GC.Collect();
            var totals = new (double Nanoseconds, double Bytes)[Operations.Length];
            for (int repeat = 0; repeat < repeats; repeat++)
            {
                // Nothing falls due meanwhile, so nothing has to be waited for when it is let go.
                var scheduler = new CleanupScheduler();
                Add(ref totals[0], ids, (id, i) => scheduler.Schedule(id, TimeSpan.FromSeconds(600 + (i % 5000)), cleanup));
                Add(ref totals[1], ids, (id, i) => scheduler.Schedule(id, TimeSpan.FromSeconds(9000 - (i % 5000)), cleanup));
                Add(ref totals[2], ids, (id, _) => scheduler.Cancel(id));
            }

            for (int i = 0; i < totals.Length; i++)
            {
                double count = (double)entries * repeats;
                results[i][round] = (totals[i].Nanoseconds / count, totals[i].Bytes / count);
            }
        }

        return [.. results.Select(rounds => (Median(rounds.Select(r => r.Nanoseconds)), Median(rounds.Select(r => r.Bytes))))];
    }

    private static void Add(ref (double Nanoseconds, double Bytes) total, string[] ids, Action<string, int> act)
    {
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < ids.Length; i++)
        {
            act(ids[i], i);
        }

        total.Nanoseconds += Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        total.Bytes += GC.GetAllocatedBytesForCurrentThread() - bytes;
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);
}
