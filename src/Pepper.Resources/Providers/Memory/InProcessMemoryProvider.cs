namespace Pepper.Resources.Providers;

/// <summary>
/// A memory provider whose entries live in this process. A reload in place keeps them; a reload by a swap, and a cleanup, begin
/// anew.
/// </summary>
public sealed class InProcessMemoryProvider : MemoryProvider<InProcessMemoryOptions>
{
    private readonly TimeProvider? _timeProvider;

    /// <summary>Makes a provider; it remembers nothing before it is initialised.</summary>
    /// <param name="name">Its name, 1 to 128 characters.</param>
    /// <param name="options">Copied; null: the defaults.</param>
    /// <param name="timeProvider">Where its time comes from; null: <see cref="TimeProvider.System"/>.</param>
    /// <exception cref="ArgumentException">The name is not one.</exception>
    public InProcessMemoryProvider(
        string name, InProcessMemoryOptions? options = null, TimeProvider? timeProvider = null)
        : this(MetadataOf(name), options, timeProvider)
    {
    }

    /// <summary>Makes a provider with metadata of one's own.</summary>
    /// <param name="metadata">With the type <see cref="ProviderType.Memory"/> and the capabilities <c>store</c> and
    /// <c>search</c>.</param>
    /// <param name="options">Copied; null: the defaults.</param>
    /// <param name="timeProvider">Where its time comes from; null: <see cref="TimeProvider.System"/>.</param>
    /// <exception cref="ArgumentNullException">The metadata are null.</exception>
    public InProcessMemoryProvider(
        ProviderMetadata metadata, InProcessMemoryOptions? options = null, TimeProvider? timeProvider = null)
        : base(metadata, (options ?? new InProcessMemoryOptions()).Copy()) => _timeProvider = timeProvider;

    /// <summary>Judges the configuration.</summary>
    /// <param name="cancellationToken">Not used: nothing takes time.</param>
    /// <exception cref="ArgumentException">The configuration is faulty; the message lists all faults.</exception>
    public override Task ValidateAsync(CancellationToken cancellationToken = default) =>
        Config.GetFaults().ToList() is { Count: > 0 } faults
            ? Task.FromException(new ArgumentException($"{nameof(InProcessMemoryOptions)}: {string.Join(' ', faults)}"))
            : Task.CompletedTask;

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

    private static ProviderMetadata MetadataOf(string name) => new()
    {
        Name = name,
        Type = ProviderType.Memory,
        Description = "A memory in this process.",
        Capabilities = new HashSet<string>(StringComparer.Ordinal) { ProviderCapabilities.Store, ProviderCapabilities.Search },
    };
}
