using System.Runtime.ExceptionServices;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Caching;

/// <content>What comes in: entries with their weights and times, and failures where they are kept.</content>
public sealed partial class ResourceCache<TKey, T>
{
    private const int MostFailures = 1_000;

    private readonly Dictionary<TKey, KeptFailure> _failures;

    private async ValueTask<bool> PutOwnedAsync(TKey key, T resource, CancellationToken cancellationToken)
    {
        var entry = NewEntry(key, resource, out var fits);
        if (TryPutAgain(entry))
        {
            return true;
        }

        fits = fits && IsAdmitted(entry, load: null);
        try
        {
            return await PutInRoomAsync(entry, fits, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            if (TryPutAgain(entry))
            {
                return true;
            }

            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                Discard_NeedsLock(entry, _isDisposed ? CacheRemovalReason.CacheClosed : CacheRemovalReason.Rejected);
            }

            if (failure is CacheFullException)
            {
                return false;
            }

            throw;
        }
    }

    private async ValueTask<bool> PutInRoomAsync(CacheEntry<TKey> entry, bool fits, CancellationToken cancellationToken)
    {
        var started = _timeProvider.GetTimestamp();
        if (_options.IsStrict && fits)
        {
            await ReserveAsync(cancellationToken).ConfigureAwait(false);
            entry.HoldsPlace = true;
        }

        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task room;
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                ThrowIfDisposed_NeedsLock();
                if (!fits)
                {
                    Discard_NeedsLock(entry, CacheRemovalReason.Rejected);
                    return false;
                }

                if (TryMakeWeight_NeedsLock(entry))
                {
                    // Where all else is leased, it is what goes.
                    Put_NeedsLock(entry);
                    return IsThere_NeedsLock(entry);
                }

                room = WeightFreed_NeedsLock();
            }

            await WaitForWeightAsync(room, started, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// What is there already needs no room, and must not be destroyed for want of it, nor for anything else that may go wrong.
    /// </summary>
    private bool TryPutAgain(CacheEntry<TKey> entry)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (!IsThere_NeedsLock(entry))
            {
                return false;
            }

            Put_NeedsLock(entry);
            return true;
        }
    }

    private bool IsThere_NeedsLock(CacheEntry<TKey> entry) =>
        _table.Find(entry.Key) is { } there && ReferenceEquals(there.Resource, entry.Resource);

    private void Put_NeedsLock(CacheEntry<TKey> entry)
    {
        var old = _table.Find(entry.Key);
        _failures.Remove(entry.Key);
        _loads.TryGetValue(entry.Key, out var load);
        if (old is not null && ReferenceEquals(old.Resource, entry.Resource))
        {
            Renew_NeedsLock(old, entry);
            entry = old;
        }
        else
        {
            entry.Begin(0, isClosed: false);
        }

        if (load is not null)
        {
            // Whoever waits is served at once, and what is being loaded is not needed any more.
            entry.AddLoans(load.Joined);
            Cut_NeedsLock(load);
            load.End(entry);
            load.Cancel();
        }

        if (!ReferenceEquals(entry, old))
        {
            Insert_NeedsLock(entry, old);
        }
    }

    /// <summary>A refresh that nobody waits for renews what it was begun for, and nothing else.</summary>
    private static bool IsWanted(CacheLoad<TKey, T> load, CacheEntry<TKey>? old) =>
        load.Joined > 0 || (load.Replaces is not null && ReferenceEquals(old, load.Replaces));

    /// <summary>
    /// The factory gave what is there, as it has not changed: whoever waits gets that, whatever became of the load.
    /// </summary>
    private void AdmitAgain_NeedsLock(CacheLoad<TKey, T> load, CacheEntry<TKey> again)
    {
        var old = _table.Find(again.Key)!;
        Renew_NeedsLock(old, again);
        old.AddLoans(load.Joined);
        EndLoad_NeedsLock(load, old);
        CheckQuiet_NeedsLock();
    }

    /// <summary>The same resource came again: its time begins anew, and there is no second owner of it.</summary>
    private void Renew_NeedsLock(CacheEntry<TKey> old, CacheEntry<TKey> again)
    {
        if (old is TimedCacheEntry<TKey> timed && again is TimedCacheEntry<TKey> times)
        {
            (timed.UsedAt, timed.WrittenAt) = (times.UsedAt, times.WrittenAt);
            (timed.ExpiresAt, timed.RefreshAt) = (times.ExpiresAt, times.RefreshAt);
            NoteDue_NeedsLock(timed);
        }

        if (again.HoldsPlace)
        {
            again.HoldsPlace = false;
            FreePlace_NeedsLock();
        }
    }

    private void ThrowIfFailed_NeedsLock(TKey key, long now, bool isCounted)
    {
        if (_failures.Count == 0 || !_failures.TryGetValue(key, out var kept))
        {
            return;
        }

        if (now < kept.Until)
        {
            if (!isCounted)
            {
                _misses.Increment();
            }

            kept.Failure.Throw();
        }

        _failures.Remove(key);
    }

    private void KeepFailure_NeedsLock(CacheLoad<TKey, T> load, long now)
    {
        if (_options.FailureTimeToLive is not { } time || load.IsCut || _isDisposed || !load.IsLoading)
        {
            return;
        }

        if (_failures.Count >= MostFailures)
        {
            foreach (var key in _failures.Where(kept => kept.Value.Until <= now).Select(static kept => kept.Key).ToList())
            {
                _failures.Remove(key);
            }
        }

        if (_failures.Count < MostFailures)
        {
            _failures[load.Key] = new KeptFailure(
                ExceptionDispatchInfo.Capture(load.Failure!), CacheClock.After(now, time));
        }
    }

    /// <summary>Weighs it and asks for its time to live; what fails there fits nowhere, or lives as long as others.</summary>
    private CacheEntry<TKey> NewEntry(TKey key, T resource, out bool fits)
    {
        fits = TryWeigh(key, resource, out var weight);
        var hash = _table.HashOf(key);
        if (!_isTimed)
        {
            return new CacheEntry<TKey>(key, resource, hash, weight);
        }

        var now = _clock.Now;
        TimedCacheEntry<TKey> entry = new(key, resource, hash, weight) { UsedAt = now, WrittenAt = now };
        SetTimes(entry, now, EndOf(key, resource, now));
        return entry;
    }

    private bool TryWeigh(TKey key, T resource, out long weight)
    {
        weight = 1;
        if (_options.Weigher is not { } weigh)
        {
            return true;
        }

        try
        {
            var weighed = weigh(key, resource);
            if (weighed < 0)
            {
                CacheLog.DelegateFailed(_logger, Name, nameof(_options.Weigher), $"it says {weighed}.", null);
                return false;
            }

            weight = weighed;
        }
        catch (Exception failure)
        {
            CacheLog.DelegateFailed(_logger, Name, nameof(_options.Weigher), FailureText.Of(failure), failure);
            return false;
        }

        if (weight > (_options.MaxWeight ?? long.MaxValue))
        {
            CacheLog.TooHeavy(_logger, Name, weight, _options.MaxWeight);
            return false;
        }

        return true;
    }

    /// <summary>Captured once: its trace would grow with each throw.</summary>
    private readonly record struct KeptFailure(ExceptionDispatchInfo Failure, long Until);
}
