using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Pepper.Resources.Pooling;

/// <summary>
/// The pool's lock: one number that stands beside what it protects, so that a processor which takes it fetches both at once. A
/// lock that is an object of its own costs a contended pool another cache line with each wait and each return.
/// </summary>
/// <remarks>
/// It is held for some dozens of instructions: nothing waits, and no user code runs, under it. Who finds it taken spins, and
/// gives its processor away when that takes long. Not reentrant. Giving it back is a store, as nobody sleeps on it.
/// </remarks>
internal struct PoolLatch
{
    private int _taken;
    private int _holder;

    internal readonly bool IsHeldByCurrentThread => _holder == Environment.CurrentManagedThreadId;

    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Scope EnterScope()
    {
        YieldPoint.Reach();
        if (Interlocked.CompareExchange(ref _taken, 1, 0) != 0)
        {
            EnterSlowly();
        }

        NoteHolder(Environment.CurrentManagedThreadId);
        return new Scope(ref this);
    }

    private void EnterSlowly()
    {
        var spinner = default(SpinWait);
        do
        {
            spinner.SpinOnce(sleep1Threshold: -1);
        }
        while (Volatile.Read(ref _taken) != 0 || Interlocked.CompareExchange(ref _taken, 1, 0) != 0);
    }

    [Conditional("DEBUG")]
    private void NoteHolder(int thread)
    {
        _holder = thread;
        YieldPoint.CountLatch(thread == 0 ? -1 : 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Exit()
    {
        NoteHolder(0);
        Volatile.Write(ref _taken, 0);
        YieldPoint.Reach();
    }

    internal readonly ref struct Scope
    {
        private readonly ref PoolLatch _latch;

        internal Scope(ref PoolLatch latch) => _latch = ref latch;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Dispose() => _latch.Exit();
    }
}
