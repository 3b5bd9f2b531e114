using System.Runtime.InteropServices;

namespace Pepper.Resources.Caching;

/// <summary>
/// One loan of a resource that others may hold as well. It is used again for later loans, of whatever resource of the cache,
/// which its version tells apart: a lease that is given back twice ends one loan, and no other.
/// </summary>
/// <param name="owner">Whose it is.</param>
/// <param name="isPublished">
/// Whether it says by itself that its resource is held, to whoever looks through the loans; else the resource counts it.
/// </param>
internal sealed class CacheLoan(CacheLoans owner, bool isPublished) : LeaseSlot
{
    private CacheItem? _entry;

    // Two loans that are side by side in memory are written by two processors.
    private Room _room;

    /// <summary>How many gets it served. Only whoever holds the loan writes it.</summary>
    internal long Hits;

    /// <summary>
    /// Whether it is lent in the place of something newer, however young it is. Set before the lease is given to anybody.
    /// </summary>
    internal bool IsStandIn;

    /// <summary>What is lent at this moment; null when nothing is.</summary>
    internal CacheItem? Lent => SlotState.Of(Volatile.Read(ref Word)) is SlotState.InUse or SlotState.Doomed
        ? Volatile.Read(ref _entry)
        : null;

    /// <summary>Takes the loan for a resource.</summary>
    /// <remarks>
    /// One that is published becomes visible with a full fence: its taker looks afterwards whether the resource has left, and
    /// whoever closes a resource looks for loans afterwards, so that one of the two sees the other.
    /// </remarks>
    internal bool TryBegin(CacheItem entry, out long token)
    {
        var word = Volatile.Read(ref Word);
        token = SlotState.With(word, SlotState.InUse);
        if (SlotState.Of(word) != SlotState.Vacant
            || Interlocked.CompareExchange(ref Word, SlotState.With(word, SlotState.Held), word) != word)
        {
            return false;
        }

        Volatile.Write(ref _entry, entry);
        Item = entry.Resource;
        if (isPublished)
        {
            Interlocked.Exchange(ref Word, token);
        }
        else
        {
            Volatile.Write(ref Word, token);
        }

        return true;
    }

    /// <summary>It serves a get that found its resource. Only for whoever has begun it.</summary>
    internal void CountHit() => Volatile.Write(ref Hits, Hits + 1);

    /// <summary>Ends its use for good, if nothing is lent.</summary>
    internal bool TryRetire()
    {
        var word = Volatile.Read(ref Word);
        return SlotState.Of(word) == SlotState.Vacant
            && Interlocked.CompareExchange(ref Word, SlotState.With(word, SlotState.Destroying), word) == word;
    }

    internal override void Return(long token)
    {
        // Before it ends, or its resource would be neither held nor just used. A copy of the lease that is given back at the same
        // moment may note a use too many, which harms nothing.
        if (owner.NotesUse && IsHeldBy(token) && Volatile.Read(ref _entry) is { } used)
        {
            owner.Keeper.OnUsed(used);
        }

        var ended = SlotState.Next(token, SlotState.Held);
        if (Interlocked.CompareExchange(ref Word, ended, token) != token
            && Interlocked.CompareExchange(ref Word, ended, SlotState.Doom(token)) != SlotState.Doom(token))
        {
            return;
        }

        var entry = _entry!;
        _entry = null;
        Item = null;
        IsStandIn = false;
        Volatile.Write(ref Word, SlotState.With(ended, SlotState.Vacant));
        if (isPublished)
        {
            owner.EndPublished(entry);
        }
        else
        {
            owner.EndLoan(entry);
        }
    }

    internal override ValueTask ReturnAsync(long token)
    {
        Return(token);
        return default;
    }

    internal override void Invalidate(long token, Exception? cause)
    {
        // Read first: as long as the loan is out, this is what it lends.
        var entry = Volatile.Read(ref _entry);
        if (Interlocked.CompareExchange(ref Word, SlotState.Doom(token), token) == token)
        {
            owner.Keeper.OnInvalidated(entry!, cause);
        }
    }

    internal override object Detach(long token) =>
        IsHeldBy(token)
            ? throw new NotSupportedException($"{Describe()} is shared with other holders and cannot be detached.")
            : throw new ObjectDisposedException("Lease", $"The lease of {Describe()} was given back.");

    internal override bool IsOutdated => Lent is { } entry && (IsStandIn || owner.Keeper.IsOutdated(entry));

    internal override string Source => owner.Keeper.Name;

    internal override string Describe() =>
        Lent?.Describe(owner.Keeper.Name) ?? $"a resource of cache '{owner.Keeper.Name}'";

    [StructLayout(LayoutKind.Sequential, Size = 72)]
    private struct Room
    {
        private long _first;
    }
}
