using System.Collections.Concurrent;
using Npgsql;
using Pepper.Resources;
using Pepper.Resources.Connections;

namespace Pepper.IntegrationTests.PostgreSql;

public sealed class ConnectionResourceTests(PostgresFixture fixture) : PostgresTest(fixture)
{
    [Fact]
    public async Task GetConnection_Url_RunsARealQuery()
    {
        await using var resource = New();
        await resource.InitializeAsync();

        await using var lease = await resource.GetConnectionAsync();

        Assert.IsType<NpgsqlConnection>(lease.Resource);
        Assert.StartsWith("PostgreSQL ", await ScalarAsync<string>(lease.Resource, "SELECT version()"), StringComparison.Ordinal);
        Assert.Equal(ApplicationName, await ScalarAsync<string>(lease.Resource, "SELECT current_setting('application_name')"));
        Assert.Equal(1, await CountSessionsAsync());
        Assert.Equal(5, resource.Pool.Statistics.MaxSize);
    }

    [Fact]
    public async Task GetConnection_UrlWithEscapes_MeansWhatTheyStandFor()
    {
        const string name = "a b/ü=;'%";
        await ExecuteAsAdminAsync($"""CREATE DATABASE "{name}" """);
        await ExecuteAsAdminAsync($"""CREATE ROLE "{name}" LOGIN""");
        var escaped = Uri.EscapeDataString(name);
        await using var resource = New($"postgres://{escaped}:{escaped}@127.0.0.1:{Cluster.Port}/{escaped}?pooling=true");
        await resource.InitializeAsync();

        await using var lease = await resource.GetConnectionAsync();

        Assert.Equal(name, await ScalarAsync<string>(lease.Resource, "SELECT current_database()::text"));
        Assert.Equal(name, await ScalarAsync<string>(lease.Resource, "SELECT current_user::text"));
    }

    [Fact]
    public async Task GetConnection_ThirtyTwoClients_NeverHaveMoreThanFiveSessions()
    {
        const string count =
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = current_setting('application_name')";
        await using var manager = new ResourceManager(monitor: Monitor);
        var resource = New();
        await manager.RegisterAsync(resource);
        var seen = new ConcurrentBag<long>();

        await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(async () =>
        {
            for (var round = 0; round < 10; round++)
            {
                await using var lease = await resource.GetConnectionAsync();
                seen.Add(await ScalarAsync<long>(lease.Resource, count));
            }
        }))).WaitAsync(Guard);

        Assert.Equal(320, seen.Count);
        Assert.InRange(seen.Max(), 2, 5);
        await UntilAsync(() => resource.Pool.Statistics.Creating == 0);
        Assert.Equal(resource.Pool.Statistics.Size, await CountSessionsAsync());
        await manager.ReleaseAsync(resource.Metadata.Id);
        await WaitForSessionsAsync(0);
        Assert.Equal(ResourceState.Disposed, resource.State);
    }

    [Fact]
    public async Task Release_WhileAConnectionIsLent_EndsTheOthersAndThatOneAtItsReturn()
    {
        await using var manager = new ResourceManager(monitor: Monitor);
        var resource = New(options: new ConnectionResourceOptions { PoolSize = 5, Pool = Options(minSize: 3) });
        await manager.RegisterAsync(resource);
        Assert.Equal(3, await CountSessionsAsync());
        var lease = await resource.GetConnectionAsync();

        await manager.ReleaseAsync(resource.Metadata.Id);

        await WaitForSessionsAsync(1);
        Assert.Equal(1, await ScalarAsync<int>(lease.Resource, "SELECT 1"));
        await lease.DisposeAsync();
        await WaitForSessionsAsync(0);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task Dispose_PoolingOfTheProvider_KeepsSessionsOnlyWhereItIsLeftOn(bool isDisabled, int left)
    {
        var resource = New(
            $"{Url}&pooling=true",
            new ConnectionResourceOptions { Connection = new() { DisableProviderPooling = isDisabled } });
        await resource.InitializeAsync();
        Assert.Equal(1, await CountSessionsAsync());

        await resource.DisposeAsync();

        await WaitForSessionsAsync(left);
        await using var same = new NpgsqlConnection(ConnectionUrl.ToConnectionString($"{Url}&pooling=true"));
        NpgsqlConnection.ClearPool(same);
        await WaitForSessionsAsync(0);
    }

    [Fact]
    public async Task Acquire_Blocking_OpensAndQueries()
    {
        await using var pool = NewPool(connection: new() { ValidationQuery = "SELECT 1", ResetCommand = "DISCARD ALL" });
        int Session()
        {
            using var lease = pool.Acquire(Guard);
            using var command = lease.Resource.CreateCommand();
            command.CommandText = "SELECT pg_backend_pid()";
            return (int)command.ExecuteScalar()!;
        }

        var first = await Task.Run(Session).WaitAsync(Guard);

        Assert.Equal(first, await Task.Run(Session).WaitAsync(Guard));
        Assert.Equal(1, await CountSessionsAsync());
    }

    private ConnectionResource New(string? url = null, ConnectionResourceOptions? options = null) =>
        new(NpgsqlFactory.Instance, url ?? Url, options ?? new ConnectionResourceOptions { PoolSize = 5 }, monitor: Monitor);
}
