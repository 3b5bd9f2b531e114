namespace Pepper.Resources.Providers;

/// <summary>What is to be registered: one provider that is there, or how to make one. Immutable.</summary>
public abstract class ProviderRegistration
{
    private protected ProviderRegistration(ProviderMetadata metadata) => Metadata = metadata;

    /// <summary>What is known of the provider.</summary>
    public ProviderMetadata Metadata { get; }

    /// <summary>Whether a reload makes a new provider and swaps it in; else the one is reloaded in place.</summary>
    internal abstract bool MakesNew { get; }

    /// <summary>One provider. Its manager owns it from the registration on. A reload is in place, after draining.</summary>
    /// <param name="provider">The provider.</param>
    /// <returns>The registration.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="provider"/> is null.</exception>
    public static ProviderRegistration Of(IProvider provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        return new OfInstance(provider);
    }

    /// <summary>How to make a provider. A reload makes another from the configuration as it is then, and swaps it in.</summary>
    /// <typeparam name="TConfig">The type of its configuration.</typeparam>
    /// <param name="metadata">What is known of it.</param>
    /// <param name="config">Gives the configuration, at each start and reload.</param>
    /// <param name="create">Makes the provider. It opens nothing; whatever it returns is the manager's.</param>
    /// <returns>The registration.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static ProviderRegistration Of<TConfig>(
        ProviderMetadata metadata, Func<TConfig> config, Func<TConfig, Provider<TConfig>> create)
        where TConfig : class
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(create);
        return new OfFactory<TConfig>(metadata, config, create);
    }

    /// <summary>The configuration as it is now; null when only the provider knows it.</summary>
    internal abstract object? ReadConfiguration();

    internal abstract IProvider Build(object? configuration);

    private sealed class OfInstance(IProvider provider) : ProviderRegistration(MetadataOf(provider))
    {
        internal override bool MakesNew => false;

        internal override object? ReadConfiguration() => null;

        internal override IProvider Build(object? configuration) => provider;

        private static ProviderMetadata MetadataOf(IProvider provider) =>
            provider.Metadata ?? throw new ArgumentException($"A {provider.GetType()} has no Metadata.", nameof(provider));
    }

    private sealed class OfFactory<TConfig>(
        ProviderMetadata metadata, Func<TConfig> config, Func<TConfig, Provider<TConfig>> create)
        : ProviderRegistration(metadata)
        where TConfig : class
    {
        internal override bool MakesNew => true;

        internal override object? ReadConfiguration() =>
            config() ?? throw new InvalidOperationException("The delegate that gives the configuration returned null.");

        internal override IProvider Build(object? configuration) =>
            create((TConfig)configuration!)
            ?? throw new InvalidOperationException("The delegate that makes the provider returned null.");
    }
}
