namespace Pepper.Resources.Providers;

/// <summary>A provider of a storage: what stands behind the capabilities <c>store</c> and <c>retrieve</c>.</summary>
public interface IStorageProvider : IProvider
{
    /// <summary>The storage, while the provider is initialised; else <c>null</c>.</summary>
    IStorage? Storage { get; }
}

/// <summary>
/// The base of storage providers. It declares the capabilities <c>store</c> and <c>retrieve</c> in its metadata.
/// </summary>
/// <typeparam name="TConfig">The type of its configuration.</typeparam>
/// <param name="metadata">Its name, type, capabilities and so on.</param>
/// <param name="config">Its configuration.</param>
public abstract class StorageProvider<TConfig>(ProviderMetadata metadata, TConfig config)
    : Provider<TConfig>(metadata, config), IStorageProvider
    where TConfig : class
{
    /// <summary>
    /// The storage: set it at the end of the initialisation, and to <c>null</c> at the beginning of the cleanup.
    /// </summary>
    public IStorage? Storage { get; protected set; }

    /// <summary>Looks whether it is initialised.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Healthy while there is a storage, else unhealthy.</returns>
    public override ValueTask<ProviderHealth> CheckHealthAsync(CancellationToken cancellationToken = default) => new(
        Storage is null ? new ProviderHealth(ResourceHealth.Unhealthy, "It is not initialised.") : ProviderHealth.Healthy);

    /// <inheritdoc/>
    public override object? GetFeature(Type type) => base.GetFeature(type) ?? Storage?.GetFeature(type);
}
