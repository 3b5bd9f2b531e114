namespace Pepper.Resources.Pooling;

/// <summary>
/// The stages of a factory without asynchrony, for code that must block (<c>DbConnection.Open</c>). A factory that implements
/// this too lets its pool serve <c>Acquire</c>, which blocks the calling thread and needs no thread of the thread pool to make
/// progress.
/// </summary>
/// <typeparam name="T">The type of the resources.</typeparam>
public interface ISyncResourceFactory<T>
    where T : class
{
    /// <summary>Makes a resource, ready for use.</summary>
    /// <param name="context">For whom.</param>
    /// <param name="cancellationToken">Cancelled when the pool's create timeout is over, or the pool is disposed.</param>
    /// <returns>The resource; never null.</returns>
    T Create(CreateContext context, CancellationToken cancellationToken);

    /// <summary>Whether the resource still works. Default: yes.</summary>
    /// <param name="resource">The resource.</param>
    /// <returns>False, or an exception: it is destroyed.</returns>
    bool Validate(T resource) => true;
}
