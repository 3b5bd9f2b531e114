using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>
/// A factory that fails, hangs and dawdles in every stage now and then, by chance, until it is told to behave. Half of what hangs
/// heeds its token; the rest of the creations comes when the pool has given them up.
/// </summary>
internal sealed class SoakFactory(SoakLedger ledger, int number, FactoryHooks hooks)
    : IResourceFactory<SoakItem>, ISyncResourceFactory<SoakItem>
{
    private static readonly TimeSpan Overdue = TimeSpan.FromMilliseconds(900);

    public FactoryHooks Hooks { get; } = hooks;

    internal int Number { get; } = number;

    /// <summary>Whether all stages are fine from now on, for all factories of a pool.</summary>
    internal Func<bool> IsTame { get; init; } = static () => false;

    public async ValueTask<SoakItem> CreateAsync(CreateContext context, CancellationToken cancellationToken)
    {
        var id = ledger.Begin(cancellationToken);
        var isMade = false;
        try
        {
            await ActAsync("create", isDeaf: id % 2 == 0, cancellationToken);
            isMade = true;
            return new SoakItem(id, this);
        }
        finally
        {
            ledger.EndCreation(id, isMade);
        }
    }

    public SoakItem Create(CreateContext context, CancellationToken cancellationToken)
    {
        var id = ledger.Begin(cancellationToken);
        var isMade = IsTame() || Random.Shared.Next(100) >= 8;
        ledger.EndCreation(id, isMade);
        return isMade ? new SoakItem(id, this) : throw new SoakException("create");
    }

    public async ValueTask<bool> ValidateAsync(SoakItem resource, CancellationToken cancellationToken)
    {
        await ActAsync("validate", isDeaf: false, cancellationToken);
        return Validate(resource);
    }

    public bool Validate(SoakItem resource) => IsTame() || Random.Shared.Next(100) >= 2;

    public async ValueTask<bool> ResetAsync(SoakItem resource, CancellationToken cancellationToken)
    {
        await ActAsync("reset", isDeaf: false, cancellationToken);
        return Validate(resource);
    }

    public async ValueTask DestroyAsync(SoakItem resource, DestroyReason reason, CancellationToken cancellationToken)
    {
        ledger.BeginDestruction(resource, this, cancellationToken);
        try
        {
            await ActAsync("destroy", isDeaf: false, cancellationToken);
        }
        finally
        {
            ledger.EndDestruction(resource);
        }
    }

    private async Task ActAsync(string stage, bool isDeaf, CancellationToken cancellationToken)
    {
        var dice = IsTame() ? int.MaxValue : Random.Shared.Next(1_000);
        if (dice < 30)
        {
            throw new SoakException(stage);
        }

        if (dice < 34)
        {
            var time = isDeaf ? Overdue : Timeout.InfiniteTimeSpan;
            await Task.Delay(time, TimeProvider.System, isDeaf ? CancellationToken.None : cancellationToken);
        }
        else if (dice < 60)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellationToken);
        }
        else if (dice < 300)
        {
            await Task.Yield();
            if (dice < 70)
            {
                throw new SoakException(stage);
            }
        }
    }
}
