using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Caching;

/// <content>How resources leave, and what becomes of them.</content>
public sealed partial class ResourceCache<TKey, T>
{
    private readonly long[] _removals = new long[CacheRemovalReasons.Count];
    private readonly Dictionary<TKey, CacheKeyEnding<TKey>> _endings;
    private readonly TaskCompletionSource _quiet = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _disposal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _detached;
    private int _destroying;
    private long _destroyFailures;
    private long _destroysAbandoned;
    private bool _isDisposed;

    /// <summary>A loan is over: of what had left, which may be destroyed now, or while somebody wants room.</summary>
    void ICacheKeeper.OnReleased(CacheItem item)
    {
        var entry = (CacheEntry<TKey>)item;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (entry.TryDrain(_loans))
            {
                _detached--;
                Destroy_NeedsLock(entry);
                CheckQuiet_NeedsLock();
            }
            else if (_loans.IsWatched && !entry.IsClosed)
            {
                UseRoom_NeedsLock(entry);
            }
        }
    }

    /// <summary>A holder found it broken: nobody new gets it.</summary>
    void ICacheKeeper.OnInvalidated(CacheItem item, Exception? cause)
    {
        CacheLog.Invalidated(_logger, Name, cause is null ? "no cause given" : FailureText.Of(cause), cause);
        var entry = (CacheEntry<TKey>)item;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (ReferenceEquals(_table.Find(entry.Key), entry))
            {
                Leave_NeedsLock(entry, CacheRemovalReason.Invalidated);
            }
            else if (_endings.TryGetValue(entry.Key, out var ending) && ReferenceEquals(ending.Reattachable, entry))
            {
                ending.Reattachable = null;
            }
        }
    }

    private bool Remove_NeedsLock(TKey key)
    {
        var found = false;
        if (_table.Find(key) is { } entry)
        {
            Leave_NeedsLock(entry, CacheRemovalReason.Removed);
            found = true;
        }

        if (_loads.TryGetValue(key, out var load))
        {
            CutAndCancel_NeedsLock(load);
            found = true;
        }

        if (_endings.TryGetValue(key, out var ending))
        {
            ending.Reattachable = null;
        }

        _failures.Remove(key);
        return found;
    }

    private void Clear_NeedsLock(CacheRemovalReason reason)
    {
        foreach (var entry in _table.List_NeedsLock())
        {
            Leave_NeedsLock(entry, reason);
        }

        foreach (var load in _loads.Values.ToList())
        {
            CutAndCancel_NeedsLock(load);
        }

        foreach (var ending in _endings.Values)
        {
            ending.Reattachable = null;
        }

        _failures.Clear();
    }

    private void CutAndCancel_NeedsLock(CacheLoad<TKey, T> load)
    {
        Cut_NeedsLock(load);
        if (load.Joined == 0)
        {
            load.Cancel();
        }
    }

    /// <summary>Puts an entry in, and makes room for it where room is made afterwards.</summary>
    private void Insert_NeedsLock(CacheEntry<TKey> entry, CacheEntry<TKey>? old)
    {
        if (old is null)
        {
            _table.Add_NeedsLock(entry);
            _policy.Add(entry);
        }
        else
        {
            var isExpired = old is TimedCacheEntry<TKey> timed && _clock.Now >= timed.ExpiresAt;
            _table.Replace_NeedsLock(old, entry);
            _policy.Remove(old);
            _policy.Add(entry);
            Close_NeedsLock(old, isExpired ? CacheRemovalReason.Expired : CacheRemovalReason.Replaced);
        }

        NoteDue_NeedsLock(entry as TimedCacheEntry<TKey>);
        if (!_loans.IsLeased(entry))
        {
            // Nobody will give it back, and somebody may wait for one that can go.
            UseRoom_NeedsLock(returned: null);
        }
        else
        {
            Shrink_NeedsLock(returned: null);
        }
    }

    /// <summary>Takes an entry out that is in the table.</summary>
    private void Leave_NeedsLock(CacheEntry<TKey> entry, CacheRemovalReason reason)
    {
        _table.Remove_NeedsLock(entry);
        _policy.Remove(entry);
        Close_NeedsLock(entry, reason);
    }

    private void Close_NeedsLock(CacheEntry<TKey> entry, CacheRemovalReason reason)
    {
        var isDead = entry.Close(_loans);
        if (!isDead)
        {
            _table.Cut_NeedsLock(entry);
        }

        NoteLeft_NeedsLock(entry, reason, isDead);
    }

    /// <summary>Destroys what nobody holds and what never came in.</summary>
    private void Discard_NeedsLock(CacheEntry<TKey> entry, CacheRemovalReason reason)
    {
        entry.Begin(0, isClosed: true);
        NoteLeft_NeedsLock(entry, reason, isDead: true);
    }

    /// <summary>
    /// It is closed, and dead when nobody holds it; else the end of its last loan is told by
    /// <see cref="ICacheKeeper.OnReleased"/>.
    /// </summary>
    private void NoteLeft_NeedsLock(CacheEntry<TKey> entry, CacheRemovalReason reason, bool isDead)
    {
        entry.Reason = reason;
        _removals[(int)reason]++;
        SignalWeight_NeedsLock();
        if (_options.UniqueKeys)
        {
            var ending = AddEnding_NeedsLock(entry.Key);

            // What never came in says nothing of what did.
            ending.Reattachable = reason is CacheRemovalReason.Rejected or CacheRemovalReason.TooLate ? ending.Reattachable
                : reason == CacheRemovalReason.Evicted && !isDead ? entry : null;
        }

        if (isDead)
        {
            Destroy_NeedsLock(entry);
        }
        else
        {
            _detached++;
        }
    }

    private void Destroy_NeedsLock(CacheEntry<TKey> entry)
    {
        if (_options.Destroy is null && entry.Resource is not (IAsyncDisposable or IDisposable))
        {
            Finish_NeedsLock(entry);
            return;
        }

        _destroying++;
        _freeing += entry.HoldsPlace ? 1 : 0;
        _destroyer.Enqueue(entry);
    }

    /// <summary>User code, outside every lock.</summary>
    private ValueTask DestroyAsync(CacheItem item, CancellationToken cancellationToken)
    {
        var entry = (CacheEntry<TKey>)item;
        if (_options.Destroy is { } destroy)
        {
            return destroy(new CacheRemoval<TKey, T>(entry.Key, (T)entry.Resource, entry.Reason), cancellationToken);
        }

        switch (entry.Resource)
        {
            case IAsyncDisposable disposable:
                return disposable.DisposeAsync();
            case IDisposable disposable:
                disposable.Dispose();
                break;
        }

        return default;
    }

    private void OnDestroyed(CacheItem item, DestroyOutcome outcome, Exception? cause)
    {
        switch (outcome)
        {
            case DestroyOutcome.Failed:
                CacheLog.DestroyFailed(_logger, Name, FailureText.Of(cause!), cause!);
                break;
            case DestroyOutcome.Abandoned:
                CacheLog.Abandoned(_logger, Name, "destroy", _options.DestroyTimeout, nameof(_options.DestroyTimeout));
                break;
            default:
                CacheLog.Destroyed(_logger, Name, item.Reason.ToLabel());
                break;
        }

        if (cause is not null)
        {
            _monitor.RecordError("destroy", _type, cause);
        }

        _monitor.RecordCleanup(_type, item.Reason.ToLabel());
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _destroying--;
            _freeing -= item.HoldsPlace ? 1 : 0;
            _destroyFailures += outcome == DestroyOutcome.Done ? 0 : 1;
            _destroysAbandoned += outcome == DestroyOutcome.Abandoned ? 1 : 0;
            Finish_NeedsLock((CacheEntry<TKey>)item);
            CheckQuiet_NeedsLock();
        }
    }

    /// <summary>It is gone: its place and its key are free.</summary>
    private void Finish_NeedsLock(CacheEntry<TKey> entry)
    {
        if (entry.HoldsPlace)
        {
            entry.HoldsPlace = false;
            FreePlace_NeedsLock();
        }

        if (_options.UniqueKeys)
        {
            RemoveEnding_NeedsLock(entry.Key);
        }
    }

    private CacheKeyEnding<TKey> AddEnding_NeedsLock(TKey key)
    {
        if (!_endings.TryGetValue(key, out var ending))
        {
            _endings.Add(key, ending = new CacheKeyEnding<TKey>());
        }

        ending.Count++;
        return ending;
    }

    private void RemoveEnding_NeedsLock(TKey key)
    {
        if (_endings.TryGetValue(key, out var ending) && --ending.Count == 0)
        {
            _endings.Remove(key);
            ending.SetGone();
        }
    }

    /// <summary>What was evicted while leased comes back in, lent to the caller, when there may not be a second one.</summary>
    private bool TryReattach_NeedsLock(TKey key, out CacheEntry<TKey>? entry)
    {
        entry = null;
        if (_endings.Count == 0 || !_endings.TryGetValue(key, out var ending) || ending.Reattachable is not { } left
            || (left is TimedCacheEntry<TKey> timed && !IsServed(timed, _clock.Now, out _)) || !left.TryReopen())
        {
            return false;
        }

        entry = left;
        ending.Reattachable = null;
        _detached--;
        RemoveEnding_NeedsLock(key);
        Insert_NeedsLock(left, old: null);
        return true;
    }

    private async Task DisposeOnceAsync()
    {
        if (!TryClose())
        {
            await _disposal.Task.ConfigureAwait(false);
            return;
        }

        StopSweeping();
        _ = ForgetWhenQuietAsync();
        try
        {
            await _quiet.Task.WaitAsync(_options.DisposeTimeout, _timeProvider).ConfigureAwait(false);
            _monitor.Sources.Remove(_source);
        }
        catch (TimeoutException)
        {
            var left = Statistics;
            CacheLog.StillHeld(_logger, Name, _options.DisposeTimeout, left.Loading, left.Destroying, left.Detached);
        }

        _disposal.TrySetResult();
    }

    private bool TryClose()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_isDisposed)
            {
                return false;
            }

            Clear_NeedsLock(CacheRemovalReason.CacheClosed);
            foreach (var load in _cutLoads)
            {
                if (!load.IsEnded)
                {
                    load.Failure = Closed();
                    load.End(null);
                }

                load.Cancel();
            }

            CloseRooms_NeedsLock();
            _isDisposed = true;

            // Whoever waits for a key's end looks again, and is told.
            foreach (var ending in _endings.Values)
            {
                ending.SetGone();
            }

            CheckQuiet_NeedsLock();
            return true;
        }
    }

    private ObjectDisposedException Closed() => new(GetType().Name, $"Cache '{Name}' is disposed.");

    /// <summary>It is seen as long as there is something of it.</summary>
    private async Task ForgetWhenQuietAsync()
    {
        await _quiet.Task.ConfigureAwait(false);
        _monitor.Sources.Remove(_source);
        _recovery?.End();
    }

    private void CheckQuiet_NeedsLock()
    {
        if (_isDisposed && _detached == 0 && _destroying == 0 && _running == 0)
        {
            _quiet.TrySetResult();
        }
    }
}
