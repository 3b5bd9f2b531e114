using System.Diagnostics;
using System.Globalization;
using Pepper.Resources.Providers;

namespace Pepper.Benchmarks.Memories;

/// <summary>What one operation takes, in milliseconds.</summary>
internal readonly record struct Latency(string Operation, double Median, double NinetyNinth);

/// <summary>Fills a store with many entries, and asks one thing after another.</summary>
internal sealed class LatencyRun(IMemoryStore store, int entries, int queries)
{
    private const int BatchSize = 1_000;
    private const int Words = 20_000;
    private const int Users = 100;

    private readonly Random _random = new(2_026);

    /// <summary>Entries a second.</summary>
    internal double LoadRate { get; private set; }

    internal async Task FillAsync()
    {
        var watch = Stopwatch.StartNew();
        for (var from = 0; from < entries; from += BatchSize)
        {
            await store.BatchAsync(
                [.. Enumerable.Range(from, Math.Min(BatchSize, entries - from)).Select(number => Entry(number))]);
        }

        LoadRate = entries / watch.Elapsed.TotalSeconds;
    }

    internal async Task<IReadOnlyList<Latency>> MeasureAsync()
    {
        MemorySearch Query(int words) => new() { Text = string.Join(' ', Enumerable.Range(0, words).Select(_ => Word())) };
        MemoryNamespace UserOf(int number) => new("users", (number % Users).ToString(CultureInfo.InvariantCulture));
        return
        [
            await MeasureAsync("get", () => store.GetAsync(UserOf(_random.Next(entries)), "1").AsTask()),
            await MeasureAsync("put", () => store.PutAsync(Entry(_random.Next(entries))).AsTask()),
            await MeasureAsync("list 10 below a namespace", () => store.SearchAsync(
                new() { Namespace = UserOf(_random.Next(Users)) }).AsTask()),
            await MeasureAsync("text, 3 words", () => store.SearchAsync(Query(3) with { Ranking = MemoryRanking.Text }).AsTask()),
            await MeasureAsync("vector", () => store.SearchAsync(Query(3) with { Ranking = MemoryRanking.Vector }).AsTask()),
            await MeasureAsync("hybrid", () => store.SearchAsync(Query(3)).AsTask()),
            await MeasureAsync("hybrid below a namespace", () => store.SearchAsync(
                Query(3) with { Namespace = UserOf(_random.Next(Users)) }).AsTask()),
            await MeasureAsync("hybrid with a filter", () => store.SearchAsync(
                Query(3) with { Filters = [MemoryFilter.Less("rank", 10)] }).AsTask()),
        ];
    }

    private async Task<Latency> MeasureAsync(string operation, Func<Task> run)
    {
        for (var warm = 0; warm < Math.Min(20, queries); warm++)
        {
            await run();
        }

        var times = new double[queries];
        for (var index = 0; index < queries; index++)
        {
            var started = Stopwatch.GetTimestamp();
            await run();
            times[index] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        Array.Sort(times);
        return new Latency(operation, times[queries / 2], times[Math.Min(queries - 1, (int)Math.Ceiling(queries * 0.99) - 1)]);
    }

    private MemoryPut Entry(int number)
    {
        var words = 8 + _random.Next(17);
        return new MemoryPut(
            new("users", (number % Users).ToString(CultureInfo.InvariantCulture)),
            (number / Users).ToString(CultureInfo.InvariantCulture),
            string.Join(' ', Enumerable.Range(0, words).Select(_ => Word())))
        {
            Metadata = new Dictionary<string, MemoryField>(StringComparer.Ordinal)
            {
                ["rank"] = number % 100,
                ["kind"] = number % 2 == 0 ? "note" : "fact",
            },
        };
    }

    // As in real texts, few words are frequent and most are rare: the n-th about n times rarer than the first.
    private string Word()
    {
        var rank = (int)Math.Pow(Words, _random.NextDouble());
        Span<char> letters = stackalloc char[9];
        var length = 0;
        for (var rest = (uint)rank * 2654435761u; length < 4 + (rank % 5); length++)
        {
            letters[length] = (length % 2 == 0 ? "bcdfghklmnprstvz" : "aeiouyaeiouaeiou")[(int)(rest & 15)];
            rest = (rest >> 4) | (rest << 28);
        }

        return new string(letters[..length]);
    }
}
