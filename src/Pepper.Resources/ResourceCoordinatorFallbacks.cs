namespace Pepper.Resources;

/// <summary>Which pools and caches serve when a pool cannot.</summary>
internal static class FallbackPlan
{
    internal static IReadOnlyDictionary<string, IReadOnlyList<FallbackStep>> Of(
        IReadOnlyList<(string Pool, FallbackStep[] Steps)> wanted, IReadOnlyList<CoordinatedPart> parts, List<string> faults)
    {
        Dictionary<string, IReadOnlyList<FallbackStep>> plan = new(StringComparer.Ordinal);
        foreach (var pool in wanted.GroupBy(static one => one.Pool, static one => one.Steps, StringComparer.Ordinal))
        {
            if (parts.OfType<PoolPart>().FirstOrDefault(part => part.Name == pool.Key) is { } primary)
            {
                plan.Add(pool.Key, StepsOf(primary, pool, parts, faults));
            }
            else
            {
                faults.Add($"A fallback is given for '{pool.Key}', which is no pool.");
            }
        }

        return plan;
    }

    private static List<FallbackStep> StepsOf(
        PoolPart primary, IEnumerable<FallbackStep[]> calls, IReadOnlyList<CoordinatedPart> parts, List<string> faults)
    {
        List<FallbackStep> steps = [];
        var wasPools = false;
        foreach (var call in calls)
        {
            var isPools = Array.TrueForAll(call, static step => step is PoolFallback);
            if (call.Length == 0)
            {
                faults.Add($"The fallbacks of pool '{primary.Name}' are none.");
            }
            else if (isPools && wasPools)
            {
                // Whoever says it twice in a row may mean the one or the other.
                faults.Add($"The fallbacks of pool '{primary.Name}' are given twice.");
            }
            else
            {
                Add(primary, call, steps, parts, faults);
            }

            wasPools = isPools;
        }

        return steps;
    }

    private static void Add(
        PoolPart primary, FallbackStep[] call, List<FallbackStep> steps, IReadOnlyList<CoordinatedPart> parts,
        List<string> faults)
    {
        foreach (var step in call)
        {
            if (steps.Exists(step.IsSameAs))
            {
                faults.Add($"'{step.Name}' cannot be a fallback of pool '{primary.Name}': it has been asked before.");
                continue;
            }

            faults.AddRange(step.Faults(primary, parts));
            steps.Add(step);
        }
    }
}
