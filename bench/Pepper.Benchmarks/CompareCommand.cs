using Pepper.Tests;

namespace Pepper.Benchmarks;

/// <summary>
/// The pool and its peers, in turn in one run, the order rotated each round; medians, and ratios to Pepper. A machine may be
/// noisy and shared: the ratios are what counts.
/// </summary>
internal static class CompareCommand
{
    internal static async Task<int> RunAsync(CompareOptions options, TextWriter output)
    {
        List<Result> all = [];
        await output.WriteLineAsync(Report.Machine());
        foreach (var (name, measureAsync) in Scenarios(options.Rounds))
        {
            if (options.Only is { } text && !name.Contains(text, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var results = await measureAsync(name);
            all.AddRange(results);
            await Report.WriteTableAsync(output, results);
        }

        if (options.JsonFile is { } file)
        {
            await Report.WriteJsonAsync(file, all);
        }

        if (options.ResultsFolder is { } folder)
        {
            await Report.WriteMarkdownAsync(folder, all);
        }

        return 0;
    }

    private static IEnumerable<(string Name, Func<string, Task<IReadOnlyList<Result>>> MeasureAsync)> Scenarios(int rounds) =>
        [.. SpeedScenarios(rounds), .. MemoryScenarios(rounds), .. ServerScenarios(rounds)];

    private static IEnumerable<(string Name, Func<string, Task<IReadOnlyList<Result>>> MeasureAsync)> SpeedScenarios(int rounds)
    {
        const int fast = 2_000_000;

        // Long enough that no task is ahead for the luck of having begun on an idle processor.
        const int contended = 1_200_000;
        var source = new CancellationTokenSource();
        Peer[] all =
        [
            new PepperPeer(), new ObjectPoolPeer(), QueuePeer(), new InlineSemaphorePeer(), BagPeer(),
            new ChannelPeer(isLimited: false), new ChannelPeer(isLimited: true), new RawSlotPeer(),
        ];
        Peer[] bounded = [.. all.Where(static peer => peer.IsBounded)];
        yield return ("one thread", name => Rounds.RunAsync(
            name,
            [.. all, new PepperTrackingPeer(), new PepperFlowPeer(), new PepperStackPeer(), new PepperListenerPeer()], rounds,
            static peer => Loops.OneThreadAsync(peer, fast, CancellationToken.None)));
        yield return ("one thread, with a token", name => Rounds.RunAsync(
            name, all, rounds, peer => Loops.OneThreadAsync(peer, fast, source.Token)));
        yield return ("two threads, places for both", name => Rounds.RunAsync(
            name, all, rounds, static peer => Loops.TwoThreadsAsync(peer, fast)));
        foreach (var (tasks, places) in new[] { (8, 4), (32, 4), (128, 4), (32, 8), (128, 8) })
        {
            yield return ($"{tasks} tasks over {places}, hold = yield", name => Rounds.RunAsync(
                name, [.. bounded, new PepperFairPeer(), new RawSlotPeer()], rounds,
                peer => Loops.ContendedAsync(peer, tasks, places, contended)));
        }

        Peer[] holding = [new PepperPeer(), QueuePeer(), new ChannelPeer(isLimited: false)];
        yield return ("32 clients over 8 places, hold 1 ms", name => Rounds.RunAsync(
            name, holding, rounds, static peer => Holding.MeasureAsync(peer, 32, 8, 8_000, isPrecise: true)));
        yield return ("32 clients over 8 places, hold = Task.Delay(1 ms)", name => Rounds.RunAsync(
            name, holding, rounds, static peer => Holding.MeasureAsync(peer, 32, 8, 3_200, isPrecise: false)));

        yield return ("32 tasks over 8, 30 s timeout and token", name => Rounds.RunAsync(
            name, bounded, rounds, static peer => Loops.ContendedWithTimeoutAsync(peer, 32, 8, 400_000)));
    }

    private static IEnumerable<(string Name, Func<string, Task<IReadOnlyList<Result>>> MeasureAsync)> MemoryScenarios(int rounds)
    {
        Peer[] waiting =
        [
            new PepperPeer(), QueuePeer(), new ChannelPeer(isLimited: false), new ChannelPeer(isLimited: true),
        ];
        yield return ("a waiter, plain", name => Rounds.RunAsync(
            name, waiting, rounds, static peer => Waiters.BytesAsync(peer, hasToken: false, hasTimeout: false)));
        yield return ("a waiter with a token (its registration apart)", name => Rounds.RunAsync(
            name, waiting, rounds, static peer => Waiters.BytesAsync(peer, hasToken: true, hasTimeout: false)));
        yield return ("a waiter with token and timeout (registration apart)", name => Rounds.RunAsync(
            name, waiting, rounds, static peer => Waiters.BytesAsync(peer, hasToken: true, hasTimeout: true)));
        yield return ("cancel the oldest of 20,000 waiters", name => Rounds.RunAsync(
            name, waiting, rounds, static peer => Waiters.CancelAsync(peer, isNewestFirst: false)));
        yield return ("cancel the newest of 20,000 waiters", name => Rounds.RunAsync(
            name, waiting, rounds, static peer => Waiters.CancelAsync(peer, isNewestFirst: true)));
        Peer[] keeping =
        [
            new PepperIdlePeer(), QueuePeer(), new ChannelPeer(isLimited: false), new ChannelPeer(isLimited: true),
            new ObjectPoolPeer(),
        ];
        yield return ("an idle resource, bytes beyond itself", name => Rounds.RunAsync(
            name, keeping, rounds, IdleBytes.MeasureAsync));
    }

    private static IEnumerable<(string Name, Func<string, Task<IReadOnlyList<Result>>> MeasureAsync)> ServerScenarios(int rounds)
    {
        if (PostgresCluster.ProgramsFolder is not null)
        {
            yield return ("PostgreSQL: open, yield, close, 32 over 8", name =>
                Databases.RunAsync(name, rounds, 32, isQueried: false));
            yield return ("PostgreSQL: SELECT 1, 1 task", name => Databases.RunAsync(name, rounds, 1, isQueried: true));
            yield return ("PostgreSQL: SELECT 1, 32 over 8", name => Databases.RunAsync(name, rounds, 32, isQueried: true));
        }
    }

    private static SemaphorePeer<QueuePool> QueuePeer() =>
        new("SemaphoreSlim + ConcurrentQueue", static places => new QueuePool(places));

    private static SemaphorePeer<BagPool> BagPeer() =>
        new("SemaphoreSlim + ConcurrentBag", static places => new BagPool(places));
}
