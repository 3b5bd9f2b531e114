namespace Pepper.Resources.Providers;

/// <summary>
/// A memory provider whose entries live in this process. A reload in place keeps them; a reload by a swap, and a cleanup, begin
/// anew.
/// </summary>
public sealed class InProcessMemoryProvider : MemoryProvider<InProcessMemoryOptions>
{
    private readonly TimeProvider? _timeProvider;

    /// <summary>Makes the provider; it remembers nothing before it is initialised.</summary>
    /// <param name="metadata">Its name and so on: <see cref="Describe"/> gives what it needs.</param>
    /// <param name="options">Copied; null: the defaults.</param>
    /// <param name="timeProvider">Where its time comes from; null: <see cref="TimeProvider.System"/>.</param>
    /// <exception cref="ArgumentNullException">The metadata are null.</exception>
    public InProcessMemoryProvider(
        ProviderMetadata metadata, InProcessMemoryOptions? options = null, TimeProvider? timeProvider = null)
        : base(metadata, (options ?? new InProcessMemoryOptions()).Copy()) => _timeProvider = timeProvider;

    /// <summary>The metadata of such a provider: type memory, with the capabilities store and search.</summary>
    /// <param name="name">The provider's name.</param>
    /// <returns>The metadata; change with <c>with</c> what else is to be said.</returns>
    /// <exception cref="ArgumentException">The name is no provider's name.</exception>
    public static ProviderMetadata Describe(string name) => ProviderMetadata.Create(
        name, ProviderType.Memory, "A memory in this process", ProviderCapabilities.Store, ProviderCapabilities.Search);

    /// <summary>Judges the configuration.</summary>
    /// <param name="cancellationToken">Not used: nothing takes time.</param>
    /// <exception cref="ArgumentException">The configuration is faulty; the message lists all faults.</exception>
    public override Task ValidateAsync(CancellationToken cancellationToken = default) => CheckFaultsAsync();

    /// <inheritdoc/>
    public override Task InitializeAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        Store ??= new InProcessMemoryStore(Config.Store, _timeProvider);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task CleanupAsync(CancellationToken cancellationToken = default)
    {
        Store = null;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task ReloadAsync(CancellationToken cancellationToken = default) => InitializeAsync(cancellationToken);
}
