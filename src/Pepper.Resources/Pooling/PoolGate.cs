using System.Runtime.InteropServices;

namespace Pepper.Resources.Pooling;

/// <summary>
/// What changes with every wait, on cache lines of its own: the rest of the pool is read by every processor all the time. Two
/// lines on each side, as processors fetch lines in pairs.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct PoolGate
{
    /// <summary>Zero when the pool is open and nobody waits.</summary>
    [FieldOffset(64)]
    internal long Word;

    /// <summary>How many callers have had to wait. Under the pool's lock.</summary>
    [FieldOffset(72)]
    internal long Waits;

    /// <summary>Protects what is not atomic, here and in the pool.</summary>
    [FieldOffset(80)]
    internal PoolLatch Latch;

    /// <summary>Who waits. Under the latch.</summary>
    [FieldOffset(88)]
    internal PoolWaiterQueue Waiters;
}
