namespace Pepper.Resources.Tests.Policies;

/// <summary>Generated traces, the same in each run.</summary>
internal static class Requests
{
    /// <summary>The k-th most popular of the keys comes with a probability that falls as k to the power of the skew.</summary>
    public static IEnumerable<int> Zipf(int count, int keys, double skew = 0.9, int seed = 1, int firstKey = 0)
    {
        var random = new Random(seed);
        var sums = new double[keys];
        var sum = 0.0;
        for (var i = 0; i < keys; i++)
        {
            sums[i] = sum += Math.Pow(i + 1, -skew);
        }

        for (var i = 0; i < count; i++)
        {
            var at = Array.BinarySearch(sums, random.NextDouble() * sum);
            yield return firstKey + (at < 0 ? ~at : at);
        }
    }

    /// <summary>Keys that come once each.</summary>
    public static IEnumerable<int> Scan(int count, int firstKey = 1_000_000) => Enumerable.Range(firstKey, count);

    /// <summary>The same keys over and over.</summary>
    public static IEnumerable<int> Loop(int count, int keys, int firstKey = 0) =>
        Enumerable.Range(0, count).Select(i => firstKey + (i % keys));

    /// <summary>
    /// Each key is asked for again soon after it came, a few times, and then never: only what is recent matters.
    /// </summary>
    public static IEnumerable<int> Recency(int count, int span, int seed = 1, int firstKey = 0)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            yield return firstKey + (i / 4) + random.Next(span);
        }
    }

    /// <summary>A few keys are popular for some time, then others.</summary>
    public static IEnumerable<int> Shifting(int count, int keys, int period) =>
        Enumerable.Range(0, count / period).SelectMany(phase => Zipf(period, keys, 1.0, phase, phase * keys));

    /// <summary>Scans between popular keys.</summary>
    public static IEnumerable<int> ZipfWithScans(int rounds, int keys, int zipf, int scan)
    {
        for (var i = 0; i < rounds; i++)
        {
            foreach (var key in Zipf(zipf, keys, 1.0, i))
            {
                yield return key;
            }

            foreach (var key in Scan(scan, 1_000_000 + (i * scan)))
            {
                yield return key;
            }
        }
    }
}
