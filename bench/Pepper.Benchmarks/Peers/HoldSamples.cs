using System.Diagnostics;

namespace Pepper.Benchmarks;

/// <summary>How long each acquire took, and for how long things were in use. One thread at a time.</summary>
internal sealed class HoldSamples(int capacity, Func<Task> holdAsync)
{
    private readonly long[] _waits = new long[capacity];
    private int _count;
    private long _inUse;

    /// <summary>Begins to acquire.</summary>
    internal static long Begin() => Stopwatch.GetTimestamp();

    /// <summary>Has acquired, and begins to hold.</summary>
    internal long Acquired(long begin)
    {
        var now = Stopwatch.GetTimestamp();
        _waits[_count++] = now - begin;
        return now;
    }

    /// <summary>Is about to give it back.</summary>
    internal void Returning(long acquired) => _inUse += Stopwatch.GetTimestamp() - acquired;

    /// <summary>Holds for about a millisecond: timers are coarse, so the true time is measured.</summary>
    internal Task HoldAsync() => holdAsync();

    internal static double PercentileMicroseconds(IEnumerable<HoldSamples> samples, double share) =>
        Ticks.PercentileMicroseconds(samples.SelectMany(static one => one._waits.Take(one._count)), share);

    /// <summary>The sum of the times in use.</summary>
    internal static TimeSpan InUse(IEnumerable<HoldSamples> samples) =>
        Stopwatch.GetElapsedTime(0, samples.Sum(static one => one._inUse));
}
