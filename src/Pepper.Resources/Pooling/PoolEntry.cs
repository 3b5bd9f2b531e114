using System.Diagnostics;

namespace Pepper.Resources.Pooling;

/// <summary>
/// One place of a pool: the word of state and version, the resource, and what is known of its holder. The machinery is in
/// <see cref="PoolCore"/>; the entry only names it.
/// </summary>
[DebuggerDisplay("{Index}: state {Word & 255}, version {Word >> 8}")]
internal sealed class PoolEntry(PoolCore core, int index) : LeaseSlot
{
    /// <summary>Where it stands in the array: the hint to look here first. Changed only under the pool's lock.</summary>
    internal int Index = index;

    /// <summary>A hint: which entry came back before this one on the same processor.</summary>
    internal int Below = -1;

    /// <summary>Its number among those that became idle, where the oldest is lent first. Under the pool's lock.</summary>
    internal long IdleSequence;

    // Of the resource. Written while the entry is held by the pool, before the word that publishes it.
    internal FactoryAdapter? Factory;
    internal int Generation;
    internal long BornVersion;
    internal long ExpiresAt;
    internal DestroyReason ExpiryReason;

    // Of the holder. Written by whoever lends, right after the claim; read for reports, which check the word afterwards.
    internal string? Member;
    internal string? File;
    internal int Line;
    internal long LentAt;
    internal ActivityTraceId Trace;

    // Of that loan of the holder's whose token is noted with them, and of no other: a loan that has neither notes nothing. They
    // stay until the next note, or a return that leads to more; a small flow and a stack may so outlive their loan.
    internal LeaseFlow? Flow;
    internal StackTrace? Stack;
    internal long NotedFor;

    // Of the sweeper, under the pool's lock: since when it has seen the word as it is, and which loan it has reported as leaked.
    internal long SeenWord = -1;
    internal long SeenAt;
    internal long LeakToken;

    // Of the keep-alive, under the pool's lock: when it was last validated while idle, and whether it is so now.
    internal long CheckedAt;
    internal bool IsKeptAlive;

    /// <summary>How the last stage ended. Belongs to whoever holds the entry.</summary>
    internal bool IsFit;

    // A stage's cancellation, kept for the next one as long as it was not used.
    internal CancellationTokenSource? StageSource;

    /// <summary>
    /// Whether it is being destroyed to make room for another pool under the same budget. Written by who destroys it.
    /// </summary>
    internal bool IsEvicted;

    /// <summary>Why a doomed resource is to be destroyed. Written before the word says doomed, or by the one who does.</summary>
    internal DestroyReason DoomReason;

    internal override void Return(long token) => core.Return(this, token);

    internal override ValueTask ReturnAsync(long token) => core.ReturnAsync(this, token);

    internal override void Invalidate(long token, Exception? cause) => core.Invalidate(this, token, cause);

    internal override object Detach(long token) => core.Detach(this, token);

    internal override string Describe() => $"pool '{core.Name}'";

    internal bool TryMove(long from, long to)
    {
        YieldPoint.Reach();
        var isMoved = Interlocked.CompareExchange(ref Word, to, from) == from;
        YieldPoint.Reach();
        return isMoved;
    }
}
