namespace Pepper.Resources.Recovery;

/// <summary>The circuit of one key, and how many calls are under way through it. Safe from any thread.</summary>
internal sealed class KeyedCircuit(CircuitBreaker breaker, long now)
{
    private const int Retired = int.MinValue;

    private int _calls;
    private long _lastUsed = now;

    internal CircuitBreaker Breaker => breaker;

    internal bool IsInUse => Volatile.Read(ref _calls) > 0;

    internal long LastUsed => Volatile.Read(ref _lastUsed);

    /// <summary>False when it has been retired: the key has another circuit then, or none.</summary>
    internal bool TryBegin()
    {
        while (true)
        {
            var calls = Volatile.Read(ref _calls);
            if (calls < 0)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _calls, calls + 1, calls) == calls)
            {
                return true;
            }
        }
    }

    internal void End(long now)
    {
        Volatile.Write(ref _lastUsed, now);
        Interlocked.Decrement(ref _calls);
    }

    internal bool TryRetire()
    {
        if (Interlocked.CompareExchange(ref _calls, Retired, 0) != 0)
        {
            return false;
        }

        if (breaker.IsIsolated)
        {
            // Somebody came and isolated it since it was found fit to be retired.
            Volatile.Write(ref _calls, 0);
            return false;
        }

        return true;
    }
}
