namespace Pepper.Resources;

/// <summary>
/// What a <see cref="Lease{T}"/> points at. <see cref="Word"/> is one number of state and version; a loan is known by the
/// whole word that it began with (its token), so that a copy which has outlived its loan never matches again.
/// </summary>
/// <remarks>
/// A slot is not generic, so that one loan can be seen as another type. Whoever ends a loan raises the version in the same
/// compare-and-swap; of any number of copies exactly one can do so.
/// </remarks>
internal abstract class LeaseSlot
{
    /// <summary>
    /// State in the low eight bits (<see cref="SlotState"/>), version above. Only ever changed by an atomic operation.
    /// </summary>
    internal long Word;

    /// <summary>What is lent. Set before the word says so, and replaced only after a version has ended.</summary>
    internal object? Item;

    /// <summary>Whether the loan that began with this token is still out.</summary>
    internal bool IsHeldBy(long token)
    {
        var word = Volatile.Read(ref Word);
        return word == token || word == SlotState.Doom(token);
    }

    /// <summary>
    /// The item, if the loan is still out. The item is read before the word: as the item changes only between two versions, a
    /// word that still matches afterwards proves that what was read belongs to this loan.
    /// </summary>
    internal bool TryGetItem(long token, out object? item)
    {
        item = Volatile.Read(ref Item);
        return IsHeldBy(token);
    }

    /// <summary>Ends the loan; what follows may end in the background. Never throws; harmless when the loan has ended.</summary>
    internal abstract void Return(long token);

    /// <summary>Ends the loan and waits for what follows. Never throws; harmless when the loan has ended.</summary>
    internal abstract ValueTask ReturnAsync(long token);

    /// <summary>Marks the item as broken. Harmless when the loan has ended.</summary>
    internal abstract void Invalidate(long token, Exception? cause);

    /// <summary>Takes the item out of its keeper's hands and ends the loan.</summary>
    internal abstract object Detach(long token);

    /// <summary>Of which keeper, or which resource, this is: a name.</summary>
    internal abstract string Source { get; }

    /// <summary>Whether what is lent is older than it should be.</summary>
    internal virtual bool IsOutdated => false;

    /// <summary>What is lent here, for messages.</summary>
    internal abstract string Describe();
}
