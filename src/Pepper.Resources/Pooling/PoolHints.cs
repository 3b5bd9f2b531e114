using System.Numerics;
using System.Runtime.InteropServices;

namespace Pepper.Resources.Pooling;

/// <summary>
/// Where each processor looks first: the top of its stack of entries that came back, or what is no index. Two threads on two
/// processors then claim from two entries, and one thread finds what it gave back last. Wrong hints cost a scan, never
/// correctness.
/// </summary>
internal sealed class PoolHints
{
    private readonly Padded[] _hints = new Padded[BitOperations.RoundUpToPowerOf2((uint)Environment.ProcessorCount)];

    internal ref int ForThisProcessor() => ref _hints[YieldPoint.Processor & (_hints.Length - 1)].Index;

    // Two cache lines: processors fetch lines in pairs.
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Padded
    {
        [FieldOffset(64)]
        internal int Index;
    }
}
