using Npgsql;
using Pepper.Benchmarks.Memories;
using Pepper.IntegrationTests.PostgreSql;
using Pepper.Resources;
using Pepper.Resources.PostgreSql;
using Pepper.Resources.Providers;
using Pepper.Resources.Testing.Providers;
using Pepper.Tests;

namespace Pepper.IntegrationTests.Providers.Memory;

/// <summary>The suite that all memory stores pass, on the one in PostgreSQL, its vectors compared here.</summary>
public sealed class PostgreSqlMemoryStoreTests(PostgresFixture fixture) : PostgreSqlMemoryStoreSuite(fixture, false)
{
    [Fact]
    public async Task Writers_WithOneETag_InAThousandRounds_OneWinsEach()
    {
        var store = await OpenAsync(new MemoryStoreOptions(), TimeProvider.System);

        var rounds = await TwoWriters.RunAsync(store, 1000);

        Assert.Equal([0, 1000, 0], rounds);
    }

    [Fact]
    public async Task Open_ByManyAtOnce_MakesOneMemory()
    {
        var stores = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => OpenStoreAsync(new MemoryStoreOptions(), TimeProvider.System))));

        await stores[0].PutAsync(new MemoryPut(new("a"), "one", ""));
        Assert.All(
            await Task.WhenAll(stores.Select(store => store.GetAsync(new("a"), "one").AsTask())), entry => Assert.NotNull(entry));
    }

    [Fact]
    public async Task Provider_InitialisedAndCleanedUp_KeepsEverythingInTheDatabase()
    {
        var provider = new PostgreSqlMemoryProvider(PostgreSqlMemoryProvider.Describe("notes"), Options(new MemoryStoreOptions()));
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
    }

    [Theory]
    [InlineData("x\"; DROP TABLE entries; --")]
    [InlineData("Upper")]
    [InlineData("1st")]
    [InlineData("pg_mine")]
    [InlineData("")]
    [InlineData("new\n")]
    public async Task Validate_OfASchemaThatIsNone_Throws(string schema)
    {
        var options = new PostgreSqlMemoryOptions { ConnectionString = "no such thing=1;Password=secret", Schema = schema };
        var provider = new PostgreSqlMemoryProvider(PostgreSqlMemoryProvider.Describe("notes"), options);

        var failure = await Assert.ThrowsAsync<ArgumentException>(() => provider.ValidateAsync());

        Assert.Contains("2 fault(s)", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
    }
}

/// <summary>The suite that all memory stores pass, on the one in PostgreSQL, its vectors compared by pgvector.</summary>
public sealed class PgVectorMemoryStoreTests(PostgresFixture fixture) : PostgreSqlMemoryStoreSuite(fixture, true);

[Collection(PostgresTest.Collection)]
public abstract class PostgreSqlMemoryStoreSuite(PostgresFixture fixture, bool usesExtension) : MemoryStoreSuite, IAsyncDisposable
{
    private readonly string _schema = $"memory_{Guid.NewGuid():N}";
    private readonly List<PostgreSqlMemoryStore> _opened = [];

    public static TheoryData<string> Names => [.. Tests];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Suite(string test)
    {
        if (usesExtension)
        {
            var available = await ExecuteAsync("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'");
            Assert.SkipWhen(
                available is null, "PostgreSQL has no extension vector (pgvector); Debian's package is postgresql-*-pgvector.");
        }

        await RunAsync(test).WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _opened)
        {
            await store.DisposeAsync();
        }

        if (PostgresCluster.ProgramsFolder is not null)
        {
            await ExecuteAsync($"DROP SCHEMA IF EXISTS {_schema} CASCADE");
        }

        GC.SuppressFinalize(this);
    }

    protected override async ValueTask<IMemoryStore> OpenAsync(MemoryStoreOptions options, TimeProvider timeProvider)
    {
        var store = await OpenStoreAsync(options, timeProvider);
        Assert.Equal(usesExtension, store.UsesVectorExtension);
        return store;
    }

    private protected PostgreSqlMemoryOptions Options(MemoryStoreOptions options) => new()
    {
        ConnectionString = fixture.Cluster.ConnectionString,
        Schema = _schema,
        UseVectorExtension = usesExtension,
        Store = options,
    };

    private protected async Task<PostgreSqlMemoryStore> OpenStoreAsync(MemoryStoreOptions options, TimeProvider timeProvider)
    {
        var store = await PostgreSqlMemoryStore.OpenAsync(Options(options), timeProvider);
        lock (_opened)
        {
            _opened.Add(store);
        }

        return store;
    }

    private async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(fixture.Cluster.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
