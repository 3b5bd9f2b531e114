namespace Pepper.Resources.Caching;

/// <content>What is lent in the place of something newer that is not to be had elsewhere, a pool's say.</content>
public sealed partial class ResourceCache<TKey, T>
{
    /// <summary>
    /// Lends what there is under a key, if it was loaded or put less than so long ago; loads nothing. It may have expired, as
    /// long as fail-safe keeps it (<see cref="ResourceCacheOptions{TKey, T}.ServeStaleFor"/>). The lease says that it is
    /// outdated, also where the cache itself would have served it as fresh: the caller had asked for something newer.
    /// </summary>
    /// <remarks>Needs <see cref="ResourceCacheOptions{TKey, T}.KeepsAge"/>, or something that expires.</remarks>
    internal bool TryGetStandIn(TKey key, TimeSpan maxAge, out Lease<T> lease)
    {
        if (FindStandIn(key, maxAge) is not { } entry)
        {
            _misses.Increment();
            lease = default;
            return false;
        }

        lease = Lend(entry, isHit: true);
        ((CacheLoan)lease.Slot!).IsStandIn = true;
        return true;
    }

    private TimedCacheEntry<TKey>? FindStandIn(TKey key, TimeSpan maxAge)
    {
        var now = _clock.Now;
        TimedCacheEntry<TKey> entry;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_table.Find(key) is not TimedCacheEntry<TKey> found || now >= CacheClock.After(found.WrittenAt, maxAge)
                || !MayServeStale(found, now) || !found.TryLease(this))
            {
                return null;
            }

            entry = found;
            NoteStale(entry, now);
        }

        // A policy of the user's may be asked until when it is good.
        if (_notesReads)
        {
            NoteRead(entry, now);
        }

        return entry;
    }
}
