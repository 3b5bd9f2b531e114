using System.Diagnostics;

namespace Pepper.Benchmarks;

/// <summary>What a caller that waits costs, and what it costs to cancel one of many.</summary>
internal static class Waiters
{
    private const int Places = 4;

    internal static async Task<Sample> BytesAsync(Peer peer, bool hasToken, bool hasTimeout)
    {
        const int count = 2_000;
        await peer.PrepareAsync(Places);
        await peer.TakeAllAsync(Places, count);
        using var source = new CancellationTokenSource();
        var token = hasToken ? source.Token : CancellationToken.None;
        var timeout = hasTimeout ? TimeSpan.FromSeconds(30) : (TimeSpan?)null;

        // A registration with a token is the runtime's: its cost is measured apart, and taken off.
        var bytes = Park(peer, count, timeout, token) - (hasToken ? MeasureRegistrations(count) : 0);
        if (hasToken)
        {
            await source.CancelAsync();
            await peer.EndParkedAsync();
        }

        return new Sample(BytesPerOp: Math.Round((double)bytes / count));
    }

    internal static async Task<Sample> CancelAsync(Peer peer, bool isNewestFirst)
    {
        const int count = 20_000;
        const int cancelled = 2_000;
        await peer.PrepareAsync(Places);
        await peer.TakeAllAsync(Places, count);
        var sources = Enumerable.Range(0, count).Select(static _ => new CancellationTokenSource()).ToArray();
        for (var index = 0; index < count; index++)
        {
            peer.Park(index, null, sources[index].Token);
        }

        var started = Stopwatch.GetTimestamp();
        CancelSome(sources, cancelled, isNewestFirst);
        var time = Stopwatch.GetElapsedTime(started);
        foreach (var source in sources)
        {
            await source.CancelAsync();
            source.Dispose();
        }

        await peer.EndParkedAsync();
        return new Sample(NsPerOp: time.TotalNanoseconds / cancelled);
    }

    private static void CancelSome(CancellationTokenSource[] sources, int cancelled, bool isNewestFirst)
    {
        for (var index = 0; index < cancelled; index++)
        {
            sources[isNewestFirst ? sources.Length - 1 - index : index].Cancel();
        }
    }

    private static long Park(Peer peer, int count, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        for (var index = 0; index < count; index++)
        {
            peer.Park(index, timeout, cancellationToken);
        }

        return GC.GetAllocatedBytesForCurrentThread() - bytes;
    }

    private static long MeasureRegistrations(int count)
    {
        using var source = new CancellationTokenSource();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var index = 0; index < count; index++)
        {
            source.Token.UnsafeRegister(static _ => { }, null);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
