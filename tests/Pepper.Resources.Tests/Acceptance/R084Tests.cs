using Pepper.Resources.Providers;
using Pepper.Resources.Tests.Monitoring;
using Pepper.Resources.Tests.Providers;

namespace Pepper.Resources.Tests.Acceptance;

/// <summary>The validation that closes requirement 084.</summary>
public sealed class R084Tests
{
    [Fact]
    public async Task Providers_AreRegisteredFoundReloadedUnregisteredAndMeasured()
    {
        using var monitor = new ResourceMonitor();
        using var metrics = new MetricRecorder(monitor);
        var providers = new ProviderMonitor(monitor);
        await using var folder = new FileStorageFixture();
        await folder.PrepareAsync();
        await using var manager = new ProviderManager(monitor: providers);
        var memory = new InProcessMemoryProvider(new ProviderMetadata
        {
            Name = "test_memory",
            Type = ProviderType.Memory,
            Capabilities = new HashSet<string> { "store", "search" },
            Labels = new Dictionary<string, string> { ["env"] = "test" },
        });
        var storage = new FileStorageProvider(
            FileStorageProvider.Describe(
                "test_storage") with
            { Capabilities = new HashSet<string> { "store", "retrieve", "ttl" } },
            new FileStorageOptions { Path = Path.Combine(folder.Folder, "files") });

        await manager.RegisterAsync(memory);
        await manager.RegisterAsync(storage);

        Assert.Equal([memory], manager.GetProvidersByType(ProviderType.Memory));
        Assert.Equal([memory, storage], manager.GetProvidersByCapability("store"));
        Assert.Equal("test", manager.GetProvider("test_memory")!.Metadata.Labels["env"]);
        await manager.GetStorage("test_storage").PutAsync("greeting", "hello"u8.ToArray());
        Assert.True(await manager.GetStorage("test_storage").ExistsAsync("greeting"));
        var ns = new MemoryNamespace("users", "ada");
        await manager.GetMemory("test_memory").PutAsync(new MemoryPut(ns, "tea", "likes green tea"));

        await manager.ReloadProviderAsync("test_memory");
        Assert.NotNull(await manager.GetMemory("test_memory").GetAsync(ns, "tea"));
        await manager.UnregisterAsync("test_storage");

        Assert.Null(manager.GetProvider("test_storage"));
        Assert.Equal(ProviderState.Running, manager.GetProvider("test_memory")!.State);
        providers.RecordOperation("register", "memory", true, TimeSpan.FromMilliseconds(1), name: "test_memory");
        Assert.Equal(
            2, metrics.Sum("pepperpy_provider_operations_total{name=test_memory,operation=register,success=true,type=memory}"));
        Assert.Equal(
            1, metrics.Sum("pepperpy_provider_operations_total{name=test_memory,operation=reload,success=true,type=memory}"));
        Assert.Equal(1,
            metrics.Sum("pepperpy_provider_operations_total{name=test_storage,operation=unregister,success=true,type=storage}"));
        await manager.CleanupAsync();
        Assert.Equal(0, manager.Count);
    }
}
