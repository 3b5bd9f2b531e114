using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Caching;

/// <content>Time: what is fresh, what is stale, what is renewed in the background, and what is over.</content>
public sealed partial class ResourceCache<TKey, T>
{
    private const int BucketsPerLock = 4096;

    private readonly long _idleTicks;
    private ITimer? _timer;
    private long _dueAt = long.MaxValue;
    private long _armedFor = long.MaxValue;
    private bool _isSweeping;

    void ICacheKeeper.OnUsed(CacheItem item) => NoteUse((TimedCacheEntry<TKey>)item, _clock.Now);

    /// <summary>Reads first: what is in demand is not written by every processor at every hit.</summary>
    private static void NoteUse(TimedCacheEntry<TKey> entry, long now)
    {
        if (entry.UsedAt != now)
        {
            entry.UsedAt = now;
        }
    }

    private bool IsServed(CacheEntry<TKey> entry, out bool isDue) =>
        IsServed((TimedCacheEntry<TKey>)entry, _clock.Now, out isDue, notesUse: true);

    /// <summary>Whether a get is given the entry, and whether it is time to load another.</summary>
    private bool IsServed(TimedCacheEntry<TKey> entry, long now, out bool isDue, bool notesUse = false)
    {
        isDue = now >= entry.RefreshAt;
        if ((isDue && now >= entry.ExpiresAt) || IsIdleTooLong(entry, now))
        {
            return false;
        }

        if (notesUse)
        {
            NoteStale(entry, now);
            if (_notesReads)
            {
                NoteRead(entry, now);
            }
        }

        return true;
    }

    private void NoteStale(TimedCacheEntry<TKey>? entry, long now)
    {
        if (_options.ServeStaleFor != TimeSpan.Zero && now >= entry!.ExpiresAt)
        {
            Interlocked.Increment(ref _staleServed);
        }
    }

    private bool IsIdleTooLong(TimedCacheEntry<TKey> entry, long now) =>
        _idleTicks != long.MaxValue && now - entry.UsedAt >= _idleTicks && !_loans.IsLeased(entry);

    /// <summary>Whether what has expired may be given for want of another.</summary>
    private bool MayServeStale(TimedCacheEntry<TKey> entry, long now) =>
        now < CacheClock.After(entry.ExpiresAt, _options.ServeStaleFor) && !IsIdleTooLong(entry, now);

    private TimeSpan? LifetimeOf(TKey key, T resource)
    {
        if (_options.Lifetime is not { } lifetime)
        {
            return _options.TimeToLive;
        }

        try
        {
            var time = lifetime(key, resource);
            if (time is null || time > TimeSpan.Zero)
            {
                return time ?? _options.TimeToLive;
            }

            CacheLog.DelegateFailed(_logger, Name, nameof(_options.Lifetime), $"it says {time}.", null);
        }
        catch (Exception failure)
        {
            CacheLog.DelegateFailed(_logger, Name, nameof(_options.Lifetime), FailureText.Of(failure), failure);
        }

        return _options.TimeToLive;
    }

    private void SetTimes(TimedCacheEntry<TKey> entry, long now, long expiresAt)
    {
        entry.ExpiresAt = expiresAt;
        entry.RefreshAt = Math.Min(expiresAt, SoftEnd(now));
    }

    /// <summary>From when on what came in at a moment is to be refreshed, however long it is good.</summary>
    private long SoftEnd(long cameInAt) =>
        _options.RefreshAfter is { } soft ? CacheClock.After(cameInAt, soft) : long.MaxValue;

    /// <summary>
    /// A load has failed. What it was to replace is served on, if it is not too old, and for a while nothing is tried again.
    /// </summary>
    private bool TryServeStale_NeedsLock(CacheLoad<TKey, T> load, long now)
    {
        if (load.Replaces is not TimedCacheEntry<TKey> old || !ReferenceEquals(_table.Find(load.Key), old)
            || !MayServeStale(old, now))
        {
            return false;
        }

        var isStale = now >= old.ExpiresAt;
        var end = isStale ? CacheClock.After(old.ExpiresAt, _options.ServeStaleFor) : old.ExpiresAt;
        old.RefreshAt = Math.Min(CacheClock.After(now, _options.RefreshRetryDelay), end);
        Interlocked.Add(ref _staleServed, isStale ? load.Joined : 0);
        old.AddLoans(load.Joined);
        EndLoad_NeedsLock(load, old);
        return true;
    }

    /// <summary>What a refresh brought is not kept: while the old one is good, nothing is tried again for a while.</summary>
    private void Rest_NeedsLock(CacheLoad<TKey, T> load, CacheEntry<TKey>? old)
    {
        var now = _clock.Now;
        if (old is TimedCacheEntry<TKey> timed && ReferenceEquals(old, load.Replaces) && now < timed.ExpiresAt)
        {
            timed.RefreshAt = Math.Min(CacheClock.After(now, _options.RefreshRetryDelay), timed.ExpiresAt);
        }
    }

    private void RefreshInBackground(TKey key, Func<TKey, CancellationToken, ValueTask<T>> factory)
    {
        var now = _clock.Now;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (!_isDisposed && _table.Find(key) is TimedCacheEntry<TKey> entry && now >= entry.RefreshAt
                && !_loads.ContainsKey(key))
            {
                BeginLoad_NeedsLock(key, factory, entry).IsBackground = true;
            }
        }
    }

    private async Task RefreshNowAsync(
        TKey key, Func<TKey, CancellationToken, ValueTask<T>> factory, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            var load = EnterRefresh(key, factory, out var ending);
            if (load is not null)
            {
                _loans.EndLoan(await AwaitAsync(load, cancellationToken).ConfigureAwait(false));
                if (load.Failure is { } failure)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
                }

                return;
            }

            await ending!.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private CacheLoad<TKey, T>? EnterRefresh(
        TKey key, Func<TKey, CancellationToken, ValueTask<T>> factory, out Task? ending)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            ThrowIfDisposed_NeedsLock();
            ending = null;
            if (!_loads.TryGetValue(key, out var load))
            {
                var old = _table.Find(key);
                if (old is not null && _options.UniqueKeys)
                {
                    Leave_NeedsLock(old, CacheRemovalReason.Replaced);
                    old = null;
                }

                if (_endings.TryGetValue(key, out var left))
                {
                    left.Reattachable = null;
                    ending = left.Gone;
                    return null;
                }

                _failures.Remove(key);
                load = BeginLoad_NeedsLock(key, factory, old);
            }

            load.Joined++;
            return load;
        }
    }

    /// <summary>The moment at which an entry is to leave, as far as is known now.</summary>
    private long DueOf(TimedCacheEntry<TKey> entry)
    {
        var end = CacheClock.After(entry.ExpiresAt, _options.ServeStaleFor);
        return _idleTicks == long.MaxValue ? end : Math.Min(end, entry.UsedAt + _idleTicks);
    }

    private void NoteDue_NeedsLock(TimedCacheEntry<TKey>? entry)
    {
        if (entry is null)
        {
            return;
        }

        _dueAt = Math.Min(_dueAt, DueOf(entry));
        if (_dueAt < _armedFor && !_isSweeping)
        {
            // The timer is somebody else's code: it is set outside the lock.
            _isSweeping = true;
            ThreadPool.UnsafeQueueUserWorkItem(static cache => cache.Arm(), this, preferLocal: false);
        }
    }

    /// <summary>Sets the timer for what is due next, and looks again afterwards: the last word is always the latest.</summary>
    private void Arm()
    {
        while (true)
        {
            var now = _clock.Now;
            long due;
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                if (_isDisposed || _dueAt >= _armedFor)
                {
                    _isSweeping = false;
                    return;
                }

                due = _armedFor = _dueAt;
            }

            // Whatever falls due within the interval is collected with what falls due first.
            var delay = TimeSpan.FromTicks(Math.Max(_options.ExpiryInterval.Ticks, due - now));
            SetTimer(delay < LongestDelay ? delay : LongestDelay);
        }
    }

    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(1);

    private void SetTimer(TimeSpan delay)
    {
        if (_timer is { } timer)
        {
            timer.Change(delay, Timeout.InfiniteTimeSpan);
            return;
        }

        // Weak: a cache that was forgotten without being disposed is not kept by its timer. It is made on a thread of the pool,
        // whose context is nobody's.
        _timer = _timeProvider.CreateTimer(
            static state =>
            {
                if (((WeakReference<ResourceCache<TKey, T>>)state!).TryGetTarget(out var cache))
                {
                    ThreadPool.UnsafeQueueUserWorkItem(static cache => cache.Sweep(), cache, preferLocal: false);
                }
            },
            new WeakReference<ResourceCache<TKey, T>>(this), delay, Timeout.InfiniteTimeSpan);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (!_isDisposed)
            {
                return;
            }
        }

        StopSweeping();
    }

    private void StopSweeping() => Interlocked.Exchange(ref _timer, null)?.Dispose();

    /// <summary>Takes out what is over, some buckets at a time, and finds out what is due next.</summary>
    private void Sweep()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_isDisposed || _isSweeping)
            {
                _armedFor = _isDisposed ? _armedFor : long.MaxValue;
                return;
            }

            (_isSweeping, _dueAt, _armedFor) = (true, long.MaxValue, long.MaxValue);
        }

        var bucket = 0;
        var version = -1;
        var goesOn = true;
        while (goesOn)
        {
            var now = _clock.Now;
            lock (_lock)
            {
                AssertInvariants_NeedsLock();

                // A table that has grown meanwhile has its entries elsewhere.
                bucket = version == _table.Version ? bucket : 0;
                version = _table.Version;
                var end = Math.Min(bucket + BucketsPerLock, _table.BucketCount);
                _loans.Mark(_marked);
                for (; bucket < end; bucket++)
                {
                    SweepBucket_NeedsLock(bucket, now);
                }

                CacheLoans.Unmark(_marked);

                goesOn = bucket < _table.BucketCount;
            }
        }

        Arm();
    }

    private void SweepBucket_NeedsLock(int bucket, long now)
    {
        var next = _table.First_NeedsLock(bucket);
        while (next is TimedCacheEntry<TKey> entry)
        {
            next = entry.Chain;
            if (_idleTicks != long.MaxValue && entry.IsPinned)
            {
                entry.UsedAt = now;
            }

            var due = DueOf(entry);
            if (due <= now)
            {
                Leave_NeedsLock(entry, CacheRemovalReason.Expired);
            }
            else
            {
                _dueAt = Math.Min(_dueAt, due);
            }
        }
    }
}
