namespace Pepper.Resources.Pooling;

/// <summary>
/// How the resources of a pool are made, checked, made ready for the next holder, and destroyed. Its methods are called from any
/// thread, several at a time (never two for one resource), outside every lock of the pool, and may throw: the pool copes.
/// </summary>
/// <typeparam name="T">The type of the resources.</typeparam>
public interface IResourceFactory<T>
    where T : class
{
    /// <summary>
    /// Which of <see cref="ValidateAsync"/> and <see cref="ResetAsync"/> do anything. Read once, when the pool is made. Default:
    /// both.
    /// </summary>
    FactoryHooks Hooks => FactoryHooks.All;

    /// <summary>Makes a resource, ready for use.</summary>
    /// <param name="context">For whom.</param>
    /// <param name="cancellationToken">
    /// Cancelled when the pool's create timeout is over, or the pool is disposed; never by a caller.
    /// </param>
    /// <returns>The resource; never null.</returns>
    ValueTask<T> CreateAsync(CreateContext context, CancellationToken cancellationToken);

    /// <summary>Whether the resource still works. Default: yes.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="cancellationToken">Cancelled when the pool's validate timeout is over.</param>
    /// <returns>False, or an exception: it is destroyed.</returns>
    ValueTask<bool> ValidateAsync(T resource, CancellationToken cancellationToken) => new(true);

    /// <summary>Prepares a returned resource for its next holder. Default: nothing to do.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="cancellationToken">Cancelled when the pool's reset timeout is over.</param>
    /// <returns>Whether it can be reused. False, or an exception: it is destroyed.</returns>
    ValueTask<bool> ResetAsync(T resource, CancellationToken cancellationToken) => new(true);

    /// <summary>
    /// Destroys a resource. Default: <see cref="IAsyncDisposable.DisposeAsync"/>, else <see cref="IDisposable.Dispose"/>, if it
    /// has either.
    /// </summary>
    /// <param name="resource">The resource.</param>
    /// <param name="reason">Why.</param>
    /// <param name="cancellationToken">Cancelled when the pool's destroy timeout is over.</param>
    /// <returns>Ends when it is gone.</returns>
    ValueTask DestroyAsync(T resource, DestroyReason reason, CancellationToken cancellationToken) =>
        ResourceFactory.DisposeAsync(resource);
}
