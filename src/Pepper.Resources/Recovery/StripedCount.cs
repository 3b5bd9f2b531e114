using System.Runtime.InteropServices;

namespace Pepper.Resources.Recovery;

/// <summary>A count that many processors raise at the same time: each has a cell on a cache line of its own.</summary>
/// <param name="isStriped">Whether there is more than one cell: where counts are many, memory matters more.</param>
internal sealed class StripedCount(bool isStriped)
{
    private static readonly int Stripes = (int)System.Numerics.BitOperations.RoundUpToPowerOf2(
        (uint)Math.Min(Environment.ProcessorCount, 8));

    private readonly Cell[] _cells = new Cell[isStriped ? Stripes : 1];

    internal void Increment() => Interlocked.Increment(ref _cells[Thread.GetCurrentProcessorId() & (_cells.Length - 1)].Value);

    internal long Read()
    {
        long sum = 0;
        for (int i = 0; i < _cells.Length; i++)
        {
            sum += Volatile.Read(ref _cells[i].Value);
        }

        return sum;
    }

    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Cell
    {
        [FieldOffset(64)]
        internal long Value;
    }
}
