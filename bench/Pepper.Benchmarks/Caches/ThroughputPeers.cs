using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Memory;
using Pepper.Resources;
using Pepper.Resources.Caching;

namespace Pepper.Benchmarks;

/// <summary>
/// A cache that holds all keys, and gets one after another. The loop is its own, so that no call is added to a get.
/// </summary>
internal abstract class ThroughputPeer(string name) : IAsyncDisposable
{
    public string Name => name;

    public abstract ValueTask FillAsync(string[] keys);

    /// <summary>Gets the keys of the sequence from a place on, so many; the number of those that were there.</summary>
    public abstract int Run(string[] keys, int[] sequence, int from, int count);

    public abstract ValueTask DisposeAsync();
}

/// <summary>Ours: a get is <c>TryGet</c> and the dispose of its lease.</summary>
internal sealed class PepperThroughputPeer(string name, Action<ResourceCacheOptions<string, object>> configure)
    : ThroughputPeer(name)
{
    private readonly ResourceCache<string, object> _cache = New(configure);

    public override async ValueTask FillAsync(string[] keys)
    {
        foreach (var key in keys)
        {
            await _cache.PutAsync(key, new object());
        }
    }

    public override int Run(string[] keys, int[] sequence, int from, int count)
    {
        var hits = 0;
        for (var i = 0; i < count; i++)
        {
            if (_cache.TryGet(keys[sequence[(from + i) & (sequence.Length - 1)]], out var lease))
            {
                hits++;
                lease.Dispose();
            }
        }

        return hits;
    }

    public override ValueTask DisposeAsync() => _cache.DisposeAsync();

    private static ResourceCache<string, object> New(Action<ResourceCacheOptions<string, object>> configure)
    {
        ResourceCacheOptions<string, object> options = new() { Name = "bench", Capacity = 1_000_000 };
        configure(options);
        return new ResourceCache<string, object>(options, monitor: new ResourceMonitor());
    }
}

/// <summary>The framework's cache, which lends nothing: what it evicts is in its holder's hands.</summary>
internal sealed class MemoryCacheThroughputPeer(bool expires)
    : ThroughputPeer(expires ? "MemoryCache, SlidingExpiration" : "MemoryCache")
{
    private readonly MemoryCache _cache = new(new MemoryCacheOptions());

    public override ValueTask FillAsync(string[] keys)
    {
        foreach (var key in keys)
        {
            using var entry = _cache.CreateEntry(key);
            entry.Value = new object();
            entry.SlidingExpiration = expires ? TimeSpan.FromHours(1) : null;
        }

        return default;
    }

    public override int Run(string[] keys, int[] sequence, int from, int count)
    {
        var hits = 0;
        for (var i = 0; i < count; i++)
        {
            hits += _cache.TryGetValue(keys[sequence[(from + i) & (sequence.Length - 1)]], out _) ? 1 : 0;
        }

        return hits;
    }

    public override ValueTask DisposeAsync()
    {
        _cache.Dispose();
        return default;
    }
}

/// <summary>A dictionary, which evicts nothing and counts nothing: what a lookup costs.</summary>
internal sealed class DictionaryThroughputPeer() : ThroughputPeer("ConcurrentDictionary")
{
    private readonly ConcurrentDictionary<string, object> _entries = new();

    public override ValueTask FillAsync(string[] keys)
    {
        foreach (var key in keys)
        {
            _entries[key] = new object();
        }

        return default;
    }

    public override int Run(string[] keys, int[] sequence, int from, int count)
    {
        var hits = 0;
        for (var i = 0; i < count; i++)
        {
            hits += _entries.TryGetValue(keys[sequence[(from + i) & (sequence.Length - 1)]], out _) ? 1 : 0;
        }

        return hits;
    }

    public override ValueTask DisposeAsync() => default;
}
