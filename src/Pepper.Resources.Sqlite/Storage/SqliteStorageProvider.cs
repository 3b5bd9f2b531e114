using System.Collections.Frozen;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Sqlite;

/// <summary>
/// A storage in a SQLite database. A write that has ended is on the disk: the database keeps a write-ahead log, and flushes it
/// for each write. Writers take turns in the process; other processes may use the same file.
/// </summary>
/// <remarks>Safe from any thread.</remarks>
public sealed class SqliteStorageProvider : StorageProvider<SqliteStorageOptions>
{
    private readonly TimeProvider _timeProvider;
    private SqliteStorage? _storage;

    /// <summary>Makes the provider. Nothing is opened yet.</summary>
    /// <param name="metadata">Its name and so on: <see cref="Describe"/> gives what it needs.</param>
    /// <param name="options">Where and how it keeps entries; copied.</param>
    /// <param name="timeProvider">The wall clock by which entries expire. Default: the system's.</param>
    /// <exception cref="ArgumentNullException"><paramref name="metadata"/> or <paramref name="options"/> is null.</exception>
    public SqliteStorageProvider(ProviderMetadata metadata, SqliteStorageOptions options, TimeProvider? timeProvider = null)
        : base(metadata, options?.Copy()!) => _timeProvider = timeProvider ?? TimeProvider.System;

    /// <summary>
    /// The metadata of such a provider: type storage, with the capabilities store, retrieve, ttl and delete-prefix.
    /// </summary>
    /// <param name="name">The provider's name.</param>
    /// <returns>The metadata; change with <c>with</c> what else is to be said.</returns>
    /// <exception cref="ArgumentException">The name is no provider's name.</exception>
    public static ProviderMetadata Describe(string name) => new()
    {
        Name = name,
        Type = ProviderType.Storage,
        Description = "Entries in a SQLite database",
        Capabilities = new[]
        {
            ProviderCapabilities.Store, ProviderCapabilities.Retrieve, ProviderCapabilities.TimeToLive,
            ProviderCapabilities.DeletePrefix,
        }.ToFrozenSet(StringComparer.Ordinal),
    };

    /// <inheritdoc/>
    public override Task ValidateAsync(CancellationToken cancellationToken = default)
    {
        List<string> faults = [.. Config.GetFaults()];
        return faults.Count == 0 ? Task.CompletedTask : Task.FromException(new ArgumentException(
            $"The options of SQLite storage '{Metadata.Name}' have {faults.Count} fault(s): {string.Join(' ', faults)}"));
    }

    /// <summary>Makes file and table if they are not there. Twice is harmless.</summary>
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
        _storage ??= new SqliteStorage(Metadata.Name, Config, _timeProvider);
        await _storage.OpenAsync(cancellationToken).ConfigureAwait(false);
        Storage = _storage;
    }

    /// <inheritdoc/>
    public override async Task CleanupAsync(CancellationToken cancellationToken = default)
    {
        Storage = null;
        if (_storage is { } storage)
        {
            await storage.CloseAsync().ConfigureAwait(false);
            _storage = null;
        }
    }

    /// <inheritdoc/>
    public override ValueTask<ProviderHealth> CheckHealthAsync(CancellationToken cancellationToken = default) =>
        Storage is SqliteStorage storage
            ? storage.CheckHealthAsync(cancellationToken)
            : new(new ProviderHealth(ResourceHealth.Unhealthy, "It is not initialised."));
}
