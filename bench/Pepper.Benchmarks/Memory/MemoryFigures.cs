namespace Pepper.Benchmarks;

/// <summary>What one variant needed.</summary>
/// <param name="ClientBytes">The client process's peak resident set.</param>
/// <param name="ServerBytes">The peak of the sum over the server's processes.</param>
/// <param name="Processes">How many server processes there were at most.</param>
/// <param name="MedianUs">The median time to a connection and the answer to its first query, in microseconds.</param>
/// <param name="P99Us">Its 99th percentile.</param>
/// <param name="IsProportional">Whether memory that processes share is counted once, and not for each.</param>
internal sealed record MemoryFigures(
    long ClientBytes, long ServerBytes, int Processes, double MedianUs, double P99Us, bool IsProportional)
{
    internal long Bytes => ClientBytes + ServerBytes;

    internal static MemoryFigures Medians(IReadOnlyList<MemoryFigures> rounds) => new(
        Median(rounds, static one => one.ClientBytes),
        Median(rounds, static one => one.ServerBytes),
        Median(rounds, static one => one.Processes),
        Median(rounds, static one => one.MedianUs),
        Median(rounds, static one => one.P99Us),
        rounds.All(static one => one.IsProportional));

    private static TValue Median<TValue>(IReadOnlyList<MemoryFigures> rounds, Func<MemoryFigures, TValue> pick) =>
        rounds.Select(pick).Order().ElementAt(rounds.Count / 2);
}
