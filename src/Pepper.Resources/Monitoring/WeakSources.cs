using System.Runtime.CompilerServices;

namespace Pepper.Resources.Monitoring;

/// <summary>
/// What the monitor reads when it is asked. Sources are held weakly, so being watched keeps nothing alive; adding one and taking
/// it away takes a time that does not depend on how many there are.
/// </summary>
internal abstract class WeakSources<TSource>
    where TSource : class
{
    private static readonly object Present = new();

    private readonly ConditionalWeakTable<TSource, object> _sources = [];

    internal int Count => Live().Count();

    internal void Add(TSource source) => _sources.Add(source, Present);

    internal void Remove(TSource source) => _sources.Remove(source);

    /// <summary>Those that are there now. No lock is held while they are read.</summary>
    protected IEnumerable<TSource> Live() => _sources.Select(static one => one.Key);
}
