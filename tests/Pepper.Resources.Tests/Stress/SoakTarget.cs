using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>How a caller asks: within which time (null for ever), and before whom.</summary>
internal readonly record struct SoakRequest(TimeSpan Timeout, AcquirePriority Priority, int Key);

/// <summary>A pool, or a keyed pool, as callers and operators of a soak see it.</summary>
internal abstract class SoakTarget(SoakLedger ledger) : IAsyncDisposable
{
    /// <summary>No other limit is as long, so that a creation that took too long is told from a caller's own deadline.</summary>
    internal static readonly TimeSpan CreateTimeout = TimeSpan.FromMilliseconds(137);

    /// <summary>How long a probe may take, where it is not as long as any creation.</summary>
    internal static readonly TimeSpan ProbeTimeout = TimeSpan.FromMilliseconds(61);

    private int _isTame;

    internal SoakLedger Ledger { get; } = ledger;

    internal SoakCounts Counts { get; } = new();

    internal bool IsTame => Volatile.Read(ref _isTame) != 0;

    internal void Tame() => Volatile.Write(ref _isTame, 1);

    public abstract ValueTask DisposeAsync();

    internal abstract ValueTask<Lease<SoakItem>> AcquireAsync(in SoakRequest request, CancellationToken cancellationToken);

    internal abstract Lease<SoakItem> Acquire(in SoakRequest request, CancellationToken cancellationToken);

    internal abstract bool TryAcquire(in SoakRequest request, out Lease<SoakItem> lease);

    /// <summary>Does to it what operators do, by chance.</summary>
    internal abstract Task OperateAsync(Random random);

    /// <summary>When all callers have ended: nothing is left, nothing is lost, and all was counted.</summary>
    internal abstract Task<(long Waits, long Created, long Failures, long Abandoned)> FinishAsync(TimeSpan guard);

    internal SoakFactory NewFactory(int number, FactoryHooks hooks) => new(Ledger, number, hooks) { IsTame = () => IsTame };

    protected void Check<T>(string what, T expected, T actual)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            Ledger.Fault($"{what}: {actual}, not {expected}");
        }
    }
}
