using System.Diagnostics;

namespace Pepper.Resources.Pooling;

/// <summary>
/// One place of a pool: the word of state and version, the resource, and what is known of its holder. The machinery is in
/// <see cref="PoolCore"/>; the entry only names it.
/// </summary>
/// <remarks>
/// A pool may keep thousands, so an entry has what every resource needs and no more: 88 bytes. The rest is in
/// <see cref="Details"/>, for pools whose options ask for it.
/// </remarks>
[DebuggerDisplay("{Index}: state {Word & 255}, version {Word >> 8}")]
internal sealed class PoolEntry(PoolCore core, int index) : LeaseSlot
{
    /// <summary>Where it stands in the array, which never changes: the hint to look here first.</summary>
    internal readonly ushort Index = (ushort)index;

    /// <summary>A hint: which entry came back before this one on the same processor; itself for none.</summary>
    internal ushort Below = (ushort)index;

    /// <summary>Of the resource. Written while the entry is held by the pool, before the word that publishes it.</summary>
    internal int Generation;

    // Of the holder. Written by whoever lends, right after the claim; read for reports, which check the word afterwards.
    internal string? Member;
    internal string? File;
    internal int Line;

    /// <summary>Of the keep-alive, under the pool's lock: whether it is being validated now, and counts as idle.</summary>
    internal bool IsKeptAlive;

    /// <summary>How the last stage ended. Belongs to whoever holds the entry.</summary>
    internal bool IsFit;

    /// <summary>
    /// Whether it is being destroyed to make room for another pool under the same budget. Written by who destroys it.
    /// </summary>
    internal bool IsEvicted;

    private byte _doomReason;
    private PoolEntryDetails? _details;
    private long _seen = -1;

    /// <summary>Why a doomed resource is to be destroyed. Written before the word says doomed, or by the one who does.</summary>
    internal DestroyReason DoomReason
    {
        get => (DestroyReason)_doomReason;
        set => _doomReason = (byte)value;
    }

    /// <summary>Who made the resource, and so destroys it.</summary>
    internal FactoryAdapter Factory => core.FactoryOf(Generation);

    /// <summary>What only some pools need; null while there is nothing of it.</summary>
    internal PoolEntryDetails? Details => Volatile.Read(ref _details);

    /// <summary>The same, made if it is not there. Safe from any thread.</summary>
    internal PoolEntryDetails NeedDetails() =>
        _details ?? Interlocked.CompareExchange(ref _details, new PoolEntryDetails(), null) ?? _details!;

    /// <summary>
    /// Notes since when the word is as it is: by the sweeper, and where somebody asks how long loans last, by whoever lends. Both
    /// say the same to within a tick, so it does not matter who comes last.
    /// </summary>
    /// <param name="word">The word; of a doomed one, that of its loan.</param>
    /// <param name="at">The time, in milliseconds of the pool's clock.</param>
    internal void NoteSeen(long word, long at) => Volatile.Write(ref _seen, (at << 32) | (uint)word);

    /// <summary>Forgets it: what comes into this place next is another resource.</summary>
    internal void ForgetSeen() => Volatile.Write(ref _seen, -1);

    /// <summary>
    /// For how many milliseconds the word has been as it is, if it was seen so. Half of the word is compared: sixteen million
    /// loans between two looks would be taken for none. Half of the time is kept: nothing is seen to be older than 24 days.
    /// </summary>
    internal bool TryGetAge(long word, long now, out int milliseconds)
    {
        var seen = Volatile.Read(ref _seen);
        milliseconds = Math.Max(0, (int)((uint)now - (uint)(seen >> 32)));
        return (uint)seen == (uint)word;
    }

    /// <summary>
    /// Keeps what has been seen for very long from seeming new when its time wraps around. Called at each tick.
    /// </summary>
    internal void KeepOld(long word, long now)
    {
        const int coarse = 1000;
        if ((int)((uint)now - (uint)(Volatile.Read(ref _seen) >> 32)) < -coarse)
        {
            NoteSeen(word, now - int.MaxValue);
        }
    }

    internal override void Return(long token) => core.Return(this, token);

    internal override ValueTask ReturnAsync(long token) => core.ReturnAsync(this, token);

    internal override void Invalidate(long token, Exception? cause) => core.Invalidate(this, token, cause);

    internal override object Detach(long token) => core.Detach(this, token);

    internal override string Source => core.Name;

    internal override string Describe() => $"pool '{core.Name}'";

    internal bool TryMove(long from, long to)
    {
        YieldPoint.Reach();
        var isMoved = Interlocked.CompareExchange(ref Word, to, from) == from;
        YieldPoint.Reach();
        return isMoved;
    }
}
