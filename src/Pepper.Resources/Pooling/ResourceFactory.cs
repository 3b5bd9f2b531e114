namespace Pepper.Resources.Pooling;

/// <summary>Makes factories from delegates.</summary>
public static class ResourceFactory
{
    /// <summary>Makes a factory from asynchronous delegates. What is left out does nothing and costs nothing.</summary>
    /// <typeparam name="T">The type of the resources.</typeparam>
    /// <param name="create">Makes a resource. Its token is cancelled when the pool's create timeout is over.</param>
    /// <param name="validate">Whether a resource still works. Default: not asked.</param>
    /// <param name="reset">Prepares a returned resource; whether it can be reused. Default: nothing to do.</param>
    /// <param name="destroy">Destroys a resource. Default: disposes it, if it can be disposed.</param>
    /// <returns>The factory.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="create"/> is null.</exception>
    public static IResourceFactory<T> Create<T>(
        Func<CancellationToken, ValueTask<T>> create,
        Func<T, CancellationToken, ValueTask<bool>>? validate = null,
        Func<T, CancellationToken, ValueTask<bool>>? reset = null,
        Func<T, DestroyReason, CancellationToken, ValueTask>? destroy = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(create);
        return new DelegateResourceFactory<T>(create, validate, reset, destroy);
    }

    /// <summary>Makes a factory from synchronous delegates; its pool also serves callers that block.</summary>
    /// <typeparam name="T">The type of the resources.</typeparam>
    /// <param name="create">Makes a resource.</param>
    /// <param name="validate">Whether a resource still works. Default: not asked.</param>
    /// <param name="reset">Prepares a returned resource; whether it can be reused. Default: nothing to do.</param>
    /// <param name="destroy">Destroys a resource. Default: disposes it, if it can be disposed.</param>
    /// <returns>The factory.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="create"/> is null.</exception>
    public static IResourceFactory<T> CreateSync<T>(
        Func<T> create, Func<T, bool>? validate = null, Func<T, bool>? reset = null, Action<T, DestroyReason>? destroy = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(create);
        return new SyncDelegateResourceFactory<T>(create, validate, reset, destroy);
    }

    internal static ValueTask DisposeAsync(object resource)
    {
        switch (resource)
        {
            case IAsyncDisposable asynchronous:
                return asynchronous.DisposeAsync();
            case IDisposable synchronous:
                synchronous.Dispose();
                return default;
            default:
                return default;
        }
    }
}
