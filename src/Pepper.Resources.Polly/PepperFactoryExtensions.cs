using Pepper.Resources.Pooling;
using Polly;

namespace Pepper.Resources.Polly;

/// <summary>Polly's pipelines around the creations of a pool.</summary>
public static class PepperFactoryExtensions
{
    /// <summary>
    /// A factory that makes its resources through a pipeline. All else is that of <paramref name="factory"/>: its hooks, its
    /// validation, reset and destruction, and the synchronous stages if it has them.
    /// </summary>
    /// <remarks>
    /// The pool's token, which its create timeout cancels, reaches the pipeline and through it the factory. The pool gets one
    /// product; what the pipeline made besides, or makes after it has ended, the factory destroys
    /// (<see cref="DestroyReason.TooLate"/>). Meanwhile there may be more live resources than the pool's maximum.
    /// </remarks>
    /// <typeparam name="T">The type of the resources.</typeparam>
    /// <param name="factory">What makes resources.</param>
    /// <param name="pipeline">What runs it. It is not disposed with the pool.</param>
    /// <returns>The factory for the pool.</returns>
    public static IResourceFactory<T> WithResilience<T>(this IResourceFactory<T> factory, ResiliencePipeline pipeline)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(factory);
        ArgumentNullException.ThrowIfNull(pipeline);
        return Wrap(factory, new UntypedCreationPipeline<T>(pipeline));
    }

    /// <summary>
    /// The same for a pipeline whose strategies look at the resources, or hedge. Polly disposes what it discards, before the
    /// factory destroys it: that must bear both, as disposing twice should.
    /// </summary>
    /// <typeparam name="T">The type of the resources.</typeparam>
    /// <param name="factory">What makes resources.</param>
    /// <param name="pipeline">What runs it. It is not disposed with the pool.</param>
    /// <returns>The factory for the pool.</returns>
    public static IResourceFactory<T> WithResilience<T>(this IResourceFactory<T> factory, ResiliencePipeline<T> pipeline)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(factory);
        ArgumentNullException.ThrowIfNull(pipeline);
        return Wrap(factory, new TypedCreationPipeline<T>(pipeline));
    }

    private static IResourceFactory<T> Wrap<T>(IResourceFactory<T> factory, ICreationPipeline<T> pipeline)
        where T : class => factory is ISyncResourceFactory<T>
            ? new SyncResilientFactory<T>(factory, pipeline)
            : new ResilientFactory<T>(factory, pipeline);
}
