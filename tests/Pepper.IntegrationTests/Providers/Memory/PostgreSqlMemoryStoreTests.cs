using Npgsql;
using Pepper.IntegrationTests.PostgreSql;
using Pepper.Resources;
using Pepper.Resources.PostgreSql;
using Pepper.Resources.Providers;
using Pepper.Resources.Testing;
using Pepper.Tests;

namespace Pepper.IntegrationTests.Providers.Memory;

/// <summary>A fixture with a schema of its own in the tests' cluster.</summary>
public sealed class PostgreSqlMemoryFixture : MemoryProviderFixture
{
    private readonly string _schema = $"memory_{Guid.NewGuid():N}";

    public string ConnectionString { get; init; } = "Host=127.0.0.1;Port=1";

    public bool UseVectorExtension { get; init; }

    public override IMemoryProvider Create(string name, MemoryStoreOptions options) => new PostgreSqlMemoryProvider(
        PostgreSqlMemoryProvider.Describe(name), Options(options), Time);

    public override IProvider? CreateFaulty(string name) => new PostgreSqlMemoryProvider(
        PostgreSqlMemoryProvider.Describe(name), new PostgreSqlMemoryOptions { Schema = "x\"; DROP TABLE y" }, Time);

    public override async ValueTask DisposeAsync()
    {
        await ExecuteAsync($"DROP SCHEMA IF EXISTS {_schema} CASCADE");
        await base.DisposeAsync();
    }

    internal PostgreSqlMemoryOptions Options(MemoryStoreOptions options) => new()
    {
        ConnectionString = ConnectionString,
        Schema = _schema,
        UseVectorExtension = UseVectorExtension,
        Store = options,
    };

    internal async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}

[Collection(PostgresTest.Collection)]
public sealed class PostgreSqlMemoryLifecycleTests(PostgresFixture postgres)
    : ConformanceTests<LifecycleConformance, PostgreSqlMemoryFixture>
{
    protected override PostgreSqlMemoryFixture NewFixture() => new() { ConnectionString = postgres.Cluster.ConnectionString };
}

/// <summary>The vectors compared here.</summary>
[Collection(PostgresTest.Collection)]
public sealed class PostgreSqlMemoryConformanceTests(PostgresFixture postgres)
    : ConformanceTests<MemoryConformance, PostgreSqlMemoryFixture>
{
    protected override PostgreSqlMemoryFixture NewFixture() => new() { ConnectionString = postgres.Cluster.ConnectionString };
}

[Collection(PostgresTest.Collection)]
public sealed class PostgreSqlMemoryStoreTests(PostgresFixture postgres)
    : SqlMemoryStoreTests<PostgreSqlMemoryFixture, PostgreSqlMemoryStore>
{
    protected override PostgreSqlMemoryFixture Fixture { get; } =
        new() { ConnectionString = postgres.Cluster.ConnectionString };

    /// <summary>Where the server has the extension, the whole suite runs with the vectors compared by it.</summary>
    [Fact]
    public async Task Open_WithTheExtensionAllowed_UsesItWhereItIs_AndPassesTheSuite()
    {
        PostgreSqlMemoryFixture NewFixture() =>
            new() { ConnectionString = postgres.Cluster.ConnectionString, UseVectorExtension = true };
        await using var fixture = NewFixture();
        var isThere = await fixture.ExecuteAsync("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'") is not null;
        await using (var store = await PostgreSqlMemoryStore.OpenAsync(fixture.Options(new MemoryStoreOptions())))
        {
            Assert.Equal(isThere, store.UsesVectorExtension);
            await store.PutAsync(new MemoryPut(new("a"), "one", "") { Vector = new float[] { 3, 4 } });
            var found = await store.SearchAsync(new MemorySearch { Vector = new float[] { 4, 3 } });
            Assert.Equal(0.96, Assert.Single(found).Score, 1e-6);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(isThere ? "pgvector is there" : "pgvector is not there");
        if (isThere)
        {
            var report = await ProviderConformance.RunAsync(NewFixture, TestContext.Current.CancellationToken);
            Assert.True(report.IsPassed, report.ToString());
        }
    }

    [Fact]
    public async Task Open_ByManyAtOnce_MakesOneMemory()
    {
        var stores = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => OpenStoreAsync())));

        await stores[0].PutAsync(new MemoryPut(new("a"), "one", ""));
        Assert.All(
            await Task.WhenAll(stores.Select(store => store.GetAsync(new("a"), "one").AsTask())), entry => Assert.NotNull(entry));
    }

    /// <summary>Texts that have frequent words alone are not scored, and the ranking is as if they were.</summary>
    [Fact]
    public async Task Text_OverManyEntries_RanksAsTheStoreThatScoresThemAll()
    {
        var random = new Random(7);
        string Words(int count) => string.Join(' ', Enumerable.Range(0, count)
            .Select(_ => $"w{(int)Math.Pow(1500, random.NextDouble())}"));
        var store = await OpenStoreAsync();
        var all = new InProcessMemoryStore();
        for (var batch = 0; batch < 3; batch++)
        {
            var from = batch * 1000;
            MemoryPut[] puts = [.. Enumerable.Range(from, 1000).Select(number => new MemoryPut(
                new("n", $"{number % 5}"), $"{number:0000}", Words(3 + random.Next(20))))];
            await store.BatchAsync(puts);
            await all.BatchAsync(puts);
        }

        for (var round = 0; round < 60; round++)
        {
            var search = new MemorySearch
            {
                Text = Words(1 + (round % 7)),
                Limit = 1 + random.Next(round % 10 == 0 ? 1000 : 20),
                Offset = random.Next(20),
                Namespace = round % 3 == 0 ? new("n", "2") : new("n"),
            };
            var (found, expected) = (await store.SearchAsync(search), await all.SearchAsync(search));
            Assert.Equal(expected.Count, found.Count);
            Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-9));
        }
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

    protected override async ValueTask<PostgreSqlMemoryStore> OpenAsync(MemoryStoreOptions options)
    {
        var store = await PostgreSqlMemoryStore.OpenAsync(Fixture.Options(options));
        Assert.False(store.UsesVectorExtension);
        return store;
    }
}
