using System.Runtime.CompilerServices;

namespace Pepper.Resources.Pooling;

/// <content>
/// Claims of idle entries. Each processor has a stack of those that were given back on it: the hint is its top, and each entry
/// names the one below. What is claimed stays on the stack, so that who claims and returns one entry again and again writes
/// nothing there; what is laid on top of itself twice makes a ring of it. That does no harm: the stack is made of hints alone.
/// Whether an entry is idle is told by its word, and who finds nothing within a few steps looks at all.
/// </content>
internal sealed partial class PoolCore
{
    private const int LongestWayDown = 8;
    private const int MostApart = 64;
    private const int GapBytes = 128;

    private byte[][] _gaps = [];

    private readonly bool _isFirstInFirstOut;
    private long _idleSequence;

    /// <summary>Claims an idle entry by one compare-and-swap, the one that came back last on this processor first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private PoolEntry? Claim(out long token)
    {
        var entries = Volatile.Read(ref _entries);
        var index = _hints.ForThisProcessor();
        if ((uint)index < (uint)entries.Length)
        {
            var entry = entries[index];
            var word = Volatile.Read(ref entry.Word);
            token = word + (SlotState.InUse - SlotState.Idle);
            if (SlotState.Of(word) == SlotState.Idle && entry.TryMove(word, token))
            {
                return entry;
            }
        }

        return ClaimFurther(entries, index, SlotState.InUse, out token);
    }

    /// <summary>Claims an idle entry for the pool itself: nobody else touches it until it is published again.</summary>
    private PoolEntry? ClaimHeld()
    {
        var entries = Volatile.Read(ref _entries);
        return _isFirstInFirstOut
            ? ClaimOldest(entries)
            : ClaimFurther(entries, _hints.ForThisProcessor(), SlotState.Held, out _);
    }

    private static PoolEntry? ClaimFurther(PoolEntry[] entries, int index, long state, out long word)
    {
        for (var steps = 0; steps < LongestWayDown && (uint)index < (uint)entries.Length; steps++)
        {
            var entry = entries[index];
            if (TryClaim(entry, state, out word))
            {
                return entry;
            }

            index = entry.Below;
        }

        foreach (var entry in entries)
        {
            if (TryClaim(entry, state, out word))
            {
                return entry;
            }
        }

        word = 0;
        return null;
    }

    /// <summary>
    /// Claims the entry that has been idle longest; all were numbered, under the lock, when they became idle. It is claimed as it
    /// was seen: one that was lent and came back meanwhile is the youngest now. And one that has become idle only after the
    /// search began may be younger than what the search has passed by then.
    /// </summary>
    private PoolEntry? ClaimOldest(PoolEntry[] entries)
    {
        while (true)
        {
            var last = Volatile.Read(ref _idleSequence);
            PoolEntry? oldest = null;
            var (oldestWord, oldestSequence) = (0L, long.MaxValue);
            foreach (var entry in entries)
            {
                YieldPoint.Reach();
                var word = Volatile.Read(ref entry.Word);
                var sequence = entry.Details?.IdleSequence ?? 0;
                if (SlotState.Of(word) == SlotState.Idle && sequence < oldestSequence)
                {
                    (oldest, oldestWord, oldestSequence) = (entry, word, sequence);
                }
            }

            if (oldest is null
                || (oldestSequence <= last && oldest.TryMove(oldestWord, SlotState.With(oldestWord, SlotState.Held))))
            {
                return oldest;
            }
        }
    }

    private static bool TryClaim(PoolEntry entry, long state, out long word)
    {
        YieldPoint.Reach();
        var before = Volatile.Read(ref entry.Word);
        word = SlotState.With(before, state);
        return SlotState.Of(before) == SlotState.Idle && entry.TryMove(before, word);
    }

    /// <summary>Lays an entry that has become idle on this processor's stack.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void NoteIdle(PoolEntry entry)
    {
        ref var hint = ref _hints.ForThisProcessor();
        if (hint != entry.Index)
        {
            entry.Below = (ushort)hint;
            hint = entry.Index;
        }
    }

    /// <summary>
    /// Makes the entries of new places, the first ones apart from each other: two processors that work on neighbours would take
    /// cache lines from each other all the time. In a large pool neighbours are rarely used at the same time.
    /// </summary>
    private void AddPlaces(PoolEntry[] entries, int from)
    {
        Array.Resize(ref _gaps, Math.Min(entries.Length, MostApart));
        for (var index = from; index < entries.Length; index++)
        {
            entries[index] = new PoolEntry(this, index);
            if (index < MostApart)
            {
                // Kept, as what nobody refers to would be collected, and the entries moved together.
                _gaps[index] = new byte[GapBytes];
            }
        }
    }
}
