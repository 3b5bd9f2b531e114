using Npgsql;
using Pepper.IntegrationTests.PostgreSql;
using Pepper.Resources.PostgreSql;
using Pepper.Resources.Providers;
using Pepper.Resources.Testing;
using Pepper.Tests;

namespace Pepper.IntegrationTests.Providers;

/// <summary>A fixture with a table of its own in the tests' cluster.</summary>
public sealed class PostgreSqlStorageFixture : ProviderFixture
{
    private readonly string _table = $"t{Guid.NewGuid():N}";

    public string ConnectionString { get; init; } = "Host=127.0.0.1;Port=1";

    public override IProvider Create(string name) => new PostgreSqlStorageProvider(
        PostgreSqlStorageProvider.Describe(name),
        new PostgreSqlStorageOptions
        {
            ConnectionString = ConnectionString,
            Table = _table,
            MaxContentBytes = 8_000_000,
            MaxConnections = 4,
        },
        Time);

    public override IProvider? CreateFaulty(string name) => new PostgreSqlStorageProvider(
        PostgreSqlStorageProvider.Describe(name),
        new PostgreSqlStorageOptions { ConnectionString = "Nothing=known", Table = "a; DROP TABLE b" }, Time);

    public override async ValueTask DisposeAsync()
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"DROP TABLE IF EXISTS {_table}";
        await command.ExecuteNonQueryAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

[Collection(PostgresTest.Collection)]
public sealed class PostgreSqlLifecycleConformanceTests(PostgresFixture postgres)
    : ConformanceTests<LifecycleConformance, PostgreSqlStorageFixture>
{
    protected override PostgreSqlStorageFixture NewFixture() => new() { ConnectionString = postgres.Cluster.ConnectionString };
}

[Collection(PostgresTest.Collection)]
public sealed class PostgreSqlStorageConformanceTests(PostgresFixture postgres)
    : ConformanceTests<StorageConformance, PostgreSqlStorageFixture>
{
    protected override PostgreSqlStorageFixture NewFixture() => new() { ConnectionString = postgres.Cluster.ConnectionString };
}

[Collection(PostgresTest.Collection)]
public sealed class PostgreSqlStorageTests(PostgresFixture postgres) : StorageKitTests<PostgreSqlStorageFixture>
{
    [Fact]
    public void Suites_OfTheAssembly_AreAllRun()
    {
        (Type, Type)[] covered =
        [
            (typeof(PostgreSqlStorageProvider), typeof(LifecycleConformance)),
            (typeof(PostgreSqlStorageProvider), typeof(StorageConformance)),
        ];

        Assert.DoesNotContain(
            ProviderConformance.GetMissing(typeof(PostgreSqlStorageProvider).Assembly, covered),
            static missing => missing.Contains("Storage", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Initialize_ManyAtOnce_MakeTheTableOnce()
    {
        await using var fixture = NewFixture();
        var providers = Enumerable.Range(0, 8).Select(number => fixture.Create($"p{number}")).ToList();

        await Task.WhenAll(providers.Select(provider => provider.InitializeAsync()));

        foreach (var provider in providers)
        {
            await provider.CleanupAsync();
        }
    }

    [Fact]
    public async Task Initialize_NoServer_SaysSoAndLeavesNoSecret()
    {
        await using var manager = new ProviderManager();
        var provider = new PostgreSqlStorageProvider(
            PostgreSqlStorageProvider.Describe("a"),
            new PostgreSqlStorageOptions { ConnectionString = "Host=127.0.0.1;Port=1;Password=s3cret;Timeout=2" });

        var failure = await Assert.ThrowsAsync<ProviderStageException>(() => manager.RegisterAsync(provider));

        Assert.Equal(ProviderStage.Initialize, failure.Stage);
        Assert.DoesNotContain("s3cret", failure.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, manager.Count);
    }

    protected override PostgreSqlStorageFixture NewFixture() => new() { ConnectionString = postgres.Cluster.ConnectionString };
}
