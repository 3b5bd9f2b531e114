namespace Pepper.Resources.Providers;

/// <summary>
/// A storage of files in a folder. A key is never a path: its file's name is made of it, so that nothing outside the folder can
/// be reached, and keys that differ are different files on any file system. An entry's metadata are in the file of its content.
/// </summary>
/// <remarks>Safe from any thread.</remarks>
public sealed class FileStorageProvider : StorageProvider<FileStorageOptions>
{
    private readonly TimeProvider _timeProvider;
    private FileStorage? _storage;

    /// <summary>Makes the provider. Nothing is opened yet.</summary>
    /// <param name="metadata">Its name and so on: <see cref="Describe"/> gives what it needs.</param>
    /// <param name="options">Where and how it keeps entries; copied.</param>
    /// <param name="timeProvider">The wall clock by which entries expire. Default: the system's.</param>
    /// <exception cref="ArgumentNullException"><paramref name="metadata"/> or <paramref name="options"/> is null.</exception>
    public FileStorageProvider(ProviderMetadata metadata, FileStorageOptions options, TimeProvider? timeProvider = null)
        : base(metadata, options?.Copy()!) => _timeProvider = timeProvider ?? TimeProvider.System;

    /// <summary>The metadata of such a provider: type storage, with the capabilities store, retrieve and ttl.</summary>
    /// <param name="name">The provider's name.</param>
    /// <returns>The metadata; change with <c>with</c> what else is to be said.</returns>
    /// <exception cref="ArgumentException">The name is no provider's name.</exception>
    public static ProviderMetadata Describe(string name) => ProviderMetadata.Create(
        name, ProviderType.Storage, "Entries as files in a folder", ProviderCapabilities.Store, ProviderCapabilities.Retrieve,
        ProviderCapabilities.TimeToLive);

    /// <inheritdoc/>
    public override Task ValidateAsync(CancellationToken cancellationToken = default) => CheckFaultsAsync();

    /// <summary>
    /// Makes the folder if it is not there, takes it for this process, and deletes what writes left behind that were broken off.
    /// Twice is harmless.
    /// </summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Ends when it can be used.</returns>
    /// <exception cref="ArgumentException">The options have faults; all are named.</exception>
    /// <exception cref="IOException">The folder cannot be used, or another process has it.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public override async Task InitializeAsync(CancellationToken cancellationToken = default)
    {
        if (_storage is not null)
        {
            return;
        }

        await ValidateAsync(cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        var root = await Task.Run(() => FileStorageRoot.Open(Config.Path), cancellationToken).ConfigureAwait(false);
        Storage = _storage = new FileStorage(root, Config, _timeProvider);
    }

    /// <inheritdoc/>
    public override Task CleanupAsync(CancellationToken cancellationToken = default)
    {
        Storage = null;
        Interlocked.Exchange(ref _storage, null)?.Close();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override ValueTask<ProviderHealth> CheckHealthAsync(CancellationToken cancellationToken = default) =>
        new(_storage?.CheckHealth() ?? new ProviderHealth(ResourceHealth.Unhealthy, "It is not initialised."));
}
