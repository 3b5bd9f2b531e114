namespace Pepper.Resources.Pooling;

/// <summary>
/// What is known of one key. It begins without a pool, while that is being made, and ends when it is retired; the key may get
/// another slot then. Callers that wait pin it, so that only who is told to retires it under them.
/// </summary>
internal sealed class KeyedSlot<TKey, T>(TKey key)
    where TKey : notnull
    where T : class
{
    private const int Retired = 1 << 30;
    private const int Retiring = 1 << 29;

    private readonly TaskCompletionSource _made = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile ResourcePool<T>? _pool;

    // How many callers have pinned it, and the flags above. It is born pinned by who makes its pool.
    private int _pins = 1;

    internal TKey Key { get; } = key;

    /// <summary>The key's pool; null while it is being made, and for ever when that failed.</summary>
    internal ResourcePool<T>? Pool => _pool;

    /// <summary>Ends when the pool has been made, or could not be.</summary>
    internal Task Made => _made.Task;

    /// <summary>Why it could not be made.</summary>
    internal Exception? Failure { get; private set; }

    internal bool IsRetired => (Volatile.Read(ref _pins) & Retired) != 0;

    internal bool IsPinned => (Volatile.Read(ref _pins) & ~(Retired | Retiring)) != 0;

    /// <summary>Whether it counts as a key; until then its pool is not made. Written by who makes the pool.</summary>
    internal bool IsCounted { get; set; }

    /// <summary>
    /// How often the pool had been used at the last look, and when a look last saw a change. Under the owner's lock.
    /// </summary>
    internal long SeenUses { get; set; } = -1;

    internal long LastUsedAt { get; set; }

    internal long MadeAt { get; set; }

    internal void SetPool(ResourcePool<T> pool)
    {
        _pool = pool;

        // A fence: who closes all pools next sees this one, or is seen.
        Interlocked.MemoryBarrier();
        _made.TrySetResult();
    }

    internal void Fail(Exception failure)
    {
        Failure = failure;
        _made.TrySetResult();
    }

    /// <summary>Keeps it from being retired for not being used; false when it is retired.</summary>
    internal bool TryPin()
    {
        var spin = new SpinWait();
        while (true)
        {
            var pins = Volatile.Read(ref _pins);
            if ((pins & Retired) != 0)
            {
                return false;
            }

            if ((pins & Retiring) != 0)
            {
                // It is being decided, under the pool's lock and by nothing else, whether it stays.
                spin.SpinOnce();
            }
            else if (Interlocked.CompareExchange(ref _pins, pins + 1, pins) == pins)
            {
                return true;
            }
        }
    }

    internal void Unpin() => Interlocked.Decrement(ref _pins);

    /// <summary>Retires it if it is not in use, and has not been used since its uses were counted.</summary>
    internal bool TryRetireUnused(long uses)
    {
        if (_pool is not { } pool || Interlocked.CompareExchange(ref _pins, Retiring, 0) != 0)
        {
            return false;
        }

        var isRetired = pool.Core.TryRetire(uses);
        Volatile.Write(ref _pins, isRetired ? Retired : 0);
        return isRetired;
    }

    /// <summary>Retires it, whoever uses it; false when that has been done.</summary>
    internal bool TryRetire()
    {
        var spin = new SpinWait();
        while (true)
        {
            var pins = Volatile.Read(ref _pins);
            if ((pins & Retired) != 0)
            {
                return false;
            }

            if ((pins & Retiring) != 0)
            {
                spin.SpinOnce();
            }
            else if (Interlocked.CompareExchange(ref _pins, pins | Retired, pins) == pins)
            {
                return true;
            }
        }
    }
}
