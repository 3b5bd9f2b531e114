using System.Numerics;
using System.Runtime.InteropServices;

namespace Pepper.Resources.Policies;

/// <summary>
/// Hits that many threads noted, until the holder of the cache's lock applies them: a few small rings, one for each thread or
/// so. A full
/// ring and a lost race drop the hit, so that noting one never waits. That an order of use bears such losses is the finding of
/// BP-Wrapper
/// (Ding, Jiang, Zhang: "BP-Wrapper: a system framework making any replacement algorithms (almost) lock contention free", ICDE
/// 2009);
/// Caffeine has shown it for caches in memory.
/// </summary>
internal sealed class HitBuffer
{
    private const int Size = 32;
    private const int MaxRings = 32;

    private readonly Ring[] _rings;

    /// <summary>Creates a buffer of so many rings, a power of two; by default one for each processor, up to 32.</summary>
    public HitBuffer(int rings = 0)
    {
        rings = rings > 0 ? rings : (int)BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, MaxRings));
        _rings = new Ring[rings];
        for (var i = 0; i < rings; i++)
        {
            _rings[i] = new Ring();
        }
    }

    /// <summary>Notes a hit, or loses it. True when the ring is full and wants to be drained.</summary>
    public bool Offer(EvictionNode node)
    {
        // By thread and not by processor: the hits of one thread then stay in their order.
        var ring = _rings[Environment.CurrentManagedThreadId & (_rings.Length - 1)];
        var tail = Volatile.Read(ref ring.Tail.Value);
        var used = tail - Volatile.Read(ref ring.Head.Value);
        if (used >= Size)
        {
            return true;
        }

        if (Interlocked.CompareExchange(ref ring.Tail.Value, tail + 1, tail) == tail)
        {
            Volatile.Write(ref ring.Slots[tail & (Size - 1)].Node, node);
        }

        return used == Size - 1;
    }

    /// <summary>Takes the next hit out; the caller holds the cache's lock, and goes on until there is none.</summary>
    public bool TryTake(ref int ring, out EvictionNode node)
    {
        for (; ring < _rings.Length; ring++)
        {
            var at = _rings[ring];
            var head = at.Head.Value;
            // A place that was taken and not yet filled ends the ring for now: its thread has been put aside between the two.
            if (head != Volatile.Read(ref at.Tail.Value) && Volatile.Read(ref at.Slots[head & (Size - 1)].Node) is { } found)
            {
                at.Slots[head & (Size - 1)].Node = null;
                Volatile.Write(ref at.Head.Value, head + 1);
                node = found;
                return true;
            }
        }

        node = null!;
        return false;
    }

    // An array of structs, as an array of an open class checks the type of each element that is written.
    private struct Slot
    {
        public EvictionNode? Node;
    }

    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Padded
    {
        [FieldOffset(64)]
        public int Value;
    }

    private sealed class Ring
    {
        public readonly Slot[] Slots = new Slot[Size];
        public Padded Head;
        public Padded Tail;
    }
}
