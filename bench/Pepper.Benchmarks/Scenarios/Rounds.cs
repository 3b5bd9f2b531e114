namespace Pepper.Benchmarks;

/// <summary>Runs peers in turn, the order rotated each round, and takes medians.</summary>
internal static class Rounds
{
    internal static async Task<IReadOnlyList<Result>> RunAsync(
        string scenario, IReadOnlyList<Peer> peers, int rounds, Func<Peer, Task<Sample>> measure)
    {
        await WarmUpAsync(peers);
        var samples = peers.ToDictionary(static peer => peer, static _ => new List<Sample>());
        for (var round = 0; round < rounds; round++)
        {
            for (var turn = 0; turn < peers.Count; turn++)
            {
                var peer = peers[(turn + round) % peers.Count];
                samples[peer].Add(await measure(peer));
                await peer.DisposeAsync();
                GC.Collect();
            }
        }

        return Summarize(scenario, [.. peers.Select(peer => (peer.Name, peer.Version, samples[peer]))]);
    }

    /// <summary>Medians, and ratios to the first.</summary>
    internal static IReadOnlyList<Result> Summarize(
        string scenario, IReadOnlyList<(string Name, string Version, List<Sample> Samples)> peers)
    {
        List<Result> results = [];
        foreach (var (name, version, samples) in peers)
        {
            results.Add(new Result
            {
                Scenario = scenario,
                Peer = name,
                Version = version,
                NsPerOp = Median(samples, static sample => sample.NsPerOp),
                KopsPerSec = Median(samples, static sample => sample.KopsPerSec),
                P99us = Median(samples, static sample => sample.P99us),
                P999us = Median(samples, static sample => sample.P999us),
                BytesPerOp = Median(samples, static sample => sample.BytesPerOp),
                Turns = Median(samples, static sample => sample.Turns),
                UtilisationPercent = Median(samples, static sample => sample.UtilisationPercent),
                HoldUs = Median(samples, static sample => sample.HoldUs),
            });
        }

        var ours = results[0];
        return [.. results.Select(result => result with { RatioToPepper = Ratio(result, ours) })];
    }

    /// <summary>
    /// Calls every loop so often that the runtime compiles it for good: a loop that was replaced while it ran is not the code
    /// that users get.
    /// </summary>
    private static async Task WarmUpAsync(IReadOnlyList<Peer> peers)
    {
        using var source = new CancellationTokenSource();
        for (var pass = 0; pass < 3; pass++)
        {
            foreach (var peer in peers.Where(static peer => !peer.IsWarm))
            {
                await peer.PrepareAsync(8);
                for (var call = 0; call < 40; call++)
                {
                    await peer.LoopAsync(500);
                    await peer.LoopAsync(500, source.Token);
                    await peer.YieldLoopAsync(50, new WaitSamples(8));
                    await peer.YieldLoopAsync(50, TimeSpan.FromSeconds(30), source.Token);
                }

                peer.IsWarm = pass == 2;
                await peer.DisposeAsync();
            }

            await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System);
        }
    }

    private static double? Ratio(Result result, Result ours) =>
        result.NsPerOp is { } time ? time / ours.NsPerOp
        : result.KopsPerSec is { } throughput ? throughput / ours.KopsPerSec
        : result.BytesPerOp is { } bytes && ours.BytesPerOp > 0 ? bytes / ours.BytesPerOp : null;

    private static double? Median(List<Sample> samples, Func<Sample, double?> pick)
    {
        var sorted = samples.Select(pick).OfType<double>().Order().ToArray();
        return sorted.Length == 0 ? null : sorted[sorted.Length / 2];
    }
}
