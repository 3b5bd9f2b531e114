using System.Diagnostics;

namespace Pepper.Resources.Pooling;

/// <summary>What an entry has beside what all have, for pools whose options, operators or callers ask for it.</summary>
internal sealed class PoolEntryDetails
{
    // Of the resource: with a maximum of uses, or of age, or an invalidation over a time.
    internal long BornVersion;
    internal long ExpiresAt = long.MaxValue;
    internal DestroyReason ExpiryReason = DestroyReason.MaxLifetime;

    /// <summary>Where the oldest is lent first: its number among those that became idle. Under the pool's lock.</summary>
    internal long IdleSequence;

    /// <summary>
    /// Of the keep-alive and the validation policy, written by who holds the entry: when it was made, or last found fit.
    /// </summary>
    internal long CheckedAt;

    // With leak tracking: the trace of the loan, written by whoever lends; and which loan was reported as leaked, under the lock.
    internal ActivityTraceId Trace;
    internal long LeakToken;

    // Of that loan of the holder's whose token is noted with them, and of no other: a loan that has neither notes nothing. They
    // stay until the next note, or a return that leads to more; a small flow and a stack may so outlive their loan.
    internal LeaseFlow? Flow;
    internal StackTrace? Stack;
    internal long NotedFor;

    /// <summary>
    /// Of a suspect, as another of its generation has failed: the number of the suspicion; zero when it is none, or has been
    /// cleared.
    /// </summary>
    internal int Suspicion;

    /// <summary>While it is new, and validated for the first time; and what that failed by.</summary>
    internal bool IsNew;
    internal Exception? Unfit;

    /// <summary>A stage's cancellation, kept for the next one as long as it was not used.</summary>
    internal CancellationTokenSource? StageSource;

    /// <summary>Forgets the loan's holder.</summary>
    internal void ForgetHolder()
    {
        Flow = null;
        Stack = null;
    }

    /// <summary>Forgets all: another resource comes into this place.</summary>
    internal void Clear()
    {
        StageSource?.Dispose();
        StageSource = null;
        ForgetHolder();
        ExpiresAt = long.MaxValue;
        ExpiryReason = DestroyReason.MaxLifetime;
        CheckedAt = 0;
        Suspicion = 0;
    }
}
