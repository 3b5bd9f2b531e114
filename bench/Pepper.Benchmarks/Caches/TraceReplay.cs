using Microsoft.Extensions.Caching.Memory;
using Pepper.Resources.Policies;

namespace Pepper.Benchmarks;

/// <summary>
/// Replays a trace through what decides who stays, and counts the hits. Nothing is created: only the decisions are compared.
/// </summary>
internal static class TraceReplay
{
    private const int PatienceMilliseconds = 1000;

    /// <summary>The hits, in per cent, of one of Pepper's policies.</summary>
    public static double Policy(Trace trace, string name, int capacity)
    {
        var policy = EvictionPolicies.Create(name, new EvictionCapacity(capacity));
        var entries = new Entry?[trace.DistinctKeys];
        var hits = 0;
        foreach (var key in trace.Requests)
        {
            if (entries[key] is { } entry)
            {
                hits++;
                if (policy.OnHit(entry))
                {
                    policy.Maintain();
                }

                continue;
            }

            policy.Add(entries[key] = new Entry(key, trace.Hashes[key]));
            while (policy.IsOverCapacity && policy.FindVictim() is Entry victim)
            {
                policy.Evict(victim);
                entries[victim.Key] = null;
            }
        }

        return 100.0 * hits / trace.Requests.Length;
    }

    /// <summary>The hits, in per cent, of whoever knows the future: evicts what is asked for last (Belady, 1966).</summary>
    public static double Optimal(Trace trace, int capacity)
    {
        var requests = trace.Requests;
        var next = NextUses(trace);
        var nextOf = new int[trace.DistinctKeys];
        Array.Fill(nextOf, -1);
        var byNextUse = new SortedSet<(int Next, int Key)>();
        var hits = 0;
        for (var at = 0; at < requests.Length; at++)
        {
            var key = requests[at];
            if (nextOf[key] >= 0)
            {
                hits++;
                byNextUse.Remove((nextOf[key], key));
            }
            else if (byNextUse.Count == capacity)
            {
                var last = byNextUse.Max;
                byNextUse.Remove(last);
                nextOf[last.Key] = -1;
            }

            nextOf[key] = next[at];
            byNextUse.Add((next[at], key));
        }

        return 100.0 * hits / requests.Length;
    }

    /// <summary>
    /// The hits, in per cent, of the framework's cache with a size limit. It turns away what comes while it is full, and makes
    /// room for
    /// the next in the background: the replay waits for that, as the requests of a real program come slower than those of a file.
    /// </summary>
    public static double MemoryCache(Trace trace, int capacity)
    {
        using var cache = new MemoryCache(new MemoryCacheOptions { SizeLimit = capacity });
        var options = new MemoryCacheEntryOptions { Size = 1 };
        var hits = 0;
        foreach (var key in trace.Requests)
        {
            if (cache.TryGetValue(key, out _))
            {
                hits++;
            }
            else
            {
                var wasFull = cache.Count >= capacity;
                cache.Set(key, trace, options);
                if (wasFull)
                {
                    SpinWait.SpinUntil(() => cache.Count < capacity, PatienceMilliseconds);
                }
            }
        }

        return 100.0 * hits / trace.Requests.Length;
    }

    private static int[] NextUses(Trace trace)
    {
        var seen = new int[trace.DistinctKeys];
        Array.Fill(seen, int.MaxValue);
        var next = new int[trace.Requests.Length];
        for (var at = next.Length - 1; at >= 0; at--)
        {
            next[at] = seen[trace.Requests[at]];
            seen[trace.Requests[at]] = at;
        }

        return next;
    }

    private sealed class Entry(int key, int hash) : EvictionNode(hash)
    {
        public int Key { get; } = key;

        public override bool IsPinned => false;
    }
}
