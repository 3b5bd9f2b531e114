using System.Diagnostics;

namespace Pepper.Resources.Providers;

/// <summary>The base of providers: what it is, its configuration, and its life.</summary>
/// <typeparam name="TConfig">The type of its configuration. It may implement <see cref="IProviderConfiguration"/>.</typeparam>
[DebuggerDisplay("{Metadata.Name,nq} ({State})")]
public abstract class Provider<TConfig> : IProvider, IManagedProvider
    where TConfig : class
{
    private volatile int _state;

    /// <summary>Makes a provider. Nothing is opened yet.</summary>
    /// <param name="metadata">Its name, type, capabilities and so on.</param>
    /// <param name="config">Its configuration: pass a copy, so that later changes have no effect.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    protected Provider(ProviderMetadata metadata, TConfig config)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(config);
        Metadata = metadata;
        Config = config;
    }

    /// <inheritdoc/>
    public ProviderMetadata Metadata { get; }

    /// <summary>The configuration that it was made with.</summary>
    public TConfig Config { get; }

    /// <summary>Where it stands in its life, as its manager has it; created for one that no manager has.</summary>
    public ProviderState State => (ProviderState)_state;

    /// <inheritdoc/>
    public bool IsEnabled => Config is not IProviderConfiguration { Enabled: false };

    /// <summary>Judges the configuration, without input or output. Default: nothing is wrong with it.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Ends when the configuration was found good.</returns>
    public virtual Task ValidateAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <inheritdoc/>
    public abstract Task InitializeAsync(CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public abstract Task CleanupAsync(CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public virtual async Task ReloadAsync(CancellationToken cancellationToken = default)
    {
        await CleanupAsync(cancellationToken).ConfigureAwait(false);
        await InitializeAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public virtual ValueTask<ProviderHealth> CheckHealthAsync(CancellationToken cancellationToken = default) =>
        new(ProviderHealth.Healthy);

    /// <inheritdoc/>
    public virtual object? GetFeature(Type type) => type is not null && type.IsInstanceOfType(this) ? this : null;

    /// <summary>
    /// Judges the configuration by what it says of itself (<see cref="IProviderConfiguration.GetFaults"/>): for
    /// <see cref="ValidateAsync"/>. One that does not implement the interface has no faults.
    /// </summary>
    /// <returns>Fails with an <see cref="ArgumentException"/> that names the provider and all faults, if there are any.</returns>
    protected Task CheckFaultsAsync()
    {
        List<string> faults = Config is IProviderConfiguration configuration ? [.. configuration.GetFaults()] : [];
        return faults.Count == 0 ? Task.CompletedTask : Task.FromException(new ArgumentException(
            $"The options of '{Metadata.Name}' ({Metadata.Description}) have {faults.Count} fault(s): "
            + string.Join(' ', faults)));
    }

    void IManagedProvider.SetState(ProviderState state) => _state = (int)state;
}
