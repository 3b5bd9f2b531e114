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

    /// <summary>However a store sends them: more than it may send at once, of all shapes.</summary>
    [Fact]
    public async Task Batch_OfManyPuts_GivesEachItsETag_AndAConflictFarInChangesNothing()
    {
        var store = await OpenStoreAsync();
        MemoryPut[] puts =
        [
            .. Enumerable.Range(0, 450).Select(number => new MemoryPut(new("a"), $"{number % 440}", $"text{number}")
            {
                Vector = number % 3 == 0 ? new float[] { 1, number } : default(ReadOnlyMemory<float>?),
                TimeToLive = number % 5 == 0 ? TimeSpan.FromHours(1) : null,
            }),
        ];

        var results = await store.BatchAsync(puts);
        var conflict = await Assert.ThrowsAsync<MemoryConflictException>(() => store.BatchAsync(
            [.. puts.Select(put => put with { Text = "other" }), puts[0] with { IfMatch = results[0].ETag }]).AsTask());

        Assert.Equal(450, conflict.Index);
        Assert.Equal(450, results.Select(one => one.ETag).Distinct().Count());
        for (var number = 10; number < 450; number++)
        {
            var entry = await store.GetAsync(new("a"), puts[number].Key);
            Assert.Equal((puts[number].Text, results[number].ETag), (entry!.Text, entry.ETag));
        }

        var found = await store.SearchAsync(new MemorySearch { Vector = new float[] { 1, 1 }, Limit = 440 });
        Assert.Equal(
            puts.Skip(10).Where(put => put.Vector is not null).Select(put => put.Key).Order(),
            found.Select(match => match.Entry.Key).Order());
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
