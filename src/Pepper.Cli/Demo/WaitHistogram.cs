using System.Numerics;

namespace Pepper.Cli.Demo;

/// <summary>
/// Counts waits in buckets whose width grows with the time: sixteen to each doubling, so that a percentile is at most 1/16 too
/// long, from a tenth of a microsecond to almost an hour in a few kilobytes. Adding takes no lock and may happen on any thread.
/// </summary>
internal sealed class WaitHistogram
{
    private const int SubBits = 4;
    private const int Subs = 1 << SubBits;
    private const int MaxBits = 35;
    private const int Buckets = (MaxBits - SubBits + 1) * Subs;
    private readonly long[] _counts = new long[Buckets];

    internal void Add(TimeSpan wait) => Interlocked.Increment(ref _counts[BucketOf(wait.Ticks)]);

    internal Snapshot Read()
    {
        var counts = new long[Buckets];
        for (var bucket = 0; bucket < Buckets; bucket++)
        {
            counts[bucket] = Volatile.Read(ref _counts[bucket]);
        }

        return new Snapshot(counts);
    }

    private static int BucketOf(long ticks)
    {
        var value = (ulong)Math.Clamp(ticks, 0, (1L << MaxBits) - 1);
        if (value < Subs)
        {
            return (int)value;
        }

        var shift = BitOperations.Log2(value) - SubBits;
        return ((shift + 1) << SubBits) + (int)((value >> shift) & (Subs - 1));
    }

    /// <summary>The longest time of a bucket.</summary>
    private static long LongestOf(int bucket)
    {
        if (bucket < Subs)
        {
            return bucket;
        }

        var shift = (bucket >> SubBits) - 1;
        return ((Subs + (bucket & (Subs - 1)) + 1L) << shift) - 1;
    }

    /// <summary>The counts at one moment.</summary>
    internal sealed class Snapshot
    {
        private readonly long[] _counts;

        internal Snapshot(long[] counts)
        {
            _counts = counts;
            Count = counts.Sum();
        }

        internal long Count { get; }

        /// <summary>What was counted since an earlier moment.</summary>
        internal Snapshot Since(Snapshot earlier) => new([.. _counts.Zip(earlier._counts, static (now, then) => now - then)]);

        /// <summary>A time that the given share of all waits (0 to 1) did not exceed; zero when there were none.</summary>
        internal TimeSpan Percentile(double share)
        {
            var rank = Math.Max(1, (long)Math.Ceiling(share * Count));
            var seen = 0L;
            for (var bucket = 0; bucket < Buckets; bucket++)
            {
                seen += _counts[bucket];
                if (seen >= rank)
                {
                    return TimeSpan.FromTicks(LongestOf(bucket));
                }
            }

            return TimeSpan.Zero;
        }
    }
}
