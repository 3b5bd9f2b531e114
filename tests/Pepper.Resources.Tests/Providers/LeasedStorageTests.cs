using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers;

/// <summary>A storage by the name of its provider, over reloads and registrations.</summary>
public sealed class LeasedStorageTests : ProviderManagerTest
{
    [Fact]
    public async Task GetStorage_OverReloads_IsTheSame()
    {
        await using var fixture = new FileStorageFixture();
        await fixture.PrepareAsync();
        await RegisterAsync(fixture);
        var storage = Manager.GetStorage("files");
        var written = await storage.PutAsync("a", new byte[5], new StoragePutOptions { TimeToLive = TimeSpan.FromHours(1) });

        await Manager.ReloadProviderAsync("files");
        Assert.Equal(written.ETag, (await storage.StatAsync("a"))!.ETag);
        await Manager.UnregisterAsync("files");
        await Assert.ThrowsAsync<ProviderNotFoundException>(async () => await storage.StatAsync("a"));
        await RegisterAsync(fixture);

        Assert.True(await storage.ExistsAsync("a"));
        Assert.Equal(["a"], (await storage.ListAsync()).Entries.Select(static entry => entry.Key));
        using (var stream = new MemoryStream(new byte[9]))
        {
            await storage.PutAsync("b", stream);
        }

        Assert.True(await storage.DeleteAsync("b"));
        Assert.Equal(4096, storage.Capabilities.MaxKeyBytes);
        await Manager.UnregisterAsync("files");
    }

    [Fact]
    public async Task Features_AreThoseThatAreDeclared()
    {
        await using var files = new FileStorageFixture();
        await using var sqlite = new SqliteStorageFixture();
        await files.PrepareAsync();
        await sqlite.PrepareAsync();
        await Manager.RegisterAsync(files.Create("files"));
        await Manager.RegisterAsync(sqlite.Create("sqlite"));
        var (first, second) = (Manager.GetStorage("files"), Manager.GetStorage("sqlite"));

        Assert.Null(first.GetFeature(typeof(IPrefixStorage)));
        var expiring = StorageRules.Feature<IExpiringStorage>(first);
        await first.PutAsync("a", new byte[1]);
        Assert.NotNull((await expiring.SetTimeToLiveAsync("a", TimeSpan.FromSeconds(1)))!.ExpiresAt);
        Assert.Equal(TimeSpan.FromMilliseconds(1), expiring.TimeToLiveGranularity);
        Assert.Equal(0, await expiring.PurgeExpiredAsync());
        await second.PutAsync("a/1", new byte[1]);
        Assert.Equal(1, await StorageRules.Feature<IPrefixStorage>(second).DeletePrefixAsync("a/"));
        await Manager.CleanupAsync();
    }

    [Fact]
    public async Task Get_Opened_HoldsTheProviderUntilItIsDisposed()
    {
        await using var fixture = new FileStorageFixture();
        await fixture.PrepareAsync();
        await Manager.RegisterAsync(fixture.Create("files"));
        var storage = Manager.GetStorage("files");
        await storage.PutAsync("a", new byte[5]);
        Assert.Null(await storage.GetAsync("missing"));
        Assert.Empty(Manager.GetProviders()[0].Leases);

        var open = await storage.GetAsync("a");
        var end = Manager.UnregisterAsync("files");

        Assert.False(end.IsCompleted);
        Assert.Equal(5, await open!.Content.ReadAsync(new byte[10]));
        await open.DisposeAsync();
        await open.DisposeAsync();
        await end.WaitAsync(Guard);
    }

    [Fact]
    public async Task Get_ContentThatCannotBeClosed_HoldsTheProviderNoLonger()
    {
        await using var fixture = new FileStorageFixture();
        await fixture.PrepareAsync();
        await Manager.RegisterAsync(new StubbornProvider(fixture.Create("files")));
        var storage = Manager.GetStorage("files");
        await storage.PutAsync("a", new byte[5]);
        var open = await storage.GetAsync("a");

        await Assert.ThrowsAsync<IOException>(() => open!.DisposeAsync().AsTask());

        Assert.Empty(Manager.GetProviders()[0].Leases);
        await Manager.UnregisterAsync("files").WaitAsync(Guard);
    }

    [Fact]
    public async Task GetStorage_OfAnotherSort_IsRefused()
    {
        await Manager.RegisterAsync(TestProvider.New("a"));
        await Manager.RegisterAsync(new InProcessMemoryProvider(InProcessMemoryProvider.Describe("memory")));

        Assert.Throws<InvalidCastException>(() => Manager.GetStorage("a"));
        Assert.Throws<InvalidCastException>(() => Manager.GetMemory("a"));
        Assert.Throws<InvalidCastException>(() => Manager.GetStorage("memory"));
    }

    [Fact]
    public async Task GetMemory_OverReloads_IsTheSame()
    {
        await Manager.RegisterAsync(new InProcessMemoryProvider(InProcessMemoryProvider.Describe("memory")));
        var memory = Manager.GetMemory("memory");
        var ns = new MemoryNamespace("a");
        await memory.PutAsync(new MemoryPut(ns, "k", "text"));

        await Manager.ReloadProviderAsync("memory");

        Assert.True(memory.Capabilities.TextSearch);
        Assert.Single(await memory.SearchAsync(new MemorySearch { Namespace = ns }));
        Assert.Equal([ns], await memory.ListNamespacesAsync());
        Assert.Single(await memory.BatchAsync([new MemoryGet(ns, "k")]));
        Assert.Equal(0, await memory.RemoveExpiredAsync());
        Assert.True(await memory.DeleteAsync(ns, "k"));
        Assert.Equal(0, await memory.DeleteNamespaceAsync(ns));
        Assert.Null(await memory.GetAsync(ns, "k"));
        await Manager.UnregisterAsync("memory");
        await Assert.ThrowsAsync<ProviderNotFoundException>(async () => await memory.GetAsync(ns, "k"));
        Assert.True(memory.Capabilities.TextSearch);
    }

    private Task RegisterAsync(FileStorageFixture fixture) => Manager.RegisterAsync(
        FileStorageProvider.Describe("files"), () => new FileStorageOptions { Path = Path.Combine(fixture.Folder, "files") },
        options => new FileStorageProvider(FileStorageProvider.Describe("files"), options, fixture.Time));

    /// <summary>Files whose contents fail when they are closed.</summary>
    private sealed class StubbornProvider(IProvider files) : StorageProvider<string>(files.Metadata, "")
    {
        public override async Task InitializeAsync(CancellationToken cancellationToken = default)
        {
            await files.InitializeAsync(cancellationToken);
            Storage = new StubbornStorage(((IStorageProvider)files).Storage!);
        }

        public override Task CleanupAsync(CancellationToken cancellationToken = default)
        {
            Storage = null;
            return files.CleanupAsync(cancellationToken);
        }
    }

    private sealed class StubbornStorage(IStorage inner) : DelegatingStorage(inner)
    {
        public override async ValueTask<StorageObject?> GetAsync(
            string key, StorageGetOptions? options = null, CancellationToken cancellationToken = default)
        {
            var found = await Inner.GetAsync(key, options, cancellationToken);
            return new StorageObject(found!.Entry, new StubbornStream(), onDisposed: found.DisposeAsync);
        }
    }

    private sealed class StubbornStream : MemoryStream
    {
        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            throw new IOException("The content was made to fail when it is closed.");
        }
    }
}
