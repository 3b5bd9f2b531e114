using System.Collections.Concurrent;
using System.Diagnostics;

namespace Pepper.Resources.Pooling;

/// <summary>
/// A bound over several pools. A pool takes a place before it orders a creation, under its own lock, and gives it back when the
/// place is vacant. One that finds none stands in line; places go to the first in that line, and idle resources of other pools
/// are evicted for it. The readme has the argument that no pool starves and no wake-up is lost.
/// </summary>
/// <remarks>
/// The lock is the innermost: it is taken under a pool's lock, and under it nothing is called. <see cref="Serve"/>, which calls
/// into pools, is called without any lock.
/// </remarks>
internal sealed class PoolBudget(int max, TimeProvider timeProvider)
{
    private static readonly TimeSpan HoldersAreFresh = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<PoolShare, bool> _shares = new();

    private volatile Holders? _holders;
    private PoolShare? _first;
    private PoolShare? _last;
    private int _starving;
    private int _taken;

    // Places that will be free when an eviction, ordered for somebody in line, has ended; or that are being looked for.
    private int _coming;

    // Raised whenever there is a reason to look for idle resources: somebody has joined the line, or a resource became idle.
    private long _reasons;
    private long _lookedFor;

    internal int Max => max;

    internal int Taken => Volatile.Read(ref _taken);

    /// <summary>How many pools stand in line.</summary>
    internal int Starving => Volatile.Read(ref _starving);

    internal PoolShare Join(PoolCore core)
    {
        var share = new PoolShare(this, core);
        _shares[share] = true;
        return share;
    }

    /// <summary>The pool is closed: it has nothing idle to give, and what is still lent gives its place back later.</summary>
    internal void Part(PoolShare share) => _shares.TryRemove(share, out _);

    /// <summary>
    /// Takes a place, if one is free and nobody stands in line before. Otherwise a pool whose callers wait joins the line; one
    /// that only wants its minimum does not.
    /// </summary>
    internal bool TryTake(PoolShare share, bool isDemanded)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_taken < max && (_first is null || _first == share))
            {
                Volatile.Write(ref _taken, _taken + 1);
                share.Taken++;
                Remove_NeedsLock(share);
                return true;
            }

            if (!isDemanded)
            {
                Remove_NeedsLock(share);
            }
            else if (!share.IsStarving)
            {
                Append_NeedsLock(share);
            }

            return false;
        }
    }

    internal void GiveBack(PoolShare share, bool isEvicted)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            Volatile.Write(ref _taken, _taken - 1);
            share.Taken--;
            _coming -= isEvicted ? 1 : 0;
        }
    }

    /// <summary>The pool needs no place any more, or may not have one for a reason of its own.</summary>
    internal void Leave(PoolShare share)
    {
        if (share.IsStarving)
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                Remove_NeedsLock(share);
            }
        }
    }

    /// <summary>Called after a resource has become idle, by whoever made it so.</summary>
    internal void NoteIdle()
    {
        // Either who stands in line finds the resource, or is seen here.
        Interlocked.MemoryBarrier();
        YieldPoint.Reach();
        if (Starving == 0)
        {
            return;
        }

        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _reasons++;
        }

        Serve();
    }

    /// <summary>
    /// Whether a resource that has just been returned is to make room for another pool; then its destruction must follow.
    /// </summary>
    /// <param name="share">The pool that it was returned to.</param>
    /// <param name="ownWait">How long that pool's first caller has waited; null when nobody waits there.</param>
    internal bool TryClaimReturned(PoolShare share, TimeSpan? ownWait)
    {
        YieldPoint.Reach();
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            for (var other = FirstUnserved_NeedsLock(); other is not null; other = other.Next)
            {
                // From a pool whose own callers wait, only for one that has nothing at all, and has starved for longer.
                if (other != share
                    && (ownWait is not { } wait || (other.Taken == 0 && timeProvider.GetElapsedTime(other.Since) >= wait)))
                {
                    _coming++;
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>
    /// Leads free places, and idle resources of other pools, to those in line. Whoever frees a place, makes a resource idle or
    /// joins the line calls it afterwards, without any lock.
    /// </summary>
    internal void Serve()
    {
        while (Starving > 0)
        {
            YieldPoint.Reach();
            PoolShare? share;
            bool isFree;
            long reasons;
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                isFree = _taken < max;
                reasons = _reasons;
                share = isFree ? _first : reasons == _lookedFor ? null : FirstUnserved_NeedsLock();
                if (share is null)
                {
                    return;
                }

                _coming += isFree ? 0 : 1;
            }

            // With a free place it takes it, or leaves the line: it is the first. Without one it leaves if it has no need.
            share.Core.Supply();
            if (!isFree)
            {
                MakeRoom(share, reasons);
            }
        }
    }

    /// <summary>
    /// Who holds what, in all pools, longest first; as it was up to a second ago, as there may be many pools and many who ask.
    /// </summary>
    internal IReadOnlyList<LeaseInfo> LongestHolders(int most)
    {
        var now = timeProvider.GetTimestamp();
        if (_holders is { } known && timeProvider.GetElapsedTime(known.At, now) < HoldersAreFresh)
        {
            return known.Leases;
        }

        IReadOnlyList<LeaseInfo> leases = [.. _shares.Keys.SelectMany(static share => share.Core.GetLeases())
            .OrderByDescending(static lease => lease.Age).Take(most)];
        _holders = new Holders(now, leases);
        return leases;
    }

    /// <summary>Evicts one idle resource. It has been announced as coming, so that nobody else evicts one for the same.</summary>
    private void MakeRoom(PoolShare share, long reasons)
    {
        while (share.IsStarving)
        {
            YieldPoint.Reach();
            var victim = default(PoolVictim);
            foreach (var (other, _) in _shares)
            {
                if (other != share)
                {
                    other.Core.FindVictim(ref victim);
                }
            }

            if (victim.Core is null)
            {
                break;
            }

            if (victim.Core.TryEvict(victim.Entry!, victim.Word))
            {
                return;
            }
        }

        YieldPoint.Reach();
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _coming--;

            // Not when it has left the line: others may be in need of what is idle.
            _lookedFor = share.IsStarving ? Math.Max(_lookedFor, reasons) : _lookedFor;
        }
    }

    /// <summary>The first in line for whom no place is free or on its way.</summary>
    private PoolShare? FirstUnserved_NeedsLock()
    {
        var share = _first;
        for (var served = max - _taken + _coming; served > 0 && share is not null; served--)
        {
            share = share.Next;
        }

        return share;
    }

    private void Append_NeedsLock(PoolShare share)
    {
        share.IsStarving = true;
        share.Since = timeProvider.GetTimestamp();
        share.Previous = _last;
        if (_last is null)
        {
            _first = share;
        }
        else
        {
            _last.Next = share;
        }

        _last = share;
        _reasons++;

        // An exchange: who has joined looks for idle resources next, and must not look too early.
        Interlocked.Exchange(ref _starving, _starving + 1);
    }

    private void Remove_NeedsLock(PoolShare share)
    {
        if (!share.IsStarving)
        {
            return;
        }

        if (share.Previous is { } previous)
        {
            previous.Next = share.Next;
        }
        else
        {
            _first = share.Next;
        }

        if (share.Next is { } next)
        {
            next.Previous = share.Previous;
        }
        else
        {
            _last = share.Previous;
        }

        share.Next = share.Previous = null;
        share.IsStarving = false;
        Interlocked.Exchange(ref _starving, _starving - 1);
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
        Debug.Assert(_taken >= 0 && _taken <= max, "Never more than the maximum.");
        Debug.Assert(_coming >= 0, "What is on its way is not negative.");
        Debug.Assert(_starving == 0 == _first is null, "The count is that of the line.");
    }

    private sealed record Holders(long At, IReadOnlyList<LeaseInfo> Leases);
}
