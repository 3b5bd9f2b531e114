namespace Pepper.Resources.Providers;

/// <summary>
/// The base of providers of a storage in a database, for any database with an upsert: derive from it and from
/// <see cref="SqlStorage"/>. It validates the options, opens the storage once, closes it again, also after an opening that failed
/// half-way, and asks the table after its health.
/// </summary>
/// <typeparam name="TOptions">The type of its options, which say what is wrong with them.</typeparam>
/// <remarks>Safe from any thread, as far as <see cref="IProvider"/> has it.</remarks>
public abstract class SqlStorageProvider<TOptions> : StorageProvider<TOptions>
    where TOptions : class, IProviderConfiguration
{
    private SqlStorage? _opened;

    /// <summary>Makes the provider. Nothing is opened yet.</summary>
    /// <param name="metadata">Its name and so on: <see cref="Describe"/> gives what it needs.</param>
    /// <param name="options">Where and how it keeps entries: pass a copy.</param>
    /// <param name="timeProvider">The wall clock by which entries expire; null: the system's.</param>
    /// <exception cref="ArgumentNullException"><paramref name="metadata"/> or <paramref name="options"/> is null.</exception>
    protected SqlStorageProvider(ProviderMetadata metadata, TOptions options, TimeProvider? timeProvider)
        : base(metadata, options) => Time = timeProvider ?? TimeProvider.System;

    /// <summary>The wall clock by which entries expire.</summary>
    protected TimeProvider Time { get; }

    /// <inheritdoc/>
    public override Task ValidateAsync(CancellationToken cancellationToken = default) => CheckFaultsAsync();

    /// <summary>Makes the table if it is not there. Twice is harmless.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Ends when it can be used.</returns>
    /// <exception cref="ArgumentException">The options have faults; all are named.</exception>
    /// <exception cref="ResourceException">The database could not be opened.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public override async Task InitializeAsync(CancellationToken cancellationToken = default)
    {
        if (Storage is not null)
        {
            return;
        }

        await ValidateAsync(cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        _opened ??= CreateStorage();
        await _opened.OpenAsync(cancellationToken).ConfigureAwait(false);
        Storage = _opened;
    }

    /// <inheritdoc/>
    public override async Task CleanupAsync(CancellationToken cancellationToken = default)
    {
        Storage = null;
        if (_opened is { } opened)
        {
            await opened.DisposeAsync().ConfigureAwait(false);
            _opened = null;
        }
    }

    /// <inheritdoc/>
    public override ValueTask<ProviderHealth> CheckHealthAsync(CancellationToken cancellationToken = default) =>
        Storage is SqlStorage storage
            ? storage.CheckHealthAsync(cancellationToken)
            : base.CheckHealthAsync(cancellationToken);

    /// <summary>The metadata of such a provider: type storage, with the capabilities that a <see cref="SqlStorage"/>
    /// has.</summary>
    /// <param name="name">The provider's name.</param>
    /// <param name="description">What it is, in words for people.</param>
    /// <returns>The metadata.</returns>
    /// <exception cref="ArgumentException">The name is no provider's name.</exception>
    protected static ProviderMetadata Describe(string name, string description) => ProviderMetadata.Create(
        name, ProviderType.Storage, description, ProviderCapabilities.Store, ProviderCapabilities.Retrieve,
        ProviderCapabilities.TimeToLive, ProviderCapabilities.DeletePrefix);

    /// <summary>Makes the storage; opens nothing.</summary>
    /// <returns>A storage of its own, which this provider opens and disposes.</returns>
    protected abstract SqlStorage CreateStorage();
}
