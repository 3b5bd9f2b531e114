namespace Pepper.Resources;

/// <summary>Which pools serve when another cannot.</summary>
internal static class FallbackPlan
{
    internal static IReadOnlyDictionary<string, IReadOnlyList<string>> Of(
        IReadOnlyList<(string Pool, string[] Fallbacks)> wanted, IReadOnlyList<CoordinatedPart> parts, List<string> faults)
    {
        Dictionary<string, IReadOnlyList<string>> plan = new(StringComparer.Ordinal);
        foreach (var (pool, fallbacks) in wanted)
        {
            if (Find(pool, parts) is not { } primary)
            {
                faults.Add($"A fallback is given for '{pool}', which is no pool.");
            }
            else if (fallbacks.Length == 0)
            {
                faults.Add($"The fallbacks of pool '{pool}' are none.");
            }
            else if (!plan.TryAdd(pool, fallbacks))
            {
                faults.Add($"The fallbacks of pool '{pool}' are given twice.");
            }
            else
            {
                Check(primary, fallbacks, parts, faults);
            }
        }

        return plan;
    }

    private static void Check(PoolPart primary, string[] fallbacks, IReadOnlyList<CoordinatedPart> parts, List<string> faults)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var name in fallbacks)
        {
            if (name == primary.Name || !seen.Add(name))
            {
                faults.Add($"'{name}' cannot be a fallback of pool '{primary.Name}': it has been asked before.");
            }
            else if (Find(name, parts) is not { } other)
            {
                faults.Add($"'{name}' cannot be a fallback of pool '{primary.Name}': it is no pool.");
            }
            else if (other.Lent != primary.Lent)
            {
                faults.Add($"Pool '{name}' cannot be a fallback of pool '{primary.Name}': it lends {other.Lent}, "
                    + $"not {primary.Lent}.");
            }
        }
    }

    private static PoolPart? Find(string? name, IReadOnlyList<CoordinatedPart> parts) =>
        parts.OfType<PoolPart>().FirstOrDefault(part => part.Name == name);
}
