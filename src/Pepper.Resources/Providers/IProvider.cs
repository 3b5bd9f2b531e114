namespace Pepper.Resources.Providers;

/// <summary>
/// Something that is configured, started, used by many at once, reloaded and stopped. Derive from
/// <see cref="Provider{TConfig}"/>, which has all of it but what is yours.
/// </summary>
/// <remarks>
/// A manager calls one method of the lifecycle at a time, and none while somebody holds a lease, except
/// <see cref="CheckHealthAsync"/>, which may be called at any time while it runs.
/// </remarks>
public interface IProvider
{
    /// <summary>Its name, type, capabilities and so on: always the same.</summary>
    ProviderMetadata Metadata { get; }

    /// <summary>Where it stands in its life.</summary>
    ProviderState State { get; }

    /// <summary>Whether its configuration wants it started. Default: true.</summary>
    bool IsEnabled => true;

    /// <summary>Judges the configuration. Does no input or output, and leaves nothing behind.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Ends when the configuration was found good.</returns>
    Task ValidateAsync(CancellationToken cancellationToken = default);

    /// <summary>Makes the provider ready. When it fails or is cancelled, <see cref="CleanupAsync"/> is called next.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Ends when it can be used.</returns>
    Task InitializeAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Gives up whatever it holds, also after an initialisation that failed half-way. Twice is harmless, and after one that
    /// failed it goes on where that stopped.
    /// </summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Ends when it holds nothing any more.</returns>
    Task CleanupAsync(CancellationToken cancellationToken = default);

    /// <summary>Cleans up and initialises again. Nobody uses it meanwhile.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Ends when it can be used again.</returns>
    Task ReloadAsync(CancellationToken cancellationToken = default);

    /// <summary>Looks whether it can be used. Safe from any thread.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The answer; a failure means unhealthy. Default: healthy.</returns>
    ValueTask<ProviderHealth> CheckHealthAsync(CancellationToken cancellationToken = default) => new(ProviderHealth.Healthy);

    /// <summary>Gives the object behind an optional capability.</summary>
    /// <param name="type">The capability's interface.</param>
    /// <returns>An object of that type; <c>null</c> when the provider has none. Default: the provider, if it is one.</returns>
    object? GetFeature(Type type) => type is not null && type.IsInstanceOfType(this) ? this : null;
}
