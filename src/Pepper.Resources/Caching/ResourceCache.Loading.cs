using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Caching;

/// <content>Loads: one for a key, shared by all who wait for it.</content>
public sealed partial class ResourceCache<TKey, T>
{
    private readonly Dictionary<TKey, CacheLoad<TKey, T>> _loads;

    // Those that are under way, and no longer those of their keys.
    private readonly HashSet<CacheLoad<TKey, T>> _cutLoads = [];
    private int _running;
    private long _loaded;
    private long _loadFailures;
    private long _loadTicks;
    private long _staleServed;

    private async ValueTask<Lease<T>> GetSlowlyAsync(
        TKey key, Func<TKey, CancellationToken, ValueTask<T>> factory, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var isCounted = false;
        while (true)
        {
            var entry = Enter(key, factory, isCounted, out var load, out var ending);
            if (entry is not null)
            {
                if (_readExpiry is not null)
                {
                    NoteRead((TimedCacheEntry<TKey>)entry, _clock.Now);
                }

                return Lend(entry, isHit: !isCounted);
            }

            if (!isCounted)
            {
                _misses.Increment();
                isCounted = true;
            }

            if (load is not null)
            {
                return Lend(await AwaitAsync(load, cancellationToken).ConfigureAwait(false), isHit: false);
            }

            await ending!.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// What there is for a caller: an entry that is lent to it already, or a load that it has joined, or an end to wait for.
    /// </summary>
    private CacheEntry<TKey>? Enter(
        TKey key, Func<TKey, CancellationToken, ValueTask<T>> factory, bool isCounted, out CacheLoad<TKey, T>? load,
        out Task? ending)
    {
        var now = _isTimed || _options.FailureTimeToLive is not null ? _clock.Now : 0;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            ThrowIfDisposed_NeedsLock();
            ending = null;
            var entry = _table.Find(key);
            if (entry is not null && (!_isTimed || IsServed((TimedCacheEntry<TKey>)entry, now, out _)) && entry.TryLease(this))
            {
                NoteStale(entry as TimedCacheEntry<TKey>, now);
                load = null;
                return entry;
            }

            if (_loads.TryGetValue(key, out load))
            {
                load.Joined++;
                return null;
            }

            if (TryReattach_NeedsLock(key, out var attached))
            {
                return attached;
            }

            ThrowIfFailed_NeedsLock(key, now, isCounted);
            if (entry is not null && !MayServeStale((TimedCacheEntry<TKey>)entry, now))
            {
                Leave_NeedsLock(entry, CacheRemovalReason.Expired);
                entry = null;
            }

            if (_endings.TryGetValue(key, out var left))
            {
                ending = left.Gone;
                return null;
            }

            load = BeginLoad_NeedsLock(key, factory, entry);
            load.Joined = 1;
            return null;
        }
    }

    /// <summary>Nothing of the user's runs on this thread: the load is on nobody's flow.</summary>
    private CacheLoad<TKey, T> BeginLoad_NeedsLock(
        TKey key, Func<TKey, CancellationToken, ValueTask<T>> factory, CacheEntry<TKey>? replaces)
    {
        CacheLoad<TKey, T> load = new(key, factory, replaces, new CancellationTokenSource());
        _loads.Add(key, load);
        _running++;
        ThreadPool.UnsafeQueueUserWorkItem(
            static state => _ = state.Cache.RunAsync(state.Load), (Cache: this, Load: load), preferLocal: false);
        return load;
    }

    private async ValueTask<CacheEntry<TKey>> AwaitAsync(CacheLoad<TKey, T> load, CancellationToken cancellationToken)
    {
        try
        {
            return await load.Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            LeaveLoad(load);
            throw;
        }
    }

    /// <summary>A caller waits no longer. What it was lent in this very moment it gives back.</summary>
    private void LeaveLoad(CacheLoad<TKey, T> load)
    {
        CacheEntry<TKey>? lent = null;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (load.IsEnded)
            {
                lent = load.Result;
            }
            else if (--load.Joined == 0 && !load.IsBackground)
            {
                Cut_NeedsLock(load);
                load.Cancel();
            }
        }

        if (lent is not null)
        {
            _loans.EndLoan(lent);
        }
    }

    private async Task RunAsync(CacheLoad<TKey, T> load)
    {
        var started = _timeProvider.GetTimestamp();
        try
        {
            await TakePlaceAsync(load).ConfigureAwait(false);
            load.Token.ThrowIfCancellationRequested();
            started = _timeProvider.GetTimestamp();
            load.IsLoading = true;
            var resource = await LoadThroughCircuitAsync(load).ConfigureAwait(false);
            load.IsLoading = false;
            NoteLoaded(_timeProvider.GetElapsedTime(started));
            await AdmitAsync(load, resource).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Fail(load, failure);
        }
    }

    private void NoteLoaded(TimeSpan time)
    {
        Interlocked.Increment(ref _loaded);
        Interlocked.Add(ref _loadTicks, time.Ticks);
        ResourceMonitor.Record(_monitor.Caches.LoadTime, time, "cache", Name);
        CacheLog.Loaded(_logger, Name, time.TotalMilliseconds);
    }

    private async ValueTask<T> LoadAsync(CacheLoad<TKey, T> load)
    {
        if (_options.LoadTimeout is not { } limit)
        {
            return NotNull(await load.Factory(load.Key, load.Token).ConfigureAwait(false));
        }

        // Apart, so that the limit holds for what blocks its thread as well.
        var task = Task.Run(() => load.Factory(load.Key, load.Token).AsTask());
        try
        {
            return NotNull(await task.WaitAsync(limit, _timeProvider).ConfigureAwait(false));
        }
        catch (TimeoutException) when (!task.IsFaulted)
        {
            load.Cancel();
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                _running++;
            }

            _ = DestroyLateAsync(load, task);
            CacheLog.Abandoned(_logger, Name, "load", limit, nameof(_options.LoadTimeout));
            throw new ResourceTimeoutException(
                $"Cache '{Name}': a load did not end within LoadTimeout ({limit}). What it yields later is destroyed.",
                ResourceStage.Create, limit, Name, _options.Type);
        }
    }

    private T NotNull(T? resource) =>
        resource ?? throw new InvalidOperationException($"Cache '{Name}': the factory returned null instead of a resource.");

    private async Task DestroyLateAsync(CacheLoad<TKey, T> load, Task<T> late)
    {
        CacheEntry<TKey>? entry = null;
        try
        {
            entry = await late.ConfigureAwait(false) is { } resource ? new CacheEntry<TKey>(load.Key, resource, 0, 0) : null;
        }
        catch (Exception)
        {
            // It was reported when it was given up.
        }

        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _running--;
            if (entry is not null && !IsThere_NeedsLock(entry))
            {
                Discard_NeedsLock(entry, CacheRemovalReason.TooLate);
            }

            CheckQuiet_NeedsLock();
        }
    }

    /// <summary>Brings what was loaded in, if it may come in, and lends it to all who wait.</summary>
    private async ValueTask AdmitAsync(CacheLoad<TKey, T> load, T resource)
    {
        var entry = NewEntry(load.Key, resource, out var fits);
        fits = fits && IsAdmitted(entry, load);
        var started = _timeProvider.GetTimestamp();
        while (true)
        {
            Task room;
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                entry.HoldsPlace = load.HoldsPlace;
                if (IsThere_NeedsLock(entry))
                {
                    load.HoldsPlace = false;
                    AdmitAgain_NeedsLock(load, entry);
                    return;
                }

                if (!fits || load.IsCut || !IsWanted(load, _table.Find(load.Key)) || TryMakeWeight_NeedsLock(entry))
                {
                    load.HoldsPlace = false;
                    Admit_NeedsLock(load, entry, fits);
                    return;
                }

                room = WeightFreed_NeedsLock();
            }

            try
            {
                await WaitForWeightAsync(room, started, load.Token).ConfigureAwait(false);
            }
            catch (Exception)
            {
                lock (_lock)
                {
                    AssertInvariants_NeedsLock();
                    load.HoldsPlace = false;
                    Discard_NeedsLock(entry, CacheRemovalReason.Rejected);
                }

                throw;
            }
        }
    }

    private void Admit_NeedsLock(CacheLoad<TKey, T> load, CacheEntry<TKey> entry, bool fits)
    {
        var old = _table.Find(load.Key);

        var comesIn = fits && IsWanted(load, old) && !load.IsCut && !_isDisposed;
        var isDead = !comesIn && load.Joined == 0;
        entry.Begin(load.Joined, isClosed: !comesIn);
        if (comesIn)
        {
            Insert_NeedsLock(entry, old);
        }
        else
        {
            var reason = _isDisposed ? CacheRemovalReason.CacheClosed
                : fits ? CacheRemovalReason.TooLate : CacheRemovalReason.Rejected;
            NoteLeft_NeedsLock(entry, reason, isDead);
            Rest_NeedsLock(load, old);
        }

        EndLoad_NeedsLock(load, entry);
        CheckQuiet_NeedsLock();
    }

    private void Fail(CacheLoad<TKey, T> load, Exception failure)
    {
        var now = _clock.Now;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (!load.IsEnded)
            {
                // Whoever waited has been given something else, and may look for a failure only now.
                load.Failure ??= failure;
            }

            _loadFailures += load.IsRejected ? 0 : 1;
            var hasCovered = !load.IsCut && !_isDisposed && TryServeStale_NeedsLock(load, now);
            if (!hasCovered)
            {
                if (!load.IsRejected)
                {
                    KeepFailure_NeedsLock(load, now);
                }

                EndLoad_NeedsLock(load, null);
            }

            if (load.HoldsPlace)
            {
                load.HoldsPlace = false;
                FreePlace_NeedsLock();
            }

            CheckQuiet_NeedsLock();
        }

        if (load.IsRejected)
        {
            // The circuit has said why it opened, once for all of them.
            return;
        }

        if (!load.Token.IsCancellationRequested || failure is not OperationCanceledException)
        {
            CacheLog.LoadFailed(_logger, Name, FailureText.Of(failure), failure);
            _monitor.RecordError("load", _type, failure);
        }
    }

    /// <summary>Those who wait get their answer; the load is no longer that of its key.</summary>
    private void EndLoad_NeedsLock(CacheLoad<TKey, T> load, CacheEntry<TKey>? result)
    {
        _running--;
        _cutLoads.Remove(load);
        if (!load.IsCut)
        {
            _loads.Remove(load.Key);
            load.IsCut = true;
        }

        if (!load.IsEnded)
        {
            load.End(result);
        }

        if (load.HasEnding)
        {
            load.HasEnding = false;
            RemoveEnding_NeedsLock(load.Key);
        }
    }

    /// <summary>What it yields will not come in. Whoever waits for it gets it all the same.</summary>
    private void Cut_NeedsLock(CacheLoad<TKey, T> load)
    {
        if (load.IsCut)
        {
            return;
        }

        load.IsCut = true;
        _loads.Remove(load.Key);
        _cutLoads.Add(load);

        // It may wait for weight that it does not need any more.
        SignalWeight_NeedsLock();
        if (_options.UniqueKeys)
        {
            load.HasEnding = true;
            AddEnding_NeedsLock(load.Key);
        }
    }
}
