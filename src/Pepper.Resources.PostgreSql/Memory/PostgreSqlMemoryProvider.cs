using Pepper.Resources.Providers;

namespace Pepper.Resources.PostgreSql;

/// <summary>A provider of a memory in a PostgreSQL database.</summary>
public sealed class PostgreSqlMemoryProvider : SqlMemoryProvider<PostgreSqlMemoryOptions, PostgreSqlMemoryStore>
{
    private readonly TimeProvider? _timeProvider;

    /// <summary>Makes the provider; nothing is opened yet.</summary>
    /// <param name="metadata">Its name and so on: <see cref="Describe"/> gives what it needs.</param>
    /// <param name="options">Where and how entries are kept; copied.</param>
    /// <param name="timeProvider">Where its time comes from; null: <see cref="TimeProvider.System"/>.</param>
    /// <exception cref="ArgumentNullException">The metadata or the options are null.</exception>
    public PostgreSqlMemoryProvider(ProviderMetadata metadata, PostgreSqlMemoryOptions options, TimeProvider? timeProvider = null)
        : base(metadata, options?.Copy()!) => _timeProvider = timeProvider;

    /// <summary>The metadata of such a provider: type memory, with the capabilities store and search.</summary>
    /// <param name="name">The provider's name.</param>
    /// <returns>The metadata; change with <c>with</c> what else is to be said.</returns>
    /// <exception cref="ArgumentException">The name is no provider's name.</exception>
    public static ProviderMetadata Describe(string name) => Describe(name, "A memory in a PostgreSQL database");

    /// <inheritdoc/>
    protected override ValueTask<PostgreSqlMemoryStore> OpenAsync(CancellationToken cancellationToken) =>
        PostgreSqlMemoryStore.OpenAsync(Config, _timeProvider, cancellationToken);
}
