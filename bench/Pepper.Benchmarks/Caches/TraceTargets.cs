namespace Pepper.Benchmarks;

/// <summary>What Pepper wants of its policies on the traces it knows; traces of other names have no targets.</summary>
internal static class TraceTargets
{
    /// <summary>Hit rates of S3-FIFO as its paper has it, in per cent, at 10, 20 and 40 % of the keys.</summary>
    private static readonly Dictionary<string, double[]> PlainS3Fifo = new(StringComparer.Ordinal)
    {
        ["sprite"] = [86.1, 91.7, 93.6],
        ["cpp"] = [80.3, 85.0, 85.6],
        ["web12"] = [72.2, 78.0, 82.2],
    };

    private static readonly (string Trace, int Percent, double OfAll, double OfOptimal)[] Wanted =
    [
        ("sprite", 10, 80, 0), ("cpp", 20, 80, 0), ("web12", 40, 80, 0), ("web12", 20, 0, 92), ("sprite", 20, 0, 97),
    ];

    /// <summary>What is wanted, what came out, and whether that is enough.</summary>
    public static IEnumerable<(string Wanted, double Target, double Found)> Of(IReadOnlyList<TraceResult> results)
    {
        foreach (var result in results)
        {
            var at = $"{result.Trace} at {result.Percent} %";
            if (PlainS3Fifo.TryGetValue(result.Trace, out var plain))
            {
                yield return ($"{at}: the default, as plain S3-FIFO", plain[result.Percent / 20], result.Default);
            }

            yield return ($"{at}: `adaptive`, as the best single policy minus 1", result.BestSingle - 1, result.Adaptive);
            foreach (var (_, _, ofAll, ofOptimal) in
                Wanted.Where(one => (one.Trace, one.Percent) == (result.Trace, result.Percent)))
            {
                yield return ofAll > 0
                    ? ($"{at}: the default, of all requests", ofAll, result.Default)
                    : ($"{at}: the default, in per cent of OPT", ofOptimal, 100 * result.Default / result.Optimal);
            }
        }
    }
}

/// <summary>Hit rates on one trace at one capacity, in per cent.</summary>
internal sealed record TraceResult(
    string Trace, int Percent, IReadOnlyDictionary<string, double> Policies, double MemoryCache, double Optimal)
{
    public double Default => Policies[Resources.Policies.EvictionPolicies.Default];

    public double Adaptive => Policies["adaptive"];

    public double BestSingle => Policies.Where(policy => policy.Key != "adaptive").Max(policy => policy.Value);
}
