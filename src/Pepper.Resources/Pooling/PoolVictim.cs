namespace Pepper.Resources.Pooling;

/// <summary>The idle resource that is to make room for another key, as far as the search has come.</summary>
internal struct PoolVictim
{
    /// <summary>
    /// What is taken first: what stands beyond its pool's minimum, then any other, and last what somebody is about to be lent.
    /// </summary>
    internal const int BeyondMinimum = 0;
    internal const int WithinMinimum = 1;
    internal const int Awaited = 2;

    private int _rank;
    private long _idleSince;

    internal PoolCore? Core { get; private set; }

    internal PoolEntry? Entry { get; private set; }

    /// <summary>The word that was looked at: the entry is taken only if it is still the same.</summary>
    internal long Word { get; private set; }

    internal void Consider(PoolCore core, PoolEntry entry, long word, int rank, long idleSince)
    {
        if (Core is null || rank < _rank || (rank == _rank && idleSince < _idleSince))
        {
            Core = core;
            Entry = entry;
            Word = word;
            _rank = rank;
            _idleSince = idleSince;
        }
    }
}
