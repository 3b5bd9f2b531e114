namespace Pepper.Resources.Pooling;

/// <content>How many callers may wait for others.</content>
internal sealed partial class PoolCore
{
    private const int LooksBeforeRefusal = 10;

    /// <summary>A caller for whom a place is free, or a resource on its way, does not count as waiting for others.</summary>
    private bool MayWait_NeedsLock() =>
        _options.MaxWaiters is not { } most
        || _gate.Waiters.Count + 1 - Supply_NeedsLock() <= most;

    private int Supply_NeedsLock() =>
        FreePlaces_NeedsLock() + _creating + _validating + _keepingAlive + CountStates().Idle;

    /// <summary>
    /// Whether a resource is between two steps, where it counts neither as idle nor as on its way: then a caller who may not wait
    /// looks again, a few times.
    /// </summary>
    private bool MayComeToLight(ref SpinWait spin)
    {
        if (spin.Count >= LooksBeforeRefusal
            || CountStates().Held <= _creating + _hung + Volatile.Read(ref _validating) + _keepingAlive)
        {
            return false;
        }

        spin.SpinOnce(-1);
        return true;
    }
}
