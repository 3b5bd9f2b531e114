using System.Runtime.CompilerServices;

namespace Pepper.Resources.Pooling;

/// <summary>
/// A factory without its type argument: the pool's machinery is not generic, so that there is but one copy of it.
/// </summary>
internal abstract class FactoryAdapter(FactoryHooks hooks, bool isSync)
{
    internal FactoryHooks Hooks { get; } = hooks;

    /// <summary>Whether the factory has synchronous stages.</summary>
    internal bool IsSync { get; } = isSync;

    internal abstract ValueTask<object> CreateAsync(CreateContext context, CancellationToken cancellationToken);

    internal abstract object Create(CreateContext context, CancellationToken cancellationToken);

    internal abstract ValueTask<bool> ValidateAsync(object resource, CancellationToken cancellationToken);

    internal abstract bool Validate(object resource);

    internal abstract ValueTask<bool> ResetAsync(object resource, CancellationToken cancellationToken);

    internal abstract ValueTask DestroyAsync(object resource, DestroyReason reason, CancellationToken cancellationToken);
}

internal sealed class FactoryAdapter<T>(IResourceFactory<T> factory)
    : FactoryAdapter(factory.Hooks, factory is ISyncResourceFactory<T>)
    where T : class
{
    internal override async ValueTask<object> CreateAsync(CreateContext context, CancellationToken cancellationToken) =>
        NotNull(await factory.CreateAsync(context, cancellationToken).ConfigureAwait(false));

    internal override object Create(CreateContext context, CancellationToken cancellationToken) =>
        NotNull(((ISyncResourceFactory<T>)factory).Create(context, cancellationToken));

    internal override ValueTask<bool> ValidateAsync(object resource, CancellationToken cancellationToken) =>
        factory.ValidateAsync(Unsafe.As<T>(resource), cancellationToken);

    internal override bool Validate(object resource) => ((ISyncResourceFactory<T>)factory).Validate(Unsafe.As<T>(resource));

    internal override ValueTask<bool> ResetAsync(object resource, CancellationToken cancellationToken) =>
        factory.ResetAsync(Unsafe.As<T>(resource), cancellationToken);

    internal override ValueTask DestroyAsync(object resource, DestroyReason reason, CancellationToken cancellationToken) =>
        factory.DestroyAsync(Unsafe.As<T>(resource), reason, cancellationToken);

    private T NotNull(T? resource) =>
        resource ?? throw new InvalidOperationException(
            $"The factory {factory.GetType()} returned null instead of a {typeof(T)}.");
}
