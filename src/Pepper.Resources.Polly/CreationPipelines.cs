using Polly;

namespace Pepper.Resources.Polly;

/// <summary>A pipeline that runs creations.</summary>
internal interface ICreationPipeline<T>
    where T : class
{
    ValueTask<T> RunAsync(Creation<T> creation, CancellationToken cancellationToken);

    T Run(Creation<T> creation, CancellationToken cancellationToken);
}

/// <summary>A pipeline of any result, which sees the resource as a thing that cannot be disposed.</summary>
internal sealed class UntypedCreationPipeline<T>(ResiliencePipeline pipeline) : ICreationPipeline<T>
    where T : class
{
    public async ValueTask<T> RunAsync(Creation<T> creation, CancellationToken cancellationToken)
    {
        var product = await pipeline.ExecuteAsync(
            static async (one, token) => new Product<T>(await one.MakeAsync(token).ConfigureAwait(false)),
            creation, cancellationToken).ConfigureAwait(false);
        return product.Resource;
    }

    public T Run(Creation<T> creation, CancellationToken cancellationToken) =>
        pipeline.Execute(static (one, token) => new Product<T>(one.Make(token)), creation, cancellationToken).Resource;
}

/// <summary>A pipeline of resources, whose predicates and hedging see them.</summary>
internal sealed class TypedCreationPipeline<T>(ResiliencePipeline<T> pipeline) : ICreationPipeline<T>
    where T : class
{
    public ValueTask<T> RunAsync(Creation<T> creation, CancellationToken cancellationToken) =>
        pipeline.ExecuteAsync(static (one, token) => one.MakeAsync(token), creation, cancellationToken);

    public T Run(Creation<T> creation, CancellationToken cancellationToken) =>
        pipeline.Execute(static (one, token) => one.Make(token), creation, cancellationToken);
}
