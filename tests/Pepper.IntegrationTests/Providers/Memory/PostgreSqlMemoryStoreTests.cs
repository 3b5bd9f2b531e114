using Npgsql;
using Pepper.IntegrationTests.PostgreSql;
using Pepper.Resources.PostgreSql;
using Pepper.Resources.Providers;
using Pepper.Resources.Testing.Providers;

namespace Pepper.IntegrationTests.Providers.Memory;

/// <summary>The suite that all memory stores pass, on the one in PostgreSQL, its vectors compared here.</summary>
public sealed class PostgreSqlMemoryStoreTests(PostgresFixture fixture) : PostgreSqlMemoryStoreSuite(fixture, false);

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

        if (_opened.Count > 0)
        {
            await ExecuteAsync($"DROP SCHEMA IF EXISTS {_schema} CASCADE");
        }

        GC.SuppressFinalize(this);
    }

    protected override async ValueTask<IMemoryStore> OpenAsync(MemoryStoreOptions options, TimeProvider timeProvider)
    {
        var store = await PostgreSqlMemoryStore.OpenAsync(
            new PostgreSqlMemoryOptions
            {
                ConnectionString = fixture.Cluster.ConnectionString,
                Schema = _schema,
                UseVectorExtension = usesExtension,
                Store = options,
            },
            timeProvider);
        _opened.Add(store);
        Assert.Equal(usesExtension, store.UsesVectorExtension);
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
