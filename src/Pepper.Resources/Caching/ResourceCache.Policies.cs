using Pepper.Resources.Monitoring;
using Pepper.Resources.Policies;

namespace Pepper.Resources.Caching;

/// <content>
/// Admission and expiry: policies that may be the user's, and so are asked outside every lock. Where one fails, it is as if it
/// had not been asked.
/// </content>
public sealed partial class ResourceCache<TKey, T>
{
    private const long ReportInterval = TimeSpan.TicksPerMinute;

    // Null: all that can fit comes in.
    private readonly IAdmissionPolicy? _admission;

    // Null: times to live count from the coming in.
    private readonly IExpiryPolicy<TKey, T>? _expiry;

    // The same, if reads count.
    private readonly IExpiryPolicy<TKey, T>? _readExpiry;
    private readonly bool _notesReads;
    private long _readFailureDueAt;

    private IAdmissionPolicy? NewAdmission()
    {
        if (_options.AdmissionPolicy is { } own)
        {
            return own;
        }

        // What can never fit has been refused before: there is nothing left to ask that one.
        return string.Equals(_options.Admission, AdmissionPolicies.Default, StringComparison.OrdinalIgnoreCase)
            ? null : AdmissionPolicies.Create(_options.Admission);
    }

    private IExpiryPolicy<TKey, T>? NewExpiry() => _options.IsExpiry(ExpiryPolicies.AfterAccess)
        ? ExpiryPolicies.Create<TKey, T>(ExpiryPolicies.AfterAccess, _options.TimeToLive!.Value)
        : _options.ExpiryPolicy;

    /// <summary>
    /// Whether it may be kept. Not asked for what does not come in anyway, nor for what takes the place of another of its key.
    /// </summary>
    private bool IsAdmitted(CacheEntry<TKey> entry, CacheLoad<TKey, T>? load)
    {
        if (_admission is not { } admission)
        {
            return true;
        }

        AdmissionRequest request;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_isDisposed || load is { IsCut: true } || _table.Find(entry.Key) is not null)
            {
                return true;
            }

            request = new AdmissionRequest(
                entry.Hash, entry.Weight, _options.EvictionCapacity, _policy.Count, _policy.Weight);
        }

        try
        {
            return admission.Admit(in request);
        }
        catch (Exception failure)
        {
            NotePolicyFailure(nameof(_options.Admission), failure);
            return true;
        }
    }

    /// <summary>Until when it is good.</summary>
    private long EndOf(TKey key, T resource, long now)
    {
        if (_expiry is not { } expiry)
        {
            return EndAfter(now, LifetimeOf(key, resource));
        }

        try
        {
            return Math.Max(0, expiry.AfterWrite(key, resource, TimeSpan.FromTicks(now)).Ticks);
        }
        catch (Exception failure)
        {
            NotePolicyFailure(nameof(_options.Expiry), failure);
            return EndAfter(now, _options.TimeToLive);
        }
    }

    private static long EndAfter(long now, TimeSpan? lifetime) =>
        lifetime is { } time ? CacheClock.After(now, time) : long.MaxValue;

    /// <summary>A get was given the entry.</summary>
    private void NoteRead(TimedCacheEntry<TKey> entry, long now)
    {
        if (_idleTicks != long.MaxValue)
        {
            NoteUse(entry, now);
        }

        if (_readExpiry is not null)
        {
            MoveEnd(_readExpiry, entry, now);
        }
    }

    /// <summary>Of two reads at the same time, either says until when the entry is good.</summary>
    private void MoveEnd(IExpiryPolicy<TKey, T> expiry, TimedCacheEntry<TKey> entry, long now)
    {
        var before = Volatile.Read(ref entry.ExpiresAt);
        if (now >= before)
        {
            // It was given for want of another, which makes it no fresher.
            return;
        }

        long end;
        try
        {
            end = Math.Max(0, expiry.AfterRead(
                entry.Key, (T)entry.Resource, TimeSpan.FromTicks(now), TimeSpan.FromTicks(before)).Ticks);
        }
        catch (Exception failure)
        {
            NoteReadFailure(failure, now);
            return;
        }

        if (end == before)
        {
            return;
        }

        // What is due for a refresh, or rests after one that failed, stays so. There is no idle timeout here: the time of use is
        // that of its coming in.
        var refreshAt = entry.RefreshAt;
        var soft = SoftEnd(entry.UsedAt);
        Volatile.Write(ref entry.ExpiresAt, end);
        entry.RefreshAt = Math.Min(end, refreshAt >= before && soft > now ? soft : refreshAt);
        if (end < before)
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                NoteDue_NeedsLock(entry);
            }
        }
    }

    /// <summary>A policy that fails on reads may do so a million times a second.</summary>
    private void NoteReadFailure(Exception failure, long now)
    {
        var due = Interlocked.Read(ref _readFailureDueAt);
        if (now >= due && Interlocked.CompareExchange(ref _readFailureDueAt, now + ReportInterval, due) == due)
        {
            NotePolicyFailure(nameof(_options.Expiry), failure);
        }
    }

    private void NotePolicyFailure(string policy, Exception failure)
    {
        CacheLog.DelegateFailed(_logger, Name, policy, FailureText.Of(failure), failure);
        _monitor.RecordError(policy.ToLowerInvariant(), _type, failure);
    }
}
