using System.Diagnostics;

namespace Pepper.Benchmarks;

/// <summary>How many answers there were in each tenth of a second. Safe from any thread.</summary>
internal sealed class OutagePulse
{
    private const int Steady = 5;
    private const double Full = 0.9;
    private static readonly long BucketTicks = (long)(OutageLimits.Bucket.TotalSeconds * Stopwatch.Frequency);
    private readonly long _startedAt = Stopwatch.GetTimestamp();

    // More than the longest run has.
    private readonly int[] _answers = new int[20 * 60 * 10];

    internal void Note(long timestamp) => Interlocked.Increment(ref _answers[Index(timestamp)]);

    /// <summary>The median of the whole buckets between two times.</summary>
    internal double Median(long from, long until) => Median(_answers.AsSpan(Index(from) + 1, Index(until) - Index(from) - 1));

    /// <summary>Answers in a second, on average between two times.</summary>
    internal double PerSecond(long from, long until)
    {
        var count = Index(until) - Index(from) - 1;
        var sum = 0L;
        foreach (var answers in _answers.AsSpan(Index(from) + 1, Math.Max(count, 0)))
        {
            sum += answers;
        }

        return count <= 0 ? 0 : sum / (count * OutageLimits.Bucket.TotalSeconds);
    }

    /// <summary>
    /// How long after the server was up the first bucket begins that has 90 % of what there was before, as has the median of it
    /// and the four that follow; null when there is none yet.
    /// </summary>
    internal TimeSpan? FullAfter(long upAt, double before)
    {
        var current = Index(Stopwatch.GetTimestamp());
        for (var index = Index(upAt) + 1; index + Steady <= current; index++)
        {
            if (_answers[index] >= Full * before && Median(_answers.AsSpan(index, Steady)) >= Full * before)
            {
                return Stopwatch.GetElapsedTime(upAt, _startedAt + (index * BucketTicks));
            }
        }

        return null;
    }

    private static double Median(ReadOnlySpan<int> values)
    {
        int[] sorted = [.. values];
        Array.Sort(sorted);
        return sorted.Length == 0 ? 0 : sorted[sorted.Length / 2];
    }

    private int Index(long timestamp) => (int)((timestamp - _startedAt) / BucketTicks);
}
