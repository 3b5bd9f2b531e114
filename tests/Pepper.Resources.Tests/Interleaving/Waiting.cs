using System.Runtime.CompilerServices;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Interleaving;

/// <summary>A caller in the queue of a pool, as long as its wait has not ended for itself.</summary>
internal sealed record Waiting(string Name, PoolWaiter Waiter, ResourcePool<Probe> Pool, int Since, AcquirePriority Priority)
{
    /// <summary>Whether nobody has served it yet: the word of the queue itself.</summary>
    internal bool IsQueued => Waiter.IsQueued;

    internal static PoolWaiter? Of(ref ValueTask<Lease<Probe>> task) => Source(ref task) as PoolWaiter;

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_obj")]
    private static extern ref object? Source(ref ValueTask<Lease<Probe>> task);
}
