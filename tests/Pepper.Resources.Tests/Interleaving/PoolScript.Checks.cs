using System.Runtime.CompilerServices;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Interleaving;

/// <content>What must be so.</content>
internal sealed partial class PoolScript
{
    /// <summary>The resource is this loan's alone, and as long as nobody has said otherwise the lease is good.</summary>
    internal void CheckHeld(Loan loan)
    {
        Schedule.ThrowIfFailed();
        if (loan.Probe.DestroyedFor is { } reason)
        {
            Schedule.Fail($"Resource {loan.Probe.Id} is destroyed ({reason}) while it is lent.");
        }
        else if (loan.Lease.IsStale)
        {
            Schedule.Fail($"The loan of resource {loan.Probe.Id} ended, and not by its holder.");
        }
        else if (Scenario.IsTracked && !IsTimed(Array.Find(EntriesOf(Pool.Core), entry => entry.Item == loan.Probe)!))
        {
            Schedule.Fail($"The loan of resource {loan.Probe.Id} has lost the time at which it began.");
        }
    }

    private static bool IsTimed(PoolEntry entry) =>
        entry.TryGetAge(SlotState.With(Volatile.Read(ref entry.Word), SlotState.InUse), now: 0, out _);

    /// <summary>
    /// At the very moment at which a claim has succeeded nobody waits, and the pool is open: the second look at the gate has said
    /// so, and nobody has gone on since.
    /// </summary>
    private void CheckClaim(ResourcePool<Probe> pool)
    {
        if (Scenario.IsLentWithCare)
        {
            return;
        }

        Schedule.Calmly(() =>
        {
            var now = pool.Statistics;
            if (now.Waiting > 0 || now.IsPaused || now.IsClosed)
            {
                Schedule.Fail($"A claim succeeds while {now.Waiting} wait, paused {now.IsPaused}, closed {now.IsClosed}.");
            }
        });
    }

    /// <summary>
    /// What is claimed has been idle longest: of what is idle now, nothing came back earlier and has an earlier number. The
    /// number alone does not tell, as what the pool holds for a moment, for a waiter who has just been served, gets a new one.
    /// </summary>
    private void CheckOldest(ResourcePool<Probe> pool, Probe probe)
    {
        var entries = EntriesOf(pool.Core);
        var number = Array.Find(entries, entry => entry.Item == probe)!.Details!.IdleSequence;
        if (Array.Exists(entries, entry => SlotState.Of(entry.Word) == SlotState.Idle && entry.Details!.IdleSequence < number
            && ((Probe)entry.Item!).ReturnedAt < probe.ReturnedAt))
        {
            Schedule.Fail($"Resource {probe.Id} is lent, and another has been idle for longer.");
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_entries")]
    private static extern ref PoolEntry[] EntriesOf(PoolCore core);

    private void CheckTaken(
        Probe probe, ResourcePool<Probe> pool, int begun, int generation, AcquirePriority priority, bool isClaimed)
    {
        if (probe.Holder is { } holder)
        {
            Schedule.Fail($"Resource {probe.Id} is lent twice at once; {holder} has it.");
        }
        else if (probe.DestroyedFor is { } reason)
        {
            Schedule.Fail($"Resource {probe.Id} is lent, and was destroyed ({reason}).");
        }
        else if (probe.Generation < generation)
        {
            Schedule.Fail($"Resource {probe.Id} of generation {probe.Generation} is lent to one who came in {generation}.");
        }
        else if (!probe.IsValidated && Scenario.IsValidated)
        {
            Schedule.Fail($"Resource {probe.Id} is lent and was not validated.");
        }
        else if (_waiting.Find(one => one.Pool == pool && one.Since < begun && one.Priority >= priority && one.IsQueued)
            is { } passed)
        {
            Schedule.Fail($"One who came at {begun} is served before {passed.Name}, who has waited since {passed.Since}.");
        }
        else if (isClaimed && Scenario.IsOldestFirst)
        {
            CheckOldest(pool, probe);
        }
    }

    /// <summary>Nobody is inside a pool: nobody is on the way to bring together what ought to be together.</summary>
    private void CheckAtRest()
    {
        var states = _pools.ConvertAll(static pool => pool.Statistics);
        var total = states.Sum(static state => state.Size);
        if (total != Factory.Live)
        {
            Schedule.Fail($"The pools count {total} live resources; there are {Factory.Live}.");
        }

        foreach (var state in states)
        {
            CheckAtRest(state);
            var isBeside = total < Scenario.MaxTotal || states.Exists(static other => other.Idle > 0);
            if (_budget is not null && state.Waiting > 0 && state.Size < state.MaxSize && isBeside)
            {
                Schedule.Fail($"A pool starves beside {total} of {Scenario.MaxTotal} places, or idle resources of others.");
            }
        }
    }

    private void CheckAtRest(PoolStatistics state)
    {
        if (state.Waiting > 0 && state is { IsPaused: false, Idle: > 0 })
        {
            Schedule.Fail($"{state.Waiting} wait beside {state.Idle} idle resources.");
        }
        else if (state.Waiting > 0 && !state.IsPaused && _budget is null && state.Size < state.MaxSize
            && !(Scenario.WaitsForReturn && state.InUse > 0))
        {
            Schedule.Fail($"{state.Waiting} wait, and only {state.Size} of {state.MaxSize} places are taken.");
        }
        else if (state is { IsClosed: true, Waiting: 0, Idle: > 0 })
        {
            Schedule.Fail($"{state.Idle} resources are idle in a pool that is closed.");
        }
        else if (state.InUse + state.Idle != state.Size)
        {
            Schedule.Fail($"{state.InUse} are lent and {state.Idle} idle of {state.Size}; the others are nobody's.");
        }
        else if (state.Idle > state.MaxSize)
        {
            Schedule.Fail($"{state.Idle} are idle of at most {state.MaxSize}.");
        }
    }

    /// <summary>When all actors have ended: nothing is lent any more, and after the end of the pools nothing is left.</summary>
    internal void Finish()
    {
        foreach (var state in _pools.ConvertAll(static pool => pool.Statistics))
        {
            if (state.Waiting > 0 || state.InUse > 0 || state.Size > state.MaxSize)
            {
                Schedule.Fail(
                    $"All have ended: {state.Waiting} wait, {state.InUse} are lent, {state.Size} of {state.MaxSize} live.");
            }
        }

        var acquired = _pools.Sum(static pool => pool.Statistics.Acquired);
        if (acquired != _acquired)
        {
            Schedule.Fail($"The versions count {acquired} loans; there were {_acquired}.");
        }

        AtEnd?.Invoke();
        var closed = _pools.ConvertAll(static pool => pool.DisposeAsync().AsTask());
        Schedule.WaitUntil(() => Schedule.IsAlone);
        Schedule.ThrowIfFailed();
        if (Factory.Live != 0 || !closed.TrueForAll(static task => task.IsCompletedSuccessfully))
        {
            Schedule.Fail($"{Factory.Live} resources are live after the disposal.");
        }

        foreach (var probe in Factory.Made.Except(_detached))
        {
            if (probe.DestroyedFor is null)
            {
                Schedule.Fail($"Resource {probe.Id} was not destroyed.");
            }
        }
    }
}
