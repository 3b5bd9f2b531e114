using System.Diagnostics;
using static System.FormattableString;

namespace Pepper.Benchmarks;

/// <summary>Many clients over few places, each held for a millisecond: how long they wait, and how busy the places are.</summary>
internal static class Holding
{
    private const double MaxP99Ms = 10;
    private const double MinUtilisationPercent = 80;
    private const double MaxHoldUs = 2000;

    internal static async Task<Sample> MeasureAsync(Peer peer, int clients, int places, int operations, bool isPrecise)
    {
        using var clock = new HoldClock();
        Func<Task> holdAsync = isPrecise
            ? clock.HoldAsync
            : static () => Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        await peer.PrepareAsync(places);
        await RunAsync(20);
        var started = Stopwatch.GetTimestamp();
        var samples = await RunAsync(operations / clients);
        var time = Stopwatch.GetElapsedTime(started);
        var inUse = HoldSamples.InUse(samples);
        var done = operations / clients * clients;
        return new Sample(
            KopsPerSec: done / time.TotalMilliseconds,
            P99us: HoldSamples.PercentileMicroseconds(samples, 0.99),
            P999us: HoldSamples.PercentileMicroseconds(samples, 0.999),
            UtilisationPercent: 100 * inUse.TotalMilliseconds / (places * time.TotalMilliseconds),
            HoldUs: inUse.TotalMicroseconds / done);

        async Task<HoldSamples[]> RunAsync(int each)
        {
            var all = Enumerable.Range(0, clients).Select(_ => new HoldSamples(each, holdAsync)).ToArray();
            await Task.WhenAll(all.Select(mine => Task.Run(() => peer.HoldLoopAsync(each, mine))));
            return all;
        }
    }

    /// <summary>Whether the first peer keeps the limits of the requirement; null for a scenario that has none.</summary>
    internal static string? Verdict(IReadOnlyList<Result> results)
    {
        if (results[0] is not { P99us: { } p99, UtilisationPercent: { } utilisation, HoldUs: { } hold } ours)
        {
            return null;
        }

        return hold > MaxHoldUs
            ? Invariant($"no verdict: this system's timers made a hold of 1 ms one of {hold / 1000:0.0} ms")
            : Invariant($"{ours.Peer}: p99 of acquiring {p99 / 1000:0.00} ms, < {MaxP99Ms} ms: {Word(p99 / 1000 < MaxP99Ms)}; ")
                + Invariant($"utilisation {utilisation:0.0} %, > {MinUtilisationPercent} %: ")
                + Word(utilisation > MinUtilisationPercent);
    }

    private static string Word(bool isPassed) => isPassed ? "pass" : "FAIL";
}
