namespace Pepper.Benchmarks;

/// <summary>What keeping one more idle thing costs, beyond the thing.</summary>
internal static class IdleBytes
{
    private const int Few = 10_000;
    private const int Many = 20_000;

    /// <summary>An object without fields: header, type, and the least that there may be behind them.</summary>
    private static int OwnBytes => 3 * IntPtr.Size;

    internal static async Task<Sample> MeasureAsync(Peer peer)
    {
        // The first filling leaves behind what the runtime keeps for later ones.
        await FillAsync(peer, Many);
        var few = await FillAsync(peer, Few);
        var many = await FillAsync(peer, Many);
        return new Sample(BytesPerOp: Math.Round(((double)(many - few) / (Many - Few)) - OwnBytes, 1));
    }

    /// <summary>The bytes that stay when everything else is collected.</summary>
    private static async Task<long> FillAsync(Peer peer, int count)
    {
        await peer.PrepareAsync(1);
        var before = LiveBytes();
        await peer.FillAsync(count);
        var bytes = LiveBytes() - before;
        GC.KeepAlive(peer);
        return bytes;
    }

    private static long LiveBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
