using System.Diagnostics;

namespace Pepper.Benchmarks;

/// <summary>The scenarios that acquire and release as fast as they can.</summary>
internal static class Loops
{
    internal static async Task<Sample> OneThreadAsync(Peer peer, int operations, CancellationToken cancellationToken)
    {
        await peer.PrepareAsync(8);
        await RunAsync(peer, 20_000, cancellationToken);
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var started = Stopwatch.GetTimestamp();
        await RunAsync(peer, operations, cancellationToken);
        var time = Stopwatch.GetElapsedTime(started);
        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        return new Sample(NsPerOp: time.TotalNanoseconds / operations, BytesPerOp: Math.Round((double)bytes / operations, 2));
    }

    internal static async Task<Sample> TwoThreadsAsync(Peer peer, int operations)
    {
        await peer.PrepareAsync(8);
        using var start = new Barrier(2);
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var times = await Task.WhenAll(Task.Run(RunOneAsync), Task.Run(RunOneAsync));
        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        return new Sample(
            KopsPerSec: operations / times.Average(static time => time.TotalMilliseconds) * 2,
            BytesPerOp: Math.Round((double)bytes / (2 * operations), 2));

        async Task<TimeSpan> RunOneAsync()
        {
            await peer.LoopAsync(1_000);
            start.SignalAndWait();
            var started = Stopwatch.GetTimestamp();
            await peer.LoopAsync(operations);
            return Stopwatch.GetElapsedTime(started);
        }
    }

    internal static async Task<Sample> ContendedAsync(Peer peer, int tasks, int places, int operations)
    {
        await peer.PrepareAsync(places);
        var each = operations / tasks;
        await Task.WhenAll(Enumerable.Range(0, tasks).Select(_ => Task.Run(() => peer.YieldLoopAsync(200, new WaitSamples(0)))));
        var samples = Enumerable.Range(0, tasks).Select(_ => new WaitSamples((each / 8) + 1)).ToArray();
        var (arrived, ended) = (0, 0);
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var started = Stopwatch.GetTimestamp();
        var firsts = await Task.WhenAll(samples.Select(mine => Task.Run(() => RunOneAsync(mine))));
        var time = Stopwatch.GetElapsedTime(started);
        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        var isTimed = peer.IsBounded;
        return new Sample(
            KopsPerSec: each * tasks / time.TotalMilliseconds,
            P99us: isTimed ? WaitSamples.PercentileMicroseconds(samples, 0.99) : null,
            P999us: isTimed ? WaitSamples.PercentileMicroseconds(samples, 0.999) : null,
            BytesPerOp: Math.Round((double)bytes / (each * tasks), 1),
            Turns: isTimed ? firsts.OfType<double>().Single() : null);

        // Later on those are left who had fewer turns, and catch up: so the first who ends looks how far the others are.
        async Task<double?> RunOneAsync(WaitSamples mine)
        {
            // Nobody is to have had turns before the last one has come.
            Interlocked.Increment(ref arrived);
            while (Volatile.Read(ref arrived) < tasks)
            {
                await Task.Yield();
            }

            await peer.YieldLoopAsync(each, mine);
            return Interlocked.Exchange(ref ended, 1) == 0
                ? (double)each / Math.Max(1, samples.Min(static one => one.Operations))
                : null;
        }
    }

    internal static async Task<Sample> ContendedWithTimeoutAsync(Peer peer, int tasks, int places, int operations)
    {
        await peer.PrepareAsync(places);
        using var source = new CancellationTokenSource();
        var each = operations / tasks;
        await Task.WhenAll(Enumerable.Range(0, tasks).Select(_ => Task.Run(() => LoopAsync(200))));
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, tasks).Select(_ => Task.Run(() => LoopAsync(each))));
        var time = Stopwatch.GetElapsedTime(started);
        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        return new Sample(
            KopsPerSec: each * tasks / time.TotalMilliseconds, BytesPerOp: Math.Round((double)bytes / (each * tasks), 1));

        Task LoopAsync(int count) => peer.YieldLoopAsync(count, TimeSpan.FromSeconds(30), source.Token);
    }

    private static Task RunAsync(Peer peer, int operations, CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled ? peer.LoopAsync(operations, cancellationToken) : peer.LoopAsync(operations);
}
