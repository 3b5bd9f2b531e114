namespace Pepper.Resources.Dashboard;

/// <summary>One time series: a value, or the buckets of a histogram. Written by any number of threads without a lock.</summary>
internal sealed class MetricSeries(string labels, double[]? bounds)
{
    private readonly long[] _buckets = bounds is null ? [] : new long[bounds.Length + 1];
    private long _whole;
    private double _fraction;

    /// <summary>The labels as they are exported, without braces: <c>pool="orders",state="idle"</c>.</summary>
    internal string Labels { get; } = labels;

    internal long Whole => Volatile.Read(ref _whole);

    /// <summary>The value, or the sum of a histogram.</summary>
    internal double Fraction => Volatile.Read(ref _fraction);

    internal void Add(long value) => Interlocked.Add(ref _whole, value);

    internal void Set(long value) => Volatile.Write(ref _whole, value);

    internal void Set(double value) => Volatile.Write(ref _fraction, value);

    internal void Add(double value)
    {
        var before = Volatile.Read(ref _fraction);
        while (true)
        {
            var seen = Interlocked.CompareExchange(ref _fraction, before + value, before);
            if (BitConverter.DoubleToInt64Bits(seen) == BitConverter.DoubleToInt64Bits(before))
            {
                return;
            }

            before = seen;
        }
    }

    /// <summary>Counts a value into the first bucket whose bound, inclusive, it does not exceed.</summary>
    internal void Observe(double value)
    {
        var index = 0;
        var limits = bounds!;
        while (index < limits.Length && value > limits[index])
        {
            index++;
        }

        Interlocked.Increment(ref _buckets[index]);
        Add(value);
    }

    /// <summary>The count of each bucket alone; the last is that of everything above the last bound.</summary>
    internal long[] ReadBuckets()
    {
        var counts = new long[_buckets.Length];
        for (var index = 0; index < counts.Length; index++)
        {
            counts[index] = Volatile.Read(ref _buckets[index]);
        }

        return counts;
    }
}
