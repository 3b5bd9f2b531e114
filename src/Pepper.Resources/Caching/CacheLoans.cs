using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Pepper.Resources.Caching;

/// <summary>
/// The loans of a cache: a few for each processor, used over and over, so that lending allocates nothing. They count the hits,
/// each its own, so that no counter is shared on the way of a hit.
/// </summary>
internal sealed class CacheLoans(ICacheKeeper keeper, bool notesUse)
{
    // Whether somebody wants to know when a lease ends. Set before the entries are looked at, and read after a loan has ended,
    // with a fence between on both sides: either the one sees that the entry is free, or the other that it is wanted.
    private int _isWatched;

    private readonly Stripe[] _stripes = NewStripes();

    internal ICacheKeeper Keeper => keeper;

    internal bool NotesUse => notesUse;

    /// <summary>From now on the keeper is told when nobody holds an entry any more. False when it was so before.</summary>
    internal bool TryWatch() => Interlocked.Exchange(ref _isWatched, 1) == 0;

    internal void Unwatch() => Interlocked.Exchange(ref _isWatched, 0);

    /// <summary>Ends a loan of an entry, and tells the keeper what it has to know.</summary>
    internal void EndLoan(CacheItem entry)
    {
        var end = entry.EndLoan();
        if (end == LoanEnd.Drained)
        {
            keeper.OnDrained(entry);
        }
        else if (end == LoanEnd.Idle && Volatile.Read(ref _isWatched) != 0)
        {
            keeper.OnIdle(entry);
        }
    }

    /// <summary>How many gets all loans served. Never falls.</summary>
    internal long ReadHits()
    {
        long hits = 0;
        foreach (var stripe in _stripes)
        {
            hits += stripe.ReadHits();
        }

        return hits;
    }

    /// <summary>What is lent at this moment, once for each loan.</summary>
    internal List<CacheItem> ListLent()
    {
        List<CacheItem> lent = [];
        foreach (var stripe in _stripes)
        {
            stripe.AddLentTo(lent);
        }

        return lent;
    }

    /// <summary>A loan of a resource, whose own count the caller has raised.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal CacheLoan Begin(CacheItem entry, bool isHit, out long token)
    {
        var stripe = _stripes[Thread.GetCurrentProcessorId() & (_stripes.Length - 1)];
        var first = Volatile.Read(ref stripe.First);
        return first is not null && first.TryBegin(entry, isHit, out token) ? first : stripe.Begin(this, entry, isHit, out token);
    }

    private static Stripe[] NewStripes()
    {
        var stripes = new Stripe[BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, 64))];
        for (var i = 0; i < stripes.Length; i++)
        {
            stripes[i] = new Stripe();
        }

        return stripes;
    }

    /// <summary>
    /// The loans of one processor. Those in reach are few, so that the search is short; one that is out for long is put aside
    /// when all in reach are out, and a new one takes its place.
    /// </summary>
    private sealed class Stripe
    {
        private const int Reach = 16;
        private const int LeastAside = 16;

        /// <summary>Where one thread that gives back what it takes finds its loan at once.</summary>
        internal CacheLoan? First;

        private readonly Lock _lock = new();
        private readonly CacheLoan?[] _inReach = new CacheLoan?[Reach];
        private readonly List<CacheLoan> _aside = [];
        private int _tidyAt = LeastAside;
        private uint _next;
        private long _hitsOfRetired;

        internal CacheLoan Begin(CacheLoans loans, CacheItem entry, bool isHit, out long token)
        {
            for (var i = 0; i < Reach && Volatile.Read(ref _inReach[i]) is { } loan; i++)
            {
                if (loan.TryBegin(entry, isHit, out token))
                {
                    return loan;
                }
            }

            var added = new CacheLoan(loans);
            added.TryBegin(entry, isHit, out token);
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                Add_NeedsLock(added);
            }

            return added;
        }

        internal long ReadHits()
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                var hits = _hitsOfRetired;
                foreach (var loan in _inReach)
                {
                    hits += loan is null ? 0 : Volatile.Read(ref loan.Hits);
                }

                foreach (var loan in _aside)
                {
                    hits += Volatile.Read(ref loan.Hits);
                }

                return hits;
            }
        }

        internal void AddLentTo(List<CacheItem> lent)
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                lent.AddRange(_inReach.Concat(_aside).Select(static loan => loan?.Lent).OfType<CacheItem>());
            }
        }

        private void Add_NeedsLock(CacheLoan added)
        {
            ref var place = ref _inReach[_next++ % Reach];
            if (place is not null)
            {
                _aside.Add(place);
            }

            Volatile.Write(ref place, added);
            Volatile.Write(ref First, _inReach[0]);
            if (_aside.Count >= _tidyAt)
            {
                Tidy_NeedsLock();
            }
        }

        // A thread may hold on to a loan that was put aside before it took it: only one that can be taken no more is let go.
        private void Tidy_NeedsLock()
        {
            foreach (var loan in _aside)
            {
                _hitsOfRetired += loan.TryRetire() ? Volatile.Read(ref loan.Hits) : 0;
            }

            _aside.RemoveAll(static loan => SlotState.Of(Volatile.Read(ref loan.Word)) == SlotState.Destroying);
            _tidyAt = Math.Max(LeastAside, _aside.Count * 2);
        }

        [Conditional("DEBUG")]
        private void AssertInvariants_NeedsLock()
        {
            Debug.Assert(_lock.IsHeldByCurrentThread, "The lock must be held.");
            Debug.Assert(ReferenceEquals(First, _inReach[0]), "The first is the first in reach.");
        }
    }
}
