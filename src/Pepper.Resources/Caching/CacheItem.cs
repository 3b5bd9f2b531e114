using Pepper.Resources.Policies;

namespace Pepper.Resources.Caching;

/// <summary>What the end of a counted loan left.</summary>
internal enum LoanEnd
{
    /// <summary>Others are counted still.</summary>
    Held,

    /// <summary>Nobody is counted, and the resource stays.</summary>
    Idle,

    /// <summary>Nobody is counted, and the resource has left: it may be drained.</summary>
    Left,
}

/// <summary>
/// One resource of a cache, from its coming to its destruction: who holds it is said partly by its word, which counts loans, and
/// partly by the loans that are published (<see cref="CacheLoans"/>), which a hit takes without writing here.
/// </summary>
/// <remarks>
/// <para>The word counts loans in steps of four above two bits. A counted loan adds a step and looks: a closed resource gives
/// the step back. Hence the count of a closed one may rise for a moment, and fall again. Both bits are set, and the first of
/// them is taken back, under the cache's lock; the second, which is set once by a compare-and-swap from "closed, nobody", says
/// that its destruction has begun.</para>
/// <para>It is not generic: what all caches do is compiled once.</para>
/// </remarks>
internal abstract class CacheItem(object resource, int hash, long weight) : EvictionNode(hash, weight)
{
    private const int Closed = 1;
    private const int Dead = 2;
    private const int One = 4;

    internal readonly object Resource = resource;
    private int _word;

    // One byte, as entries are many.
    private byte _reason;

    /// <summary>Why it left. Under the cache's lock, as is the next.</summary>
    internal CacheRemovalReason Reason
    {
        get => (CacheRemovalReason)_reason;
        set => _reason = (byte)value;
    }

    /// <summary>
    /// Whether it was published as lent when a policy was asked for a victim the last time. Under the cache's lock.
    /// </summary>
    internal bool IsMarked;

    /// <summary>Whether it takes one of the places of a cache that bounds what is alive.</summary>
    internal bool HoldsPlace;

    /// <inheritdoc/>
    public override bool IsPinned => IsMarked || IsCounted;

    internal bool IsCounted => Volatile.Read(ref _word) >= One;

    internal bool IsClosed => (Volatile.Read(ref _word) & Closed) != 0;

    /// <summary>Counts a loan, unless the resource has left.</summary>
    internal bool TryLease(ICacheKeeper keeper)
    {
        if (IsClosed)
        {
            return false;
        }

        if ((Interlocked.Add(ref _word, One) & Closed) == 0)
        {
            return true;
        }

        if (EndLoan() != LoanEnd.Held)
        {
            keeper.OnReleased(this);
        }

        return false;
    }

    /// <summary>Ends a counted loan.</summary>
    internal LoanEnd EndLoan()
    {
        var word = Interlocked.Add(ref _word, -One);
        return word == 0 ? LoanEnd.Idle : word == Closed ? LoanEnd.Left : LoanEnd.Held;
    }

    /// <summary>Counts the loans of those who waited for the resource, before anybody else sees it.</summary>
    internal void Begin(int loans, bool isClosed)
    {
        var word = (loans * One) | (isClosed ? Closed : 0);
        Volatile.Write(ref _word, word == Closed ? Closed | Dead : word);
    }

    /// <summary>Adds the loans of those who waited; under the cache's lock, for a resource that is in the cache.</summary>
    internal void AddLoans(int loans) => Interlocked.Add(ref _word, loans * One);

    /// <summary>
    /// Closes it if nobody holds it: then it is the caller's to destroy. Under the cache's lock, as are the next two: a hit that
    /// meets it closed for want of a better moment looks again.
    /// </summary>
    internal bool TryCloseIdle(CacheLoans loans)
    {
        if (Interlocked.CompareExchange(ref _word, Closed, 0) != 0)
        {
            return false;
        }

        if (TryDie(loans))
        {
            return true;
        }

        Interlocked.And(ref _word, ~Closed);
        return false;
    }

    /// <summary>
    /// Closes it. True when nobody holds it: then it is the caller's to destroy. Otherwise the end of its last loan tells the
    /// keeper, which tries to drain it.
    /// </summary>
    internal bool Close(CacheLoans loans) => Interlocked.Or(ref _word, Closed) == 0 && TryDie(loans);

    /// <summary>Whether it has left and nobody holds it: then it is the caller's, and nobody else's, to destroy.</summary>
    internal bool TryDrain(CacheLoans loans) => Volatile.Read(ref _word) == Closed && TryDie(loans);

    /// <summary>Takes it back in with a loan for the caller, if it is closed and leased still; under the cache's lock.</summary>
    internal bool TryReopen()
    {
        while (true)
        {
            var word = Volatile.Read(ref _word);
            if ((word & Dead) != 0)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _word, (word & ~Closed) + One, word) == word)
            {
                return true;
            }
        }
    }

    /// <summary>What it is called in messages.</summary>
    internal abstract string Describe(string cache);

    // Closed before it looks for published loans, each of which is published before it looks whether this is closed.
    private bool TryDie(CacheLoans loans) =>
        !loans.IsPublished(this) && Interlocked.CompareExchange(ref _word, Closed | Dead, Closed) == Closed;
}
