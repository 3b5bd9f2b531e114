namespace Pepper.Resources.Providers;

/// <summary>
/// The base of providers of a memory that has to be opened and closed, as one in a database: derive from it and from
/// <see cref="MemoryStore"/>. It validates the options, opens the memory once and closes it again, and asks after its health by a
/// search for one entry.
/// </summary>
/// <typeparam name="TOptions">The type of its options, which say what is wrong with them.</typeparam>
/// <typeparam name="TStore">The type of the memory.</typeparam>
/// <param name="metadata">Its name and so on: <see cref="Describe"/> gives what it needs.</param>
/// <param name="options">Where and how entries are kept: pass a copy.</param>
/// <remarks>Safe from any thread, as far as <see cref="IProvider"/> has it.</remarks>
public abstract class SqlMemoryProvider<TOptions, TStore>(ProviderMetadata metadata, TOptions options)
    : MemoryProvider<TOptions>(metadata, options)
    where TOptions : class, IProviderConfiguration
    where TStore : class, IMemoryStore, IAsyncDisposable
{
    private TStore? _opened;

    /// <inheritdoc/>
    public override Task ValidateAsync(CancellationToken cancellationToken = default) => CheckFaultsAsync();

    /// <summary>Opens the memory; makes it where it is not there. Twice is harmless.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Ends when it can be used.</returns>
    /// <exception cref="ArgumentException">The options have faults; all are named.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public override async Task InitializeAsync(CancellationToken cancellationToken = default)
    {
        if (_opened is null)
        {
            await ValidateAsync(cancellationToken).ConfigureAwait(false);
            _opened = await OpenAsync(cancellationToken).ConfigureAwait(false);
            Store = _opened;
        }
    }

    /// <inheritdoc/>
    public override async Task CleanupAsync(CancellationToken cancellationToken = default)
    {
        Store = null;
        if (_opened is { } opened)
        {
            await opened.DisposeAsync().ConfigureAwait(false);
            _opened = null;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<ProviderHealth> CheckHealthAsync(CancellationToken cancellationToken = default)
    {
        if (Store is { } store)
        {
            await store.SearchAsync(new MemorySearch { Limit = 1 }, cancellationToken).ConfigureAwait(false);
        }

        return await base.CheckHealthAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The metadata of such a provider: type memory, with the capabilities store and search.</summary>
    /// <param name="name">The provider's name.</param>
    /// <param name="description">What it is, in words for people.</param>
    /// <returns>The metadata.</returns>
    /// <exception cref="ArgumentException">The name is no provider's name.</exception>
    protected static ProviderMetadata Describe(string name, string description) => ProviderMetadata.Create(
        name, ProviderType.Memory, description, ProviderCapabilities.Store, ProviderCapabilities.Search);

    /// <summary>Opens the memory. When it fails, nothing stays open.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The memory, which this provider disposes.</returns>
    protected abstract ValueTask<TStore> OpenAsync(CancellationToken cancellationToken);
}
