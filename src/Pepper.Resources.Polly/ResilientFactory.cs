using Pepper.Resources.Pooling;
using Polly;

namespace Pepper.Resources.Polly;

/// <summary>A factory that makes its resources through a pipeline, and does all else as the one inside.</summary>
internal class ResilientFactory<T>(IResourceFactory<T> inner, ICreationPipeline<T> pipeline) : IResourceFactory<T>
    where T : class
{
    public FactoryHooks Hooks => inner.Hooks;

    protected IResourceFactory<T> Inner => inner;

    protected ICreationPipeline<T> Pipeline => pipeline;

    public async ValueTask<T> CreateAsync(CreateContext context, CancellationToken cancellationToken)
    {
        var creation = new Creation<T>(inner, context);
        T? winner = null;
        try
        {
            winner = await pipeline.RunAsync(creation, cancellationToken).ConfigureAwait(false);
            return winner;
        }
        finally
        {
            creation.End(winner);
        }
    }

    public ValueTask<bool> ValidateAsync(T resource, CancellationToken cancellationToken) =>
        inner.ValidateAsync(resource, cancellationToken);

    public ValueTask<bool> ResetAsync(T resource, CancellationToken cancellationToken) =>
        inner.ResetAsync(resource, cancellationToken);

    public ValueTask DestroyAsync(T resource, DestroyReason reason, CancellationToken cancellationToken) =>
        inner.DestroyAsync(resource, reason, cancellationToken);
}

/// <summary>The same around a factory that also serves callers that block.</summary>
internal sealed class SyncResilientFactory<T>(IResourceFactory<T> inner, ICreationPipeline<T> pipeline)
    : ResilientFactory<T>(inner, pipeline), ISyncResourceFactory<T>
    where T : class
{
    public T Create(CreateContext context, CancellationToken cancellationToken)
    {
        var creation = new Creation<T>(Inner, context);
        T? winner = null;
        try
        {
            winner = Pipeline.Run(creation, cancellationToken);
            return winner;
        }
        finally
        {
            creation.End(winner);
        }
    }

    public bool Validate(T resource) => ((ISyncResourceFactory<T>)Inner).Validate(resource);
}
