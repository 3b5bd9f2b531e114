using Pepper.Resources.Providers;

namespace Pepper.Resources.PostgreSql;

/// <summary>
/// A storage in a PostgreSQL database, over a pool of connections. A write that has ended is as durable as the server's
/// <c>synchronous_commit</c> makes it.
/// </summary>
/// <remarks>Safe from any thread.</remarks>
public sealed class PostgreSqlStorageProvider : SqlStorageProvider<PostgreSqlStorageOptions>
{
    /// <summary>Makes the provider. Nothing is opened yet.</summary>
    /// <param name="metadata">Its name and so on: <see cref="Describe"/> gives what it needs.</param>
    /// <param name="options">Where and how it keeps entries; copied.</param>
    /// <param name="timeProvider">The wall clock by which entries expire. Default: the system's.</param>
    /// <exception cref="ArgumentNullException"><paramref name="metadata"/> or <paramref name="options"/> is null.</exception>
    public PostgreSqlStorageProvider(
        ProviderMetadata metadata, PostgreSqlStorageOptions options, TimeProvider? timeProvider = null)
        : base(metadata, options?.Copy()!, timeProvider)
    {
    }

    /// <summary>
    /// The metadata of such a provider: type storage, with the capabilities store, retrieve, ttl and delete-prefix.
    /// </summary>
    /// <param name="name">The provider's name.</param>
    /// <returns>The metadata; change with <c>with</c> what else is to be said.</returns>
    /// <exception cref="ArgumentException">The name is no provider's name.</exception>
    public static ProviderMetadata Describe(string name) => Describe(name, "Entries in a PostgreSQL database");

    /// <inheritdoc/>
    protected override SqlStorage CreateStorage() => new PostgreSqlStorage(Metadata.Name, Config, Time);
}
