using Pepper.Resources.Providers;

namespace Pepper.Benchmarks.Memories;

/// <summary>Two writers that read one ETag and write at the same time.</summary>
internal static class TwoWriters
{
    /// <summary>In how many rounds none, one and both of them won.</summary>
    internal static async Task<int[]> RunAsync(IMemoryStore store, int rounds)
    {
        var ns = new MemoryNamespace("writers");
        var winners = new int[3];
        for (var round = 0; round < rounds; round++)
        {
            var etag = await store.PutAsync(new MemoryPut(ns, "one", "") { Index = MemoryIndex.None });
            using var start = new Barrier(2);
            var wins = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
            {
                start.SignalAndWait();
                try
                {
                    await store.PutAsync(new MemoryPut(ns, "one", "") { IfMatch = etag, Index = MemoryIndex.None });
                    return 1;
                }
                catch (MemoryConflictException)
                {
                    return 0;
                }
            })));
            winners[wins.Sum()]++;
        }

        return winners;
    }
}
