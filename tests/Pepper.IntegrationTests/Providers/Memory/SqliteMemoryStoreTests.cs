using Microsoft.Data.Sqlite;
using Pepper.Benchmarks.Memories;
using Pepper.Resources;
using Pepper.Resources.Providers;
using Pepper.Resources.Sqlite;
using Pepper.Resources.Testing;
using Pepper.Tests;

namespace Pepper.IntegrationTests.Providers.Memory;

/// <summary>A fixture with a folder of its own.</summary>
public sealed class SqliteMemoryFixture : MemoryProviderFixture
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pepper-memory-");

    internal string Database => Path.Combine(_folder.FullName, "memory.db");

    // Not flushed, as what is tested here is not the disk.
    public override IMemoryProvider Create(string name, MemoryStoreOptions options) => new SqliteMemoryProvider(
        SqliteMemoryProvider.Describe(name), new SqliteMemoryOptions { Path = Database, FlushToDisk = false, Store = options },
        Time);

    public override IProvider? CreateFaulty(string name) =>
        new SqliteMemoryProvider(SqliteMemoryProvider.Describe(name), new SqliteMemoryOptions { Path = "" }, Time);

    public override ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return base.DisposeAsync();
    }
}

public sealed class SqliteMemoryLifecycleTests : ConformanceTests<LifecycleConformance, SqliteMemoryFixture>;

public sealed class SqliteMemoryConformanceTests : ConformanceTests<MemoryConformance, SqliteMemoryFixture>;

public sealed class SqliteMemoryStoreTests : IAsyncDisposable
{
    private readonly SqliteMemoryFixture _fixture = new();
    private readonly List<SqliteMemoryStore> _opened = [];

    private string Database => _fixture.Database;

    [Fact]
    public async Task Writers_WithOneETag_InAThousandRounds_OneWinsEach()
    {
        var store = await OpenAsync(new MemoryStoreOptions(), TimeProvider.System);

        var rounds = await TwoWriters.RunAsync(store, 1000);

        Assert.Equal([0, 1000, 0], rounds);
    }

    [Fact]
    public async Task Writers_OfTwoStoresOnOneFile_OneWinsEach()
    {
        var (first, second) = (await OpenAsync(new(), TimeProvider.System), await OpenAsync(new(), TimeProvider.System));
        for (var round = 0; round < 100; round++)
        {
            var etag = await first.PutAsync(new MemoryPut(new("a"), "one", ""));
            var wins = await Task.WhenAll(new[] { first, second }.Select(store => Task.Run(async () =>
            {
                try
                {
                    await store.PutAsync(new MemoryPut(new("a"), "one", "") { IfMatch = etag });
                    return 1;
                }
                catch (MemoryConflictException)
                {
                    return 0;
                }
            })));
            Assert.Equal(1, wins.Sum());
        }
    }

    [Fact]
    public async Task Open_OfTablesOfALaterVersion_SaysSo()
    {
        await OpenAsync(new MemoryStoreOptions(), TimeProvider.System);
        await using (var connection = new SqliteConnection($"Data Source={Database};Pooling=false"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "UPDATE pepper_memory_settings SET value = 2 WHERE name = 'version'";
            await command.ExecuteNonQueryAsync();
        }

        var failure = await Assert.ThrowsAsync<ResourceException>(
            () => OpenAsync(new MemoryStoreOptions(), TimeProvider.System).AsTask());

        Assert.Contains("version 2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Provider_InitialisedAndCleanedUp_KeepsEverythingInTheFile()
    {
        var provider = new SqliteMemoryProvider(
            SqliteMemoryProvider.Describe("notes"), new SqliteMemoryOptions { Path = Database, FlushToDisk = false });
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
        File.Delete(Database);
    }

    [Fact]
    public async Task Validate_OfFaultyOptions_NamesAllFaults()
    {
        var provider = new SqliteMemoryProvider(SqliteMemoryProvider.Describe("notes"), new SqliteMemoryOptions
        {
            Path = ":memory:",
            MaxConnections = 1,
            BusyTimeout = TimeSpan.Zero,
            Store = { SweepInterval = TimeSpan.Zero },
        });

        var failure = await Assert.ThrowsAsync<ArgumentException>(() => provider.ValidateAsync());

        Assert.All(
            ["'notes'", "4 fault(s)", "Path", "MaxConnections", "BusyTimeout", "SweepInterval"],
            word => Assert.Contains(word, failure.Message, StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _opened)
        {
            await store.DisposeAsync();
        }

        await _fixture.DisposeAsync();
    }

    private async ValueTask<IMemoryStore> OpenAsync(MemoryStoreOptions options, TimeProvider timeProvider)
    {
        var store = await SqliteMemoryStore.OpenAsync(
            new SqliteMemoryOptions { Path = Database, FlushToDisk = false, Store = options }, timeProvider);
        _opened.Add(store);
        return store;
    }
}
