namespace Pepper.Resources.Providers;

/// <summary>Who depends on whom, and work that goes along those arrows with as much at once as they allow.</summary>
internal static class ProviderGraph
{
    /// <summary>Puts whoever is depended on first.</summary>
    /// <exception cref="ProviderDependencyException">There is a cycle.</exception>
    internal static List<ProviderEntry> Sort(IReadOnlyCollection<ProviderEntry> entries)
    {
        var names = entries.ToDictionary(static entry => entry.Name, StringComparer.Ordinal);
        var marks = new Dictionary<string, bool>(StringComparer.Ordinal);
        List<ProviderEntry> sorted = new(entries.Count);
        foreach (var entry in entries)
        {
            Visit(entry, names, marks, sorted);
        }

        return sorted;
    }

    /// <summary>Those in the set that depend on this one, directly.</summary>
    internal static IEnumerable<ProviderEntry> DependantsOf(ProviderEntry entry, IEnumerable<ProviderEntry> set) =>
        set.Where(other => other.Metadata.DependsOn.Contains(entry.Name));

    /// <summary>Does something with each, after it was done with whoever comes before it. The work never throws.</summary>
    /// <param name="ordered">All, in an order in which nobody comes before those that it follows.</param>
    /// <param name="before">Whom one follows.</param>
    /// <param name="work">Is told the first failure of those before it; gives its own, or null.</param>
    /// <returns>The failures, in the order given; null for those that succeeded.</returns>
    internal static async Task<Exception?[]> RunAsync(
        IReadOnlyList<ProviderEntry> ordered,
        Func<ProviderEntry, IEnumerable<ProviderEntry>> before,
        Func<ProviderEntry, Exception?, Task<Exception?>> work)
    {
        var tasks = new Dictionary<string, Task<Exception?>>(StringComparer.Ordinal);
        foreach (var entry in ordered)
        {
            Task<Exception?>[] earlier =
                [.. before(entry).Select(other => tasks.GetValueOrDefault(other.Name)).OfType<Task<Exception?>>()];
            tasks.Add(entry.Name, AfterAsync(earlier, failure => work(entry, failure)));
        }

        return await Task.WhenAll(ordered.Select(entry => tasks[entry.Name])).ConfigureAwait(false);
    }

    private static async Task<Exception?> AfterAsync(Task<Exception?>[] earlier, Func<Exception?, Task<Exception?>> work)
    {
        var failures = await Task.WhenAll(earlier).ConfigureAwait(false);
        return await work(Array.Find(failures, static failure => failure is not null)).ConfigureAwait(false);
    }

    // Depth first, without recursion: a chain of dependencies may be long.
    private static void Visit(
        ProviderEntry first, Dictionary<string, ProviderEntry> names, Dictionary<string, bool> marks, List<ProviderEntry> sorted)
    {
        if (marks.ContainsKey(first.Name))
        {
            return;
        }

        var path = new Stack<(ProviderEntry Entry, Queue<string> Open)>();
        Push(first);
        while (path.TryPeek(out var top))
        {
            if (!top.Open.TryDequeue(out var next))
            {
                path.Pop();
                marks[top.Entry.Name] = true;
                sorted.Add(top.Entry);
            }
            else if (names.TryGetValue(next, out var entry) && !marks.TryGetValue(next, out var isDone))
            {
                Push(entry);
            }
            else if (marks.TryGetValue(next, out isDone) && !isDone)
            {
                List<string> cycle =
                    [.. path.Select(static step => step.Entry.Name).Reverse().SkipWhile(name => name != next), next];
                throw new ProviderDependencyException(
                    $"Providers depend on each other in a cycle: {string.Join(" -> ", cycle)}.", next, cycle);
            }
        }

        void Push(ProviderEntry entry)
        {
            marks[entry.Name] = false;
            path.Push((entry, new Queue<string>(entry.Metadata.DependsOn.Order(StringComparer.Ordinal))));
        }
    }
}
