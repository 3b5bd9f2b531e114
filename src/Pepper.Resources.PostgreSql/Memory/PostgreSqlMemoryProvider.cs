using System.Collections.Frozen;
using Pepper.Resources.Providers;

namespace Pepper.Resources.PostgreSql;

/// <summary>A provider of a memory in a PostgreSQL database.</summary>
public sealed class PostgreSqlMemoryProvider : MemoryProvider<PostgreSqlMemoryOptions>
{
    private readonly TimeProvider? _timeProvider;
    private PostgreSqlMemoryStore? _opened;

    /// <summary>Makes the provider; nothing is opened yet.</summary>
    /// <param name="metadata">Its name and so on: <see cref="Describe"/> gives what it needs.</param>
    /// <param name="options">Where and how entries are kept; copied.</param>
    /// <param name="timeProvider">Where its time comes from; null: <see cref="TimeProvider.System"/>.</param>
    /// <exception cref="ArgumentNullException">The metadata or the options are null.</exception>
    public PostgreSqlMemoryProvider(
        ProviderMetadata metadata, PostgreSqlMemoryOptions options, TimeProvider? timeProvider = null)
        : base(metadata, options?.Copy()!) => _timeProvider = timeProvider;

    /// <summary>The metadata of such a provider: type memory, with the capabilities store and search.</summary>
    /// <param name="name">The provider's name.</param>
    /// <returns>The metadata; change with <c>with</c> what else is to be said.</returns>
    /// <exception cref="ArgumentException">The name is no provider's name.</exception>
    public static ProviderMetadata Describe(string name) => new()
    {
        Name = name,
        Type = ProviderType.Memory,
        Description = "A memory in a PostgreSQL database",
        Capabilities = new[] { ProviderCapabilities.Store, ProviderCapabilities.Search }.ToFrozenSet(StringComparer.Ordinal),
    };

    /// <inheritdoc/>
    public override Task ValidateAsync(CancellationToken cancellationToken = default) =>
        Config.GetFaults().ToList() is { Count: > 0 } faults
            ? Task.FromException(new ArgumentException(
                $"The options of the memory '{Metadata.Name}' have {faults.Count} fault(s): {string.Join(' ', faults)}"))
            : Task.CompletedTask;

    /// <inheritdoc/>
    public override async Task InitializeAsync(CancellationToken cancellationToken = default)
    {
        if (_opened is null)
        {
            await ValidateAsync(cancellationToken).ConfigureAwait(false);
            _opened = await PostgreSqlMemoryStore.OpenAsync(Config, _timeProvider, cancellationToken).ConfigureAwait(false);
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
        if (Store is not { } store)
        {
            return new ProviderHealth(ResourceHealth.Unhealthy, "The memory is not opened.");
        }

        await store.SearchAsync(new MemorySearch { Limit = 1 }, cancellationToken).ConfigureAwait(false);
        return ProviderHealth.Healthy;
    }
}
