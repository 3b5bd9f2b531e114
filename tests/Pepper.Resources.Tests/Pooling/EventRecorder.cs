using System.Collections.Concurrent;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Keeps the events of a pool.</summary>
internal sealed class EventRecorder
{
    internal ConcurrentQueue<PoolEvent> Seen { get; } = new();

    internal IEnumerable<PoolEventKind> Kinds => Seen.Select(static one => one.Kind);

    internal PoolEvent this[PoolEventKind kind] => Seen.First(one => one.Kind == kind);

    internal void Handle(PoolEvent one) => Seen.Enqueue(one);

    internal int Count(PoolEventKind kind) => Seen.Count(one => one.Kind == kind);

    internal Task UntilSeen(PoolEventKind kind) => PoolTestBase.Until(() => Count(kind) > 0, $"the event {kind}");
}
