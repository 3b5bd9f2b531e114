using System.Diagnostics;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>All of them anew: at once, over a time, or by another factory.</content>
internal sealed partial class PoolCore
{
    // How often the pool was invalidated over a time, and when the last such time ends.
    private int _renewal;
    private long _renewedAt;

    // Which factory made the resources from which generation on, the newest first. Copied on write.
    private FactoryEra[] _eras;

    // How many replacements of the factory have not swept yet.
    private int _replacements;

    /// <summary>Who made the resources of a generation.</summary>
    internal FactoryAdapter FactoryOf(int generation)
    {
        foreach (var era in Volatile.Read(ref _eras))
        {
            if (generation >= era.From)
            {
                return era.Factory;
            }
        }

        throw new UnreachableException($"Generation {generation} is older than the first.");
    }

    /// <summary>Begins a generation, and puts all of earlier ones out of service.</summary>
    internal void Invalidate()
    {
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            ThrowIfDisposed();
            var generation = Interlocked.Increment(ref _generation);
            Events?.Raise(PoolEventKind.GenerationBegun, $"Generation {generation} begins: all resources were invalidated.");
        }

        SweepGenerations();
        PoolLog.Changed(_logger, Name, $"invalidated, generation {_generation} begins");
    }

    /// <summary>
    /// Lets all resources that are there, or being made, expire within a time, one after the other: at once they would all be
    /// made anew at once.
    /// </summary>
    internal void Invalidate(TimeSpan over)
    {
        int count;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            ThrowIfDisposed();
            Volatile.Write(ref _renewal, _renewal + 1);
            var now = TimeProvider.GetTimestamp();
            var units = over.TotalSeconds * TimeProvider.TimestampFrequency;
            _renewedAt = now + (long)Math.Min(units, long.MaxValue / 2);
            var there = _entries.Where(static entry => SlotState.Of(entry.Word) != SlotState.Vacant).ToArray();
            count = there.Length;
            for (var index = 0; index < count; index++)
            {
                ExpireBy(there[index], now + (long)Math.Min(units * (index + 1) / count, long.MaxValue / 2));
            }

            Events?.Raise(PoolEventKind.RenewalBegun, $"{count} resource(s) were invalidated, over {over}.");
        }

        PoolLog.Changed(_logger, Name, $"invalidated, {count} resource(s) over {over}");
    }

    internal async Task ReplaceFactoryAsync(FactoryAdapter factory, CancellationToken cancellationToken)
    {
        int generation;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            ThrowIfDisposed();
            _factory = factory;

            _replacements++;
            ReadHooks();
            generation = Interlocked.Increment(ref _generation);
            ForgetFactories_NeedsLock();
            Volatile.Write(ref _eras, [new FactoryEra(generation, factory), .. _eras]);
            Events?.Raise(PoolEventKind.FactoryReplaced, $"The factory was replaced, generation {generation} begins.");
        }

        SweepGenerations();
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            _replacements--;
            ReadHooks();
        }

        PoolLog.Changed(_logger, Name, $"factory replaced, generation {generation} begins");
        EnsureSupply();
        await WaitUntilAsync(
            () => _entries.All(entry => SlotState.Of(entry.Word) == SlotState.Vacant || entry.Generation >= generation),
            cancellationToken).ConfigureAwait(false);
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            ForgetFactories_NeedsLock();
        }
    }

    /// <summary>Lets go of the factories of which nothing is left, so that they can be collected.</summary>
    private void ForgetFactories_NeedsLock()
    {
        var oldest = _generation;
        foreach (var entry in _entries)
        {
            if (SlotState.Of(Volatile.Read(ref entry.Word)) != SlotState.Vacant)
            {
                oldest = Math.Min(oldest, entry.Generation);
            }
        }

        // Those up to the one that made the oldest.
        var needed = Array.FindIndex(_eras, era => era.From <= oldest) + 1;
        Volatile.Write(ref _eras, _eras[..needed]);
    }

    private void SweepGenerations()
    {
        foreach (var entry in Volatile.Read(ref _entries))
        {
            YieldPoint.Reach();
            if (entry.Generation != Volatile.Read(ref _generation))
            {
                Sweep(entry, DestroyReason.PoolInvalidated);
            }
        }
    }

    private static void ExpireBy(PoolEntry entry, long time)
    {
        var details = entry.NeedDetails();
        if (time < details.ExpiresAt)
        {
            details.ExpiryReason = DestroyReason.PoolInvalidated;
            Volatile.Write(ref details.ExpiresAt, time);
        }
    }

    private readonly record struct FactoryEra(int From, FactoryAdapter Factory);
}
