using System.Diagnostics;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>How many keys there are, and when one is retired.</content>
public sealed partial class KeyedResourcePool<TKey, T>
{
    private static readonly TimeSpan LongestTick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestTick = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private ITimer? _timer;
    private int _keyCount;
    private long _refusalLoggedAt;

    /// <summary>
    /// Retires a key: its pool is closed, what it keeps idle is destroyed at once, and what is lent when it comes back. Whoever
    /// waits for the key, or asks for it from now on, is served by a new pool; for as long as leases of the old one are out, the
    /// key may have these beside as many as its pool allows. <see cref="KeyedResourcePoolOptions{TKey}.MaxTotal"/> holds.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <returns>Ends when nothing but lent resources is left of the pool; false when the key had none.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    public async ValueTask<bool> RetireAsync(TKey key)
    {
        if (!_slots.TryGetValue(key, out var slot) || slot.Pool is not { } pool || !slot.TryRetire())
        {
            return false;
        }

        Forget(slot, pool, "on demand");
        await pool.DisposeAsync().ConfigureAwait(false);
        return true;
    }

    /// <summary>Takes a slot out of the directory; whoever succeeds has freed its place.</summary>
    private void Remove(KeyedSlot<TKey, T> slot)
    {
        if (_slots.TryRemove(KeyValuePair.Create(slot.Key, slot)) && slot.IsCounted)
        {
            Interlocked.Decrement(ref _keyCount);
        }
    }

    private void Forget(KeyedSlot<TKey, T> slot, ResourcePool<T> pool, string reason)
    {
        Remove(slot);
        _members.Retire(pool.Core);
        KeyedPoolLog.KeyRetired(_logger, Name, pool.Name, reason);
    }

    /// <summary>Counts one more key, for which another is retired if need be.</summary>
    private void Reserve(KeyedSlot<TKey, T> slot)
    {
        if (_options.MaxKeys is not { } most)
        {
            Interlocked.Increment(ref _keyCount);
            slot.IsCounted = true;
            return;
        }

        while (true)
        {
            var count = Volatile.Read(ref _keyCount);
            if (count < most)
            {
                if (Interlocked.CompareExchange(ref _keyCount, count + 1, count) == count)
                {
                    slot.IsCounted = true;
                    return;
                }
            }
            else if (!TryRetireLongestUnused() && Volatile.Read(ref _keyCount) >= most)
            {
                throw Refusal(most);
            }
        }
    }

    private bool TryRetireLongestUnused()
    {
        List<Unused> unused;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            unused = FindUnused_NeedsLock(_timeProvider.GetTimestamp(), TimeSpan.Zero);
        }

        // Of those that were last used within the same tick, the oldest.
        foreach (var (slot, uses) in unused.OrderBy(static one => one.Slot.LastUsedAt).ThenBy(static one => one.Slot.MadeAt))
        {
            if (TryRetireUnused(slot, uses, "to make room for another key"))
            {
                return true;
            }
        }

        return false;
    }

    private bool TryRetireUnused(KeyedSlot<TKey, T> slot, long uses, string reason)
    {
        if (!slot.TryRetireUnused(uses))
        {
            return false;
        }

        Forget(slot, slot.Pool!, reason);
        return true;
    }

    /// <summary>
    /// Looks at how often each key was used, and so finds since when it is not: for as long as it says, and at most a tick
    /// longer.
    /// </summary>
    private List<Unused> FindUnused_NeedsLock(long now, TimeSpan atLeast)
    {
        List<Unused> unused = [];
        foreach (var (_, slot) in _slots)
        {
            if (slot.Pool is not { } pool)
            {
                continue;
            }

            var uses = pool.Core.CountUses(out var isBusy);
            if (isBusy || slot.IsPinned || uses != slot.SeenUses)
            {
                slot.SeenUses = uses;
                slot.LastUsedAt = now;
            }

            if (!isBusy && !slot.IsPinned && _timeProvider.GetElapsedTime(slot.LastUsedAt, now) >= atLeast)
            {
                unused.Add(new Unused(slot, uses));
            }
        }

        return unused;
    }

    private void StartTimer()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_timer is not null || IsDisposed)
            {
                return;
            }

            var period = _options.KeyIdleTimeout is { } timeout && timeout / 4 < LongestTick ? timeout / 4 : LongestTick;
            period = period > ShortestTick ? period : ShortestTick;
            var tick = new WeakTick(this);
            using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
            {
                _timer = _timeProvider.CreateTimer(static state => ((WeakTick)state!).Run(), tick, period, period);
            }

            tick.Timer = _timer;
        }
    }

    private void OnTick()
    {
        List<Unused> unused;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            unused = FindUnused_NeedsLock(_timeProvider.GetTimestamp(), _options.KeyIdleTimeout ?? TimeSpan.MaxValue);
        }

        foreach (var (slot, uses) in unused)
        {
            TryRetireUnused(slot, uses, $"unused for KeyIdleTimeout ({_options.KeyIdleTimeout})");
        }

        _members.Sweep();
    }

    private PoolExhaustedException Refusal(int most)
    {
        var statistics = _members.GetPoolStatistics(IsClosed);
        IReadOnlyList<LeaseInfo> holders = [.. _members.GetLeases().Take(5)];
        var held = holders.Count == 0 ? string.Empty : $" Longest holders: {string.Join("; ", holders)}.";
        var message =
            $"Keyed pool '{Name}': refused at once: all of MaxKeys ({most}) keys are in use, and none can make room for another."
            + $"{held} Hold leases for less time, or raise MaxKeys.";
        LogRefusal(message);
        return new PoolExhaustedException(message, ExhaustionReason.KeysInUse, TimeSpan.Zero, statistics, holders);
    }

    private void LogRefusal(string message)
    {
        // Refusals come in numbers; one line a second says as much as a thousand.
        var now = _timeProvider.GetTimestamp();
        var last = Interlocked.Read(ref _refusalLoggedAt);
        if ((last == 0 || _timeProvider.GetElapsedTime(last, now) >= TimeSpan.FromSeconds(1))
            && Interlocked.CompareExchange(ref _refusalLoggedAt, now, last) == last)
        {
            KeyedPoolLog.KeyRefused(_logger, Name, message);
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(Volatile.Read(ref _keyCount) >= 0, "Keys are not negative.");
    }

    /// <summary>A key that is not in use, and how often it was.</summary>
    private readonly record struct Unused(KeyedSlot<TKey, T> Slot, long Uses);

    /// <summary>What the timer knows, so that a keyed pool which nobody holds any more can be collected.</summary>
    private sealed class WeakTick(KeyedResourcePool<TKey, T> pool)
    {
        private readonly WeakReference<KeyedResourcePool<TKey, T>> _pool = new(pool);

        internal ITimer? Timer { get; set; }

        internal void Run()
        {
            if (_pool.TryGetTarget(out var pool))
            {
                pool.OnTick();
            }
            else
            {
                Timer?.Dispose();
            }
        }
    }
}
