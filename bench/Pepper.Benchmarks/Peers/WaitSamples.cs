using System.Diagnostics;

namespace Pepper.Benchmarks;

/// <summary>
/// How long acquires took: every eighth is timed, as reading the clock costs about as much as an acquire. One thread at a time.
/// </summary>
internal sealed class WaitSamples(int capacity)
{
    private readonly long[] _ticks = new long[capacity];
    private int _count;
    private int _turn;
    private int _operations;

    /// <summary>How many acquires have ended so far. Any thread may ask.</summary>
    internal int Operations => Volatile.Read(ref _operations);

    internal long Begin() => (_turn++ & 7) == 0 ? Stopwatch.GetTimestamp() : 0;

    internal void End(long begin)
    {
        _operations++;
        if (begin != 0 && _count < _ticks.Length)
        {
            _ticks[_count++] = Stopwatch.GetTimestamp() - begin;
        }
    }

    internal static double PercentileMicroseconds(IEnumerable<WaitSamples> samples, double share) =>
        Ticks.PercentileMicroseconds(samples.SelectMany(static one => one._ticks.Take(one._count)), share);
}
