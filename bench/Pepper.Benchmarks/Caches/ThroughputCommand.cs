using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Pepper.Benchmarks;

/// <summary>
/// How fast a hit is, on one, two and eight threads, and what an entry takes, beside the framework's cache in the same run.
/// Peers take turns, in an order that rotates with each round; figures are medians.
/// </summary>
internal static class ThroughputCommand
{
    private const int Keys = 10_000;
    private const int Rounds = 41;
    private const int Operations = 400_000;
    private static readonly int[] ThreadCounts = [1, 2, 8];

    public static async Task<int> RunAsync(TextWriter output)
    {
        var text = new StringBuilder();
        text.AppendLine("# Hits of the cache, and what an entry takes").AppendLine()
            .AppendLine(Invariant($"{Keys} keys of 14 letters, all of them there, drawn by a Zipf law of exponent 0.99; a get"))
            .AppendLine("is `TryGet` and the dispose of its lease. First the processor time of a get in ns, on all threads")
            .AppendLine("together; in parentheses its processor time and its wall time in proportion to MemoryCache's in the")
            .AppendLine(Invariant($"same round. Medians of {Rounds} rounds. This page is made by"))
            .AppendLine("`dotnet run -c Release --project bench/Pepper.Benchmarks -- caches`.").AppendLine();
        var keys = Enumerable.Range(0, Keys).Select(static key => Invariant($"tenant-{key:0000000}")).ToArray();
        var peers = await NewPeersAsync(keys);
        int[] hot = [.. Enumerable.Repeat(0, 1024)];
        AppendHead(text, peers);
        var zipf = ZipfSequence.Make(Keys, 0.99, 1 << 20);
        foreach (var (name, sequence) in ((string, int[])[])[("Zipf", zipf), ("one hot key", hot)])
        {
            foreach (var threads in ThreadCounts)
            {
                AppendRow(text, Invariant($"{name}, {threads} thread(s)"), Measure(peers, keys, sequence, threads));
            }
        }

        foreach (var peer in peers)
        {
            await peer.DisposeAsync();
        }

        text.AppendLine();
        await CacheBytes.AppendAsync(text);
        await output.WriteAsync(text);
        if (Directory.Exists("bench"))
        {
            await File.WriteAllTextAsync(Path.Combine("bench", "results", "caches.md"), text.ToString());
        }

        return 0;
    }

    private static async Task<List<ThroughputPeer>> NewPeersAsync(string[] keys)
    {
        List<ThroughputPeer> peers =
        [
            new MemoryCacheThroughputPeer(expires: false),
            new PepperThroughputPeer("Pepper", static _ => { }),
            new PepperThroughputPeer("Pepper, lru", static options => options.Eviction = "lru"),
            new PepperThroughputPeer("Pepper, TimeToLive", static options => options.TimeToLive = TimeSpan.FromHours(1)),
            new MemoryCacheThroughputPeer(expires: true),
            new PepperThroughputPeer("Pepper, IdleTimeout", static options => options.IdleTimeout = TimeSpan.FromHours(1)),
            new DictionaryThroughputPeer(),
        ];
        foreach (var peer in peers)
        {
            await peer.FillAsync(keys);
        }

        return peers;
    }

    private static void AppendHead(StringBuilder text, List<ThroughputPeer> peers)
    {
        text.Append("| | ").AppendJoin(" | ", peers.Select(static peer => peer.Name)).AppendLine(" |")
            .Append("|---|").Insert(text.Length, "---|", peers.Count).AppendLine();
    }

    private static void AppendRow(StringBuilder text, string name, Cost[][] rounds)
    {
        text.Append(CultureInfo.InvariantCulture, $"| {name} |");
        for (var peer = 0; peer < rounds[0].Length; peer++)
        {
            var time = Median(rounds.Select(round => round[peer].Processor));
            var ratio = Median(rounds.Select(round => round[peer].Processor / round[0].Processor));
            var wall = Median(rounds.Select(round => round[peer].Wall / round[0].Wall));
            text.Append(CultureInfo.InvariantCulture, $" {time:0.0} ({ratio:0.00}, {wall:0.00}) |");
        }

        text.AppendLine();
    }

    private static Cost[][] Measure(List<ThroughputPeer> peers, string[] keys, int[] sequence, int threads)
    {
        var rounds = new Cost[Rounds][];
        for (var round = -3; round < Rounds; round++)
        {
            var times = new Cost[peers.Count];
            for (var turn = 0; turn < peers.Count; turn++)
            {
                var peer = (turn + round + (3 * peers.Count)) % peers.Count;
                times[peer] = MeasureOnce(peers[peer], keys, sequence, threads);
            }

            if (round >= 0)
            {
                rounds[round] = times;
            }
        }

        return rounds;
    }

    private static Cost MeasureOnce(ThroughputPeer peer, string[] keys, int[] sequence, int threads)
    {
        using Barrier start = new(threads + 1);
        var hits = 0;
        var each = Operations / threads;
        var workers = Enumerable.Range(0, threads).Select(number =>
        {
            Thread worker = new(() =>
            {
                start.SignalAndWait();
                Interlocked.Add(ref hits, peer.Run(keys, sequence, number * 7919, each));
            });
            worker.Start();
            return worker;
        }).ToList();
        start.SignalAndWait();
        var processor = Environment.CpuUsage.TotalTime;
        var begun = Stopwatch.GetTimestamp();
        workers.ForEach(static worker => worker.Join());
        var time = Stopwatch.GetElapsedTime(begun);
        processor = Environment.CpuUsage.TotalTime - processor;
        return hits == each * threads
            ? new Cost(processor.TotalNanoseconds / hits, time.TotalNanoseconds / hits)
            : throw new InvalidOperationException(
                $"{peer.Name} lost keys that it has room for: {hits} of {each * threads} were hits.");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private readonly record struct Cost(double Processor, double Wall);
}

/// <summary>Keys as a Zipf law draws them: the one of rank r in proportion to r to the power of minus the exponent.</summary>
internal static class ZipfSequence
{
    public static int[] Make(int keys, double exponent, int length)
    {
        var cumulated = new double[keys];
        var sum = 0.0;
        for (var rank = 0; rank < keys; rank++)
        {
            cumulated[rank] = sum += Math.Pow(rank + 1, -exponent);
        }

        var random = new Random(6);

        // Neighbours in rank are not neighbours in memory.
        var places = Enumerable.Range(0, keys).ToArray();
        random.Shuffle(places);
        var sequence = new int[length];
        for (var i = 0; i < length; i++)
        {
            var found = Array.BinarySearch(cumulated, random.NextDouble() * sum);
            sequence[i] = places[Math.Min(found < 0 ? ~found : found, keys - 1)];
        }

        return sequence;
    }
}
