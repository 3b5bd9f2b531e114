using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Pepper.Resources.Caching;

/// <summary>
/// The loans of a cache: a few for each processor, used over and over, so that lending allocates nothing. They count the hits,
/// each its own, so that no counter is shared on the way of a hit. The first few of a processor are published: whoever wants to
/// know what is held looks through them, and a hit that gets one writes nothing that another processor reads. The resources
/// count the others, however many they are.
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

    internal bool IsWatched => Volatile.Read(ref _isWatched) != 0;

    internal void Unwatch() => Interlocked.Exchange(ref _isWatched, 0);

    /// <summary>Whether it is lent, or about to be.</summary>
    internal bool IsLeased(CacheItem entry) => entry.IsCounted || IsPublished(entry);

    /// <summary>
    /// Whether a published loan has it. One that is published later finds the entry closed, if it was closed before this look.
    /// </summary>
    internal bool IsPublished(CacheItem entry)
    {
        foreach (var stripe in _stripes)
        {
            if (stripe.IsPublished(entry))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Marks what is published, for a policy that is asked next; adds it to a list, for <see cref="Unmark"/>. Under the cache's
    /// lock.
    /// </summary>
    internal void Mark(List<CacheItem> marked)
    {
        Unmark(marked);
        foreach (var stripe in _stripes)
        {
            stripe.AddPublishedTo(marked);
        }

        marked.ForEach(static entry => entry.IsMarked = true);
    }

    internal static void Unmark(List<CacheItem> marked)
    {
        marked.ForEach(static entry => entry.IsMarked = false);
        marked.Clear();
    }

    /// <summary>Ends a counted loan of an entry, and tells the keeper what it has to know.</summary>
    internal void EndLoan(CacheItem entry)
    {
        var end = entry.EndLoan();
        if (end == LoanEnd.Left || (end == LoanEnd.Idle && IsWatched && !IsPublished(entry)))
        {
            keeper.OnReleased(entry);
        }
    }

    /// <summary>
    /// A published loan of an entry has ended, by a full fence: tells the keeper what it has to know. Of several that end at the
    /// same time the last to do so finds no other.
    /// </summary>
    internal void EndPublished(CacheItem entry)
    {
        if ((entry.IsClosed || IsWatched) && !IsLeased(entry))
        {
            keeper.OnReleased(entry);
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

    /// <summary>
    /// A published loan of a resource, if this processor has one left. The caller looks next whether the resource has left, and
    /// gives the loan back if so.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal CacheLoan? TryPublish(CacheItem entry, out long token)
    {
        var stripe = _stripes[Thread.GetCurrentProcessorId() & (_stripes.Length - 1)];
        var first = Volatile.Read(ref stripe.First);
        return first is not null && first.TryBegin(entry, out token) ? first : stripe.TryPublish(this, entry, out token);
    }

    /// <summary>A loan of a resource, whose own count the caller has raised.</summary>
    internal CacheLoan Begin(CacheItem entry, out long token) =>
        _stripes[Thread.GetCurrentProcessorId() & (_stripes.Length - 1)].Begin(this, entry, out token);

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
    /// The loans of one processor. Those that are published stay what they are, and are few, as others look through them. Of the
    /// others those in reach are few, so that the search is short; one that is out for long is put aside when all in reach are
    /// out, and a new one takes its place.
    /// </summary>
    private sealed class Stripe
    {
        private const int MostPublished = 8;
        private const int Reach = 16;
        private const int LeastAside = 16;

        /// <summary>Where one thread that gives back what it takes finds its loan at once.</summary>
        internal CacheLoan? First;

        private readonly Lock _lock = new();
        private readonly CacheLoan?[] _published = new CacheLoan?[MostPublished];
        private readonly CacheLoan?[] _inReach = new CacheLoan?[Reach];
        private readonly List<CacheLoan> _aside = [];
        private int _tidyAt = LeastAside;
        private uint _next;
        private long _hitsOfRetired;

        internal CacheLoan? TryPublish(CacheLoans loans, CacheItem entry, out long token)
        {
            for (var i = 0; i < MostPublished; i++)
            {
                if ((Volatile.Read(ref _published[i]) ?? Add(loans, i)).TryBegin(entry, out token))
                {
                    return _published[i];
                }
            }

            token = 0;
            return null;
        }

        internal bool IsPublished(CacheItem entry)
        {
            for (var i = 0; i < MostPublished && Volatile.Read(ref _published[i]) is { } loan; i++)
            {
                if (ReferenceEquals(loan.Lent, entry))
                {
                    return true;
                }
            }

            return false;
        }

        internal void AddPublishedTo(List<CacheItem> lent)
        {
            for (var i = 0; i < MostPublished && Volatile.Read(ref _published[i]) is { } loan; i++)
            {
                if (loan.Lent is { } entry)
                {
                    lent.Add(entry);
                }
            }
        }

        internal CacheLoan Begin(CacheLoans loans, CacheItem entry, out long token)
        {
            for (var i = 0; i < Reach && Volatile.Read(ref _inReach[i]) is { } loan; i++)
            {
                if (loan.TryBegin(entry, out token))
                {
                    return loan;
                }
            }

            var added = new CacheLoan(loans, isPublished: false);
            added.TryBegin(entry, out token);
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
                foreach (var loan in All_NeedsLock())
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
                lent.AddRange(All_NeedsLock().Select(static loan => loan.Lent).OfType<CacheItem>());
            }
        }

        private IEnumerable<CacheLoan> All_NeedsLock() => _published.Concat(_inReach).OfType<CacheLoan>().Concat(_aside);

        /// <summary>Known to all who look before anybody can take it.</summary>
        private CacheLoan Add(CacheLoans loans, int place)
        {
            CacheLoan added = new(loans, isPublished: true);
            var loan = Interlocked.CompareExchange(ref _published[place], added, null) ?? added;
            if (place == 0)
            {
                Volatile.Write(ref First, loan);
            }

            return loan;
        }

        private void Add_NeedsLock(CacheLoan added)
        {
            ref var place = ref _inReach[_next++ % Reach];
            if (place is not null)
            {
                _aside.Add(place);
            }

            Volatile.Write(ref place, added);
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
            Debug.Assert(First is null || ReferenceEquals(First, _published[0]), "The first is the first that is published.");
        }
    }
}
