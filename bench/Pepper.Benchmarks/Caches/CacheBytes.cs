using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Caching.Memory;
using Pepper.Resources;
using Pepper.Resources.Caching;

namespace Pepper.Benchmarks;

/// <summary>
/// What an entry takes beside its key and its resource: 100,000 entries with one shared resource, keys made before.
/// </summary>
internal static class CacheBytes
{
    private const int Entries = 100_000;

    public static async Task AppendAsync(StringBuilder text)
    {
        var strings = Enumerable.Range(0, Entries)
            .Select(static key => key.ToString("00000000", CultureInfo.InvariantCulture)).ToArray();
        var numbers = Enumerable.Range(0, Entries).Cast<object>().ToArray();
        text.Append(CultureInfo.InvariantCulture, $"Bytes an entry at {Entries} entries, key and resource left out:").AppendLine()
            .AppendLine().AppendLine("| cache | keys | bytes |").AppendLine("|---|---|---|");
        var shared = new object();
        Append(text, "MemoryCache", "string", await MeasureAsync(() => FillMemoryCacheAsync(strings, shared)));
        Append(text, "MemoryCache", "boxed int", await MeasureAsync(() => FillMemoryCacheAsync(numbers, shared)));
        foreach (var policy in (string[])["s3-fifo", "lru"])
        {
            var bytes = await MeasureAsync(() => FillAsync(strings, shared, policy, isTimed: false));
            Append(text, $"Pepper, {policy}", "string", bytes);
        }

        int[] plain = [.. Enumerable.Range(0, Entries)];
        Append(text, "Pepper, s3-fifo", "int", await MeasureAsync(() => FillAsync(plain, shared, "s3-fifo", isTimed: false)));
        Append(text, "Pepper, s3-fifo, expiring", "string",
            await MeasureAsync(() => FillAsync(strings, shared, "s3-fifo", isTimed: true)));
    }

    private static void Append(StringBuilder text, string cache, string keys, double bytes) =>
        text.AppendLine(string.Create(CultureInfo.InvariantCulture, $"| {cache} | {keys} | {bytes:0.0} |"));

    private static async Task<double> MeasureAsync(Func<Task<object>> fill)
    {
        await WarmAsync(fill);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var cache = await fill();
        var after = GC.GetTotalMemory(forceFullCollection: true);
        GC.KeepAlive(cache);
        return (double)(after - before) / Entries;
    }

    /// <summary>The first of its kind pays for code and types. Apart, so that nothing holds it afterwards.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task WarmAsync(Func<Task<object>> fill) => GC.KeepAlive(await fill());

    private static Task<object> FillMemoryCacheAsync(object[] keys, object shared)
    {
        MemoryCache cache = new(new MemoryCacheOptions());
        foreach (var key in keys)
        {
            cache.Set(key, shared);
        }

        return Task.FromResult<object>(cache);
    }

    private static async Task<object> FillAsync<TKey>(TKey[] keys, object shared, string policy, bool isTimed)
        where TKey : notnull
    {
        ResourceCacheOptions<TKey, object> options = new() { Capacity = Entries, Eviction = policy };
        if (isTimed)
        {
            options.TimeToLive = options.IdleTimeout = TimeSpan.FromHours(1);
        }

        ResourceCache<TKey, object> cache = new(options, monitor: new ResourceMonitor());
        foreach (var key in keys)
        {
            await cache.PutAsync(key, shared);
        }

        return cache.Count == Entries
            ? cache : throw new InvalidOperationException($"Only {cache.Count} of {Entries} were kept.");
    }
}
