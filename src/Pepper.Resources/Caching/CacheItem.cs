using Pepper.Resources.Policies;

namespace Pepper.Resources.Caching;

/// <summary>What became of a resource when a loan of it ended.</summary>
internal enum LoanEnd
{
    /// <summary>Others hold it still.</summary>
    Held,

    /// <summary>Nobody holds it, and it stays.</summary>
    Idle,

    /// <summary>
    /// Nobody holds it any more, and nobody will: whoever is told this, and nobody else, sees to its destruction.
    /// </summary>
    Drained,
}

/// <summary>
/// One resource of a cache, from its coming to its destruction: how many hold it, and whether it has left. One word says both, so
/// that exactly one thread finds that the last loan of a closed resource has ended.
/// </summary>
/// <remarks>
/// <para>The word counts loans in steps of four above two bits. A loan adds a step and looks: a closed resource gives the step
/// back. Hence the count of a closed one may rise for a moment, and fall again; the second bit, which is set once by a
/// compare-and-swap from "closed, nobody", decides who destroys it.</para>
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

    /// <summary>Whether it takes one of the places of a cache that bounds what is alive.</summary>
    internal bool HoldsPlace;

    /// <inheritdoc/>
    public override bool IsPinned => IsLeased;

    internal bool IsLeased => Volatile.Read(ref _word) >= One;

    internal bool IsClosed => (Volatile.Read(ref _word) & Closed) != 0;

    /// <summary>Begins a loan, unless the resource has left.</summary>
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

        if (EndLoan() == LoanEnd.Drained)
        {
            keeper.OnDrained(this);
        }

        return false;
    }

    /// <summary>Ends a loan.</summary>
    internal LoanEnd EndLoan()
    {
        var word = Interlocked.Add(ref _word, -One);
        return word == 0 ? LoanEnd.Idle : word == Closed && TryDie() ? LoanEnd.Drained : LoanEnd.Held;
    }

    /// <summary>Counts the loans of those who waited for the resource, before anybody else sees it.</summary>
    internal void Begin(int loans, bool isClosed)
    {
        var word = (loans * One) | (isClosed ? Closed : 0);
        Volatile.Write(ref _word, word == Closed ? Closed | Dead : word);
    }

    /// <summary>Adds the loans of those who waited; under the cache's lock, for a resource that is in the cache.</summary>
    internal void AddLoans(int loans) => Interlocked.Add(ref _word, loans * One);

    /// <summary>Closes it if nobody holds it: then it is the caller's to destroy.</summary>
    internal bool TryCloseIdle() => Interlocked.CompareExchange(ref _word, Closed | Dead, 0) == 0;

    /// <summary>
    /// Closes it, under the cache's lock. True when nobody holds it: then it is the caller's to destroy. Otherwise the end of
    /// its last loan says that it is drained.
    /// </summary>
    internal bool Close() => Interlocked.Or(ref _word, Closed) == 0 && TryDie();

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

    private bool TryDie() => Interlocked.CompareExchange(ref _word, Closed | Dead, Closed) == Closed;
}
