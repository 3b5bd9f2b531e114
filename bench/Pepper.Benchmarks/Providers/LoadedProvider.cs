using Pepper.Resources.Providers;

namespace Pepper.Benchmarks.Providers;

/// <summary>A provider of files that fails at a stage when its configuration says so.</summary>
internal sealed class LoadedProvider(LoadedConfig config) : StorageProvider<LoadedConfig>(Describe(config.Name), config)
{
    private readonly FileStorageProvider _files = new(
        FileStorageProvider.Describe(config.Name), new FileStorageOptions { Path = config.Folder, FlushToDisk = false });

    internal static ProviderMetadata Describe(string name) => FileStorageProvider.Describe(name);

    public override Task ValidateAsync(CancellationToken cancellationToken = default) => FailAt(ProviderStage.Validate);

    public override async Task InitializeAsync(CancellationToken cancellationToken = default)
    {
        await _files.InitializeAsync(cancellationToken);
        await FailAt(ProviderStage.Initialize);
        Storage = _files.Storage;
    }

    public override async Task CleanupAsync(CancellationToken cancellationToken = default)
    {
        Storage = null;
        await _files.CleanupAsync(cancellationToken);
        await FailAt(ProviderStage.Cleanup);
    }

    public override async ValueTask<ProviderHealth> CheckHealthAsync(CancellationToken cancellationToken = default)
    {
        await FailAt(ProviderStage.HealthCheck);
        return await _files.CheckHealthAsync(cancellationToken);
    }

    // Once: what failed to be cleaned up is tried again.
    private Task FailAt(ProviderStage stage)
    {
        if (Config.FailAt != stage)
        {
            return Task.CompletedTask;
        }

        Config.FailAt = null;
        return Task.FromException(new InvalidOperationException($"made to fail at {stage}"));
    }
}

/// <summary>What a <see cref="LoadedProvider"/> is to do.</summary>
internal sealed record LoadedConfig(string Name, string Folder)
{
    internal ProviderStage? FailAt { get; set; }
}
