using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Pepper.Resources.Pooling;

/// <summary>
/// The places between two steps of the lock-free paths at which a test lets another thread go on, so that it can try out any
/// order of them. A release build has none of this; in a debug build it is a look at a field of the thread, which only such a
/// test sets, and only on threads of its own.
/// </summary>
/// <remarks>
/// Under the pool's lock nobody stops: the lock is short and spins, so whoever is to go on instead would spin for ever.
/// </remarks>
internal static class YieldPoint
{
#if DEBUG
    [ThreadStatic]
    private static IInterleaver? _interleaver;

    [ThreadStatic]
    private static int _latches;

    /// <summary>Who says when the calling thread goes on; null on all threads but those of such a test.</summary>
    internal static IInterleaver? Interleaver
    {
        get => _interleaver;
        set => _interleaver = value;
    }
#endif

    /// <summary>The processor that the calling thread runs on; it may be on another when it has the answer.</summary>
    internal static int Processor
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
#if DEBUG
            if (_interleaver is { } interleaver)
            {
                Reach();
                return interleaver.Processor;
            }
#endif
            return Thread.GetCurrentProcessorId();
        }
    }

    /// <summary>Between what the calling thread has read or written and what it reads or writes next.</summary>
    [Conditional("DEBUG")]
    internal static void Reach()
    {
#if DEBUG
        if (_interleaver is { } interleaver && _latches == 0)
        {
            interleaver.Reach();
        }
#endif
    }

    /// <summary>The calling thread has taken the pool's lock, or is about to give it back.</summary>
    [Conditional("DEBUG")]
    internal static void CountLatch(int change)
    {
#if DEBUG
        _latches += change;
#endif
    }
}
