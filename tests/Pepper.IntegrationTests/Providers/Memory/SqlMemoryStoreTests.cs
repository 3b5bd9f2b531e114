using Pepper.Benchmarks.Memories;
using Pepper.Resources;
using Pepper.Resources.Providers;
using Pepper.Resources.Testing;

namespace Pepper.IntegrationTests.Providers.Memory;

/// <summary>What holds for a memory in any database, beyond the kit.</summary>
public abstract class SqlMemoryStoreTests<TFixture, TStore> : IAsyncDisposable
    where TFixture : MemoryProviderFixture
    where TStore : class, IMemoryStore, IAsyncDisposable
{
    private readonly List<TStore> _opened = [];

    protected abstract TFixture Fixture { get; }

    [Fact]
    public async Task Writers_WithOneETag_InAThousandRounds_OneWinsEach()
    {
        var store = await OpenStoreAsync();

        var rounds = await TwoWriters.RunAsync(store, 1000);

        Assert.Equal([0, 1000, 0], rounds);
    }

    [Fact]
    public async Task Provider_InitialisedAndCleanedUp_KeepsEverythingInTheDatabase()
    {
        var provider = Fixture.Create("notes", new MemoryStoreOptions());
        Assert.Equal(ResourceHealth.Unhealthy, (await provider.CheckHealthAsync()).Status);
        await provider.InitializeAsync();
        await provider.Store!.PutAsync(new MemoryPut(new("a"), "one", "kettle"));

        await provider.ReloadAsync();

        Assert.Equal(ResourceHealth.Healthy, (await provider.CheckHealthAsync()).Status);
        Assert.Empty(ProviderCapabilities.GetFaults(provider));
        Assert.Empty(ProviderCapabilities.GetFeatureFaults(provider));
        Assert.NotNull(await provider.Store!.GetAsync(new("a"), "one"));
        await provider.CleanupAsync();
        await provider.CleanupAsync();
        Assert.Null(provider.Store);
        AssertClosed();
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var store in _opened)
        {
            await store.DisposeAsync();
        }

        await Fixture.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract ValueTask<TStore> OpenAsync(MemoryStoreOptions options);

    /// <summary>That a provider which was cleaned up keeps nothing open.</summary>
    protected virtual void AssertClosed()
    {
    }

    /// <summary>Opens one more store on the fixture's memory; it is closed at the end.</summary>
    protected async Task<TStore> OpenStoreAsync(MemoryStoreOptions? options = null)
    {
        var store = await OpenAsync(options ?? new MemoryStoreOptions());
        lock (_opened)
        {
            _opened.Add(store);
        }

        return store;
    }
}
