namespace Pepper.Resources.Pooling;

internal sealed class DelegateResourceFactory<T>(
    Func<CancellationToken, ValueTask<T>> create,
    Func<T, CancellationToken, ValueTask<bool>>? validate,
    Func<T, CancellationToken, ValueTask<bool>>? reset,
    Func<T, DestroyReason, CancellationToken, ValueTask>? destroy) : IResourceFactory<T>
    where T : class
{
    public FactoryHooks Hooks =>
        (validate is null ? FactoryHooks.None : FactoryHooks.Validate) | (reset is null ? FactoryHooks.None : FactoryHooks.Reset);

    public ValueTask<T> CreateAsync(CreateContext context, CancellationToken cancellationToken) => create(cancellationToken);

    public ValueTask<bool> ValidateAsync(T resource, CancellationToken cancellationToken) =>
        validate is null ? new(true) : validate(resource, cancellationToken);

    public ValueTask<bool> ResetAsync(T resource, CancellationToken cancellationToken) =>
        reset is null ? new(true) : reset(resource, cancellationToken);

    public ValueTask DestroyAsync(T resource, DestroyReason reason, CancellationToken cancellationToken) =>
        destroy is null ? ResourceFactory.DisposeAsync(resource) : destroy(resource, reason, cancellationToken);
}

internal sealed class SyncDelegateResourceFactory<T>(
    Func<T> create, Func<T, bool>? validate, Func<T, bool>? reset, Action<T, DestroyReason>? destroy)
    : IResourceFactory<T>, ISyncResourceFactory<T>
    where T : class
{
    public FactoryHooks Hooks =>
        (validate is null ? FactoryHooks.None : FactoryHooks.Validate) | (reset is null ? FactoryHooks.None : FactoryHooks.Reset);

    public T Create(CreateContext context, CancellationToken cancellationToken) => create();

    public bool Validate(T resource) => validate is null || validate(resource);

    public ValueTask<T> CreateAsync(CreateContext context, CancellationToken cancellationToken) => new(create());

    public ValueTask<bool> ValidateAsync(T resource, CancellationToken cancellationToken) => new(Validate(resource));

    public ValueTask<bool> ResetAsync(T resource, CancellationToken cancellationToken) => new(reset is null || reset(resource));

    public ValueTask DestroyAsync(T resource, DestroyReason reason, CancellationToken cancellationToken)
    {
        if (destroy is null)
        {
            return ResourceFactory.DisposeAsync(resource);
        }

        destroy(resource, reason);
        return default;
    }
}
