using Microsoft.Data.Sqlite;
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

public sealed class SqliteMemoryStoreTests : SqlMemoryStoreTests<SqliteMemoryFixture, SqliteMemoryStore>
{
    protected override SqliteMemoryFixture Fixture { get; } = new();

    private string Database => Fixture.Database;

    [Fact]
    public async Task Writers_OfTwoStoresOnOneFile_OneWinsEach()
    {
        var (first, second) = (await OpenStoreAsync(), await OpenStoreAsync());
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
        await OpenStoreAsync();
        await using (var connection = new SqliteConnection($"Data Source={Database};Pooling=false"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "UPDATE pepper_memory_settings SET value = 2 WHERE name = 'version'";
            await command.ExecuteNonQueryAsync();
        }

        var failure = await Assert.ThrowsAsync<ResourceException>(() => OpenStoreAsync());

        Assert.Contains("version 2", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file::memory:")]
    [InlineData("FILE:notes.db?mode=memory&cache=shared")]
    public async Task Validate_OfAPathThatIsNoFile_RefusesIt(string path)
    {
        var provider = new SqliteMemoryProvider(
            SqliteMemoryProvider.Describe("notes"), new SqliteMemoryOptions { Path = path });

        var failure = await Assert.ThrowsAsync<ArgumentException>(() => provider.ValidateAsync());

        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
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

    protected override ValueTask<SqliteMemoryStore> OpenAsync(MemoryStoreOptions options) => SqliteMemoryStore.OpenAsync(
        new SqliteMemoryOptions { Path = Database, FlushToDisk = false, Store = options });

    // The log goes with the last connection.
    protected override void AssertClosed() => Assert.False(File.Exists(Database + "-wal"));
}
