namespace Pepper.Resources.Caching;

/// <content>Room: who goes when there is not enough, and who waits when nobody can go.</content>
public sealed partial class ResourceCache<TKey, T>
{
    private const int UsualScan = 128;

    // Places are counted only where what is alive is bounded: resources from the beginning of their load to the end of their
    // destruction.
    private readonly LinkedList<CacheRoom> _rooms = new();
    private readonly List<CacheItem> _marked = [];
    private TaskCompletionSource? _weightFreed;
    private int _live;
    private int _freeing;

    private int Places => _options.Capacity ?? int.MaxValue;

    private void UseRoom_NeedsLock(CacheEntry<TKey>? returned)
    {
        _loans.Unwatch();
        SignalWeight_NeedsLock();
        EvictForRooms_NeedsLock();
        Shrink_NeedsLock(returned);
    }

    /// <summary>Evicts what is too much. When all that it looks at is leased, it goes on when a lease ends.</summary>
    private void Shrink_NeedsLock(CacheEntry<TKey>? returned)
    {
        if (_options.IsStrict)
        {
            return;
        }

        var offersLeased = _options.WhenFull == CacheFullMode.Detach;
        while (_policy.IsOverCapacity)
        {
            if (TryEvict_NeedsLock(offersLeased, UsualScan) || TryEvict_NeedsLock(returned))
            {
                continue;
            }

            if (!_loans.TryWatch())
            {
                return;
            }
        }
    }

    private bool TryEvict_NeedsLock(bool offersLeased, int scanLimit, CacheEntry<TKey>? spared = null)
    {
        _loans.Mark(_marked);
        if (spared is not null)
        {
            spared.IsMarked = true;
            _marked.Add(spared);
        }

        var hasEvicted = TryEvictOne_NeedsLock(offersLeased, scanLimit);
        CacheLoans.Unmark(_marked);
        return hasEvicted;
    }

    private bool TryEvictOne_NeedsLock(bool offersLeased, int scanLimit)
    {
        // A victim may be leased again before it is claimed; another is found then.
        for (var tries = 0; tries < UsualScan; tries++)
        {
            if (_policy.FindVictim(scanLimit, offersLeased) is not CacheEntry<TKey> victim)
            {
                return false;
            }

            var isDead = victim.TryCloseIdle(_loans);
            if (isDead || offersLeased)
            {
                Evict_NeedsLock(victim, isDead);
                return true;
            }

            _policy.Skip(victim);
        }

        return false;
    }

    /// <summary>What has just come back goes, if all that the policy looked at is leased.</summary>
    private bool TryEvict_NeedsLock(CacheEntry<TKey>? returned)
    {
        if (returned is null || !returned.IsQueued || !returned.TryCloseIdle(_loans))
        {
            return false;
        }

        Evict_NeedsLock(returned, isDead: true);
        return true;
    }

    private void Evict_NeedsLock(CacheEntry<TKey> victim, bool isDead)
    {
        _policy.Evict(victim);
        _table.Remove_NeedsLock(victim);
        if (isDead)
        {
            NoteLeft_NeedsLock(victim, CacheRemovalReason.Evicted, isDead: true);
        }
        else
        {
            Close_NeedsLock(victim, CacheRemovalReason.Evicted);
        }
    }

    /// <summary>
    /// As <see cref="TryEvict_NeedsLock(bool, int, CacheEntry{TKey})"/>, and when all is leased, the end of a lease is told.
    /// </summary>
    private bool TryEvictOrWatch_NeedsLock(CacheEntry<TKey>? spared = null) =>
        TryEvict_NeedsLock(offersLeased: false, UsualScan, spared)
        || (_loans.TryWatch() && TryEvict_NeedsLock(offersLeased: false, int.MaxValue, spared));

    private async ValueTask TakePlaceAsync(CacheLoad<TKey, T> load)
    {
        if (!_options.IsStrict)
        {
            return;
        }

        if (load.Replaces is null)
        {
            await ReserveAsync(load.Token).ConfigureAwait(false);
        }
        else
        {
            // What it is to replace is served until then: one more than there are places, for a while.
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                _live++;
            }
        }

        load.HoldsPlace = true;
    }

    /// <summary>Takes a place for one more resource, first come first served.</summary>
    private async ValueTask ReserveAsync(CancellationToken cancellationToken)
    {
        CacheRoom room = new();
        var started = _timeProvider.GetTimestamp();
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            ThrowIfDisposed_NeedsLock();
            room.Node = _rooms.AddLast(room);
            GrantRooms_NeedsLock();
            EvictForRooms_NeedsLock();
            if (_options.WhenFull == CacheFullMode.Reject && !room.IsGranted && _freeing < _rooms.Count)
            {
                _rooms.Remove(room.Node);
                throw NoRoom(TimeSpan.Zero);
            }
        }

        try
        {
            await room.Granted.WaitAsync(_options.RoomTimeout, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                if (room.IsGranted)
                {
                    FreePlace_NeedsLock();
                }
                else if (room.Node.List is not null)
                {
                    _rooms.Remove(room.Node);
                }
            }

            if (failure is OperationCanceledException)
            {
                throw;
            }

            throw NoRoom(_timeProvider.GetElapsedTime(started));
        }
    }

    private void FreePlace_NeedsLock()
    {
        _live--;
        GrantRooms_NeedsLock();
    }

    private void GrantRooms_NeedsLock()
    {
        while (_live < Places && _rooms.First is { } first)
        {
            _live++;
            _rooms.Remove(first);
            first.Value.Grant();
        }
    }

    /// <summary>For each who waits, one goes; its place is free when it is destroyed.</summary>
    private void EvictForRooms_NeedsLock()
    {
        while (_freeing < _rooms.Count && TryEvictOrWatch_NeedsLock())
        {
        }
    }

    private void CloseRooms_NeedsLock()
    {
        foreach (var room in _rooms)
        {
            room.Fail(Closed());
        }

        _rooms.Clear();
        SignalWeight_NeedsLock();
    }

    /// <summary>Where weight is bounded strictly: whether the entry has room, or can be given it.</summary>
    private bool TryMakeWeight_NeedsLock(CacheEntry<TKey> entry)
    {
        if (!_options.IsStrict || _options.MaxWeight is not { } most)
        {
            return true;
        }

        // What it takes the place of goes by that, and must not go before: it is served until then, and may be all there is.
        var old = _table.Find(entry.Key);
        while (_policy.Weight - (old?.Weight ?? 0) > most - entry.Weight)
        {
            if (!TryEvictOrWatch_NeedsLock(spared: old))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Ends when it is worth looking again; at once, and as a failure, where nobody waits.</summary>
    private Task WeightFreed_NeedsLock() => _options.WhenFull == CacheFullMode.Reject
        ? Task.FromException(NoRoom(TimeSpan.Zero))
        : (_weightFreed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private void SignalWeight_NeedsLock()
    {
        _weightFreed?.TrySetResult();
        _weightFreed = null;
    }

    private async ValueTask WaitForWeightAsync(Task freed, long started, CancellationToken cancellationToken)
    {
        var waited = _timeProvider.GetElapsedTime(started);
        var left = _options.RoomTimeout == Timeout.InfiniteTimeSpan ? _options.RoomTimeout : _options.RoomTimeout - waited;
        try
        {
            await freed.WaitAsync(
                left < TimeSpan.Zero && left != Timeout.InfiniteTimeSpan ? TimeSpan.Zero : left, _timeProvider, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw NoRoom(_timeProvider.GetElapsedTime(started));
        }
    }

    private CacheFullException NoRoom(TimeSpan waited) => new(
        $"Cache '{Name}' is full ({_options.EvictionCapacity}) and all of it is leased"
        + (waited > TimeSpan.Zero
            ? $"; nothing came back within RoomTimeout ({_options.RoomTimeout})."
            : " (WhenFull is Reject).")
        + " Dispose leases sooner, or raise Capacity or MaxWeight.",
        Name, _options.Type);
}

/// <summary>Somebody who waits for a place.</summary>
internal sealed class CacheRoom
{
    private readonly TaskCompletionSource _granted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal LinkedListNode<CacheRoom> Node { get; set; } = null!;

    internal Task Granted => _granted.Task;

    internal bool IsGranted { get; private set; }

    internal void Grant()
    {
        IsGranted = true;
        _granted.TrySetResult();
    }

    internal void Fail(Exception failure) => _granted.TrySetException(failure);
}
