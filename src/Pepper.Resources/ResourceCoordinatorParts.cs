using Pepper.Resources.Caching;
using Pepper.Resources.Pooling;

namespace Pepper.Resources;

/// <summary>One thing that a coordinator starts and stops.</summary>
internal abstract class CoordinatedPart(string name, IReadOnlyList<string> dependsOn)
{
    internal string Name { get; } = name;

    internal IReadOnlyList<string> DependsOn { get; } = dependsOn;

    internal abstract Task StartAsync(ResourceManager resources, CancellationToken cancellationToken);

    internal abstract Task StopAsync(ResourceManager resources, TimeSpan timeout, CancellationToken cancellationToken);
}

internal sealed class PoolPart(string name, IReadOnlyList<string> dependsOn, Type lent, Func<IResourcePool> build)
    : CoordinatedPart(name, dependsOn)
{
    private IResourcePool? _pool;

    internal IResourcePool Pool => _pool ?? throw new InvalidOperationException($"Pool '{Name}' is not built yet.");

    /// <summary>What it lends.</summary>
    internal Type Lent { get; } = lent;

    internal IResourcePool Build() => _pool = build();

    internal override Task StartAsync(ResourceManager resources, CancellationToken cancellationToken) =>
        Pool.WarmUpAsync(cancellationToken);

    internal override async Task StopAsync(ResourceManager resources, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await Pool.DrainAsync(timeout, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await Pool.DisposeAsync().ConfigureAwait(false);
        }
    }
}

/// <summary>A cache loads nothing before it is asked: its start is nothing.</summary>
internal sealed class CachePart(
    string name, IReadOnlyList<string> dependsOn, Type key, Type lent, Func<TimeSpan, bool, IResourceCache> build)
    : CoordinatedPart(name, dependsOn)
{
    private IResourceCache? _cache;

    /// <summary>By what it lends.</summary>
    internal Type Key { get; } = key;

    /// <summary>What it lends.</summary>
    internal Type Lent { get; } = lent;

    internal IResourceCache Cache => _cache ?? throw new InvalidOperationException($"Cache '{Name}' is not built yet.");

    internal IResourceCache Build(TimeSpan stopTimeout, bool keepsAge) => _cache = build(stopTimeout, keepsAge);

    internal override Task StartAsync(ResourceManager resources, CancellationToken cancellationToken) => Task.CompletedTask;

    // The cache's own DisposeTimeout is the coordinator's StopTimeout.
    internal override async Task StopAsync(ResourceManager resources, TimeSpan timeout, CancellationToken cancellationToken) =>
        await Cache.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
}

internal sealed class ResourcePart(Resource resource, IReadOnlyList<string> dependsOn)
    : CoordinatedPart(resource.Metadata.Id, dependsOn)
{
    internal override Task StartAsync(ResourceManager resources, CancellationToken cancellationToken) =>
        resources.RegisterAsync(resource, cancellationToken);

    // The manager's own ReleaseTimeout is the coordinator's StopTimeout.
    internal override Task StopAsync(ResourceManager resources, TimeSpan timeout, CancellationToken cancellationToken) =>
        resources.ReleaseAsync(Name, cancellationToken);
}

/// <summary>Puts parts into the order in which they start: each after all that it depends on.</summary>
internal static class StartOrder
{
    internal static IReadOnlyList<CoordinatedPart> Of(IReadOnlyList<CoordinatedPart> parts, List<string> faults)
    {
        Dictionary<string, CoordinatedPart> byName = new(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            if (string.IsNullOrWhiteSpace(part.Name))
            {
                faults.Add("A pool has an empty name.");
            }
            else if (!byName.TryAdd(part.Name, part))
            {
                faults.Add($"The name '{part.Name}' is taken twice.");
            }
        }

        List<CoordinatedPart> order = [];
        HashSet<CoordinatedPart> done = [];
        foreach (var part in parts)
        {
            Visit(part, [], byName, order, done, faults);
        }

        return order;
    }

    private static void Visit(
        CoordinatedPart part,
        List<CoordinatedPart> path,
        Dictionary<string, CoordinatedPart> byName,
        List<CoordinatedPart> order,
        HashSet<CoordinatedPart> done,
        List<string> faults)
    {
        if (done.Contains(part))
        {
            return;
        }

        if (path.IndexOf(part) is >= 0 and var start)
        {
            var circle = path.Skip(start).Append(part).Select(static on => on.Name);
            faults.Add($"Dependencies go round in a circle: {string.Join(" → ", circle)}.");
            return;
        }

        path.Add(part);
        foreach (var name in part.DependsOn)
        {
            if (byName.TryGetValue(name, out var dependency))
            {
                Visit(dependency, path, byName, order, done, faults);
            }
            else
            {
                faults.Add($"'{part.Name}' depends on '{name}', which is not there.");
            }
        }

        path.RemoveAt(path.Count - 1);
        if (done.Add(part))
        {
            order.Add(part);
        }
    }
}
