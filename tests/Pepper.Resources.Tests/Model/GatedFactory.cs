using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Model;

/// <summary>What a factory makes: a number, that of its creation.</summary>
internal sealed record ModelItem(int Id, int Factory);

/// <summary>
/// A factory whose stages end when they are told to, or are cancelled; validation and reset at once if not gated.
/// </summary>
internal sealed class GatedFactory(GatedStages stages, int number, FactoryHooks hooks, bool isGated)
    : IResourceFactory<ModelItem>, ISyncResourceFactory<ModelItem>
{
    public FactoryHooks Hooks { get; } = hooks;

    public async ValueTask<ModelItem> CreateAsync(CreateContext context, CancellationToken cancellationToken)
    {
        var (id, gate) = stages.BeginCreation(number, cancellationToken);
        try
        {
            await gate;
            return new ModelItem(id, number);
        }
        catch (Exception)
        {
            stages.CountGone();
            throw;
        }
    }

    public ModelItem Create(CreateContext context, CancellationToken cancellationToken)
    {
        var (id, gate) = stages.BeginCreation(number, cancellationToken);
        using var ended = new ManualResetEventSlim();
        _ = gate.ContinueWith(_ => ended.Set(), TaskScheduler.Default);
        ended.Wait(CancellationToken.None);
        if (gate.IsCompletedSuccessfully)
        {
            return new ModelItem(id, number);
        }

        stages.CountGone();
        throw gate.Exception?.InnerException ?? new OperationCanceledException(cancellationToken);
    }

    public ValueTask<bool> ValidateAsync(ModelItem resource, CancellationToken cancellationToken) =>
        RunAsync(ModelStage.Validate, resource, cancellationToken);

    public bool Validate(ModelItem resource)
    {
        stages.CountValidation();
        return !stages.IsBroken(resource.Id);
    }

    public ValueTask<bool> ResetAsync(ModelItem resource, CancellationToken cancellationToken) =>
        RunAsync(ModelStage.Reset, resource, cancellationToken);

    public ValueTask DestroyAsync(ModelItem resource, DestroyReason reason, CancellationToken cancellationToken)
    {
        stages.NoteDestroyed(resource, reason, number);
        return default;
    }

    private ValueTask<bool> RunAsync(ModelStage stage, ModelItem resource, CancellationToken cancellationToken)
    {
        if (stage == ModelStage.Validate)
        {
            stages.CountValidation();
        }

        return isGated
            ? new ValueTask<bool>(stages.Begin(stage, resource.Id, cancellationToken))
            : new ValueTask<bool>(!stages.IsBroken(resource.Id));
    }
}
