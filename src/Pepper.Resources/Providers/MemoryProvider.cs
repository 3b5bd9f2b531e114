namespace Pepper.Resources.Providers;

/// <summary>A provider of a memory: what stands behind the capabilities <c>store</c> and <c>search</c>.</summary>
public interface IMemoryProvider : IProvider
{
    /// <summary>The memory, while the provider is initialised; else <c>null</c>.</summary>
    IMemoryStore? Store { get; }
}

/// <summary>The base of memory providers. It declares the capabilities <c>store</c> and <c>search</c> in its metadata.</summary>
/// <typeparam name="TConfig">The type of its configuration.</typeparam>
/// <param name="metadata">Its name, type, capabilities and so on.</param>
/// <param name="config">Its configuration.</param>
public abstract class MemoryProvider<TConfig>(ProviderMetadata metadata, TConfig config)
    : Provider<TConfig>(metadata, config), IMemoryProvider
    where TConfig : class
{
    /// <summary>
    /// The memory: set it at the end of the initialisation, and to <c>null</c> at the beginning of the cleanup.
    /// </summary>
    public IMemoryStore? Store { get; protected set; }

    /// <summary>Looks whether it is initialised.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Healthy while there is a memory, else unhealthy.</returns>
    public override ValueTask<ProviderHealth> CheckHealthAsync(CancellationToken cancellationToken = default) => new(
        Store is null ? new ProviderHealth(ResourceHealth.Unhealthy, "It is not initialised.") : ProviderHealth.Healthy);

    /// <inheritdoc/>
    public override object? GetFeature(Type type) =>
        base.GetFeature(type) ?? (type is not null && type.IsInstanceOfType(Store) ? Store : null);
}
