using System.Data;
using System.Data.Common;
using Npgsql;
using Pepper.Resources;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;
using Pepper.Tests;

namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>What a test sees of the server: its own sessions, by an application name that nobody else has.</summary>
[Collection(Collection)]
public abstract class PostgresTest : IAsyncLifetime
{
    internal const string Collection = "PostgreSQL";

    private readonly PostgresFixture _fixture;
    private NpgsqlConnection? _admin;

    protected PostgresTest(PostgresFixture fixture) => _fixture = fixture;

    private protected static TimeSpan Guard { get; } = TimeSpan.FromSeconds(60);

    private protected PostgresCluster Cluster => _fixture.Cluster;

    private protected string ApplicationName { get; } = $"pepper {Guid.NewGuid():N}";

    private protected string ConnectionString => $"{Cluster.ConnectionString};Application Name={ApplicationName}";

    private protected string Url =>
        $"postgresql://pepper@127.0.0.1:{Cluster.Port}/postgres?application_name={Uri.EscapeDataString(ApplicationName)}";

    private protected ResourceMonitor Monitor { get; } = new();

    public virtual ValueTask InitializeAsync()
    {
        // Asking for the cluster is what skips the test.
        _ = Cluster;
        return ValueTask.CompletedTask;
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (_admin is not null)
        {
            await _admin.DisposeAsync();
        }

        Monitor.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected ResourcePool<DbConnection> NewPool(
        ResourcePoolOptions? options = null, DbConnectionFactoryOptions? connection = null, TimeProvider? time = null) =>
        ConnectionPool.Create(NpgsqlFactory.Instance, ConnectionString, options ?? Options(), connection, time, Monitor);

    private protected static ResourcePoolOptions Options(int maxSize = 1, int minSize = 0) =>
        new() { Name = "pg", MinSize = minSize, MaxSize = maxSize };

    private protected static async Task<T> ScalarAsync<T>(
        DbConnection connection, string sql, CancellationToken cancellationToken = default)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private protected static async Task ExecuteAsync(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The server's process of a connection: one of its own for each session.</summary>
    private protected static Task<int> SessionAsync(DbConnection connection) =>
        ScalarAsync<int>(connection, "SELECT pg_backend_pid()");

    /// <summary>Lends once and tells which session that was.</summary>
    private protected static async Task<int> LendAsync(IResourcePool<DbConnection> pool)
    {
        await using var lease = await pool.AcquireAsync().AsTask().WaitAsync(Guard);
        return await SessionAsync(lease.Resource);
    }

    /// <summary>Lends as many at once and tells which sessions these were.</summary>
    private protected static async Task<int[]> LendTogetherAsync(IResourcePool<DbConnection> pool, int count)
    {
        var leases = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => pool.AcquireAsync().AsTask())).WaitAsync(Guard);
        var sessions = await Task.WhenAll(leases.Select(lease => SessionAsync(lease.Resource)));
        foreach (var lease in leases)
        {
            await lease.DisposeAsync();
        }

        return sessions;
    }

    /// <summary>For what happens on another thread and has no event that a test could await.</summary>
    private protected static async Task UntilAsync(Func<bool> condition)
    {
        using var guard = new CancellationTokenSource(Guard);
        while (!condition())
        {
            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private protected async Task ExecuteAsAdminAsync(string sql) => await ExecuteAsync(await AdminAsync(), sql);

    /// <summary>How many sessions of this test the server has, or of those that fulfil a condition.</summary>
    private protected async Task<long> CountSessionsAsync(string condition = "true") => await ScalarAsync<long>(
        await AdminAsync(),
        $"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{ApplicationName}' AND {condition}");

    /// <summary>A session ends on the server a moment after its connection was closed.</summary>
    private protected async Task WaitForSessionsAsync(long count, string condition = "true")
    {
        using var guard = new CancellationTokenSource(Guard);
        while (await CountSessionsAsync(condition) is var seen && seen != count)
        {
            Assert.False(
                guard.IsCancellationRequested, $"After {Guard} there are {seen} sessions and not {count} where {condition}.");
        }
    }

    /// <summary>Ends sessions on the server, and returns when they are gone.</summary>
    private protected async Task KillAsync(params int[] sessions)
    {
        var list = string.Join(", ", sessions);
        await ExecuteAsAdminAsync($"SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[{list}]) AS pid");
        await WaitForSessionsAsync(0, $"pid IN ({list})");
    }

    // Another one after the server was stopped.
    private async Task<NpgsqlConnection> AdminAsync()
    {
        if (_admin is { State: not ConnectionState.Open })
        {
            await _admin.DisposeAsync();
            _admin = null;
        }

        if (_admin is null)
        {
            _admin = new NpgsqlConnection(Cluster.ConnectionString + ";Pooling=false");
            await _admin.OpenAsync();
        }

        return _admin;
    }
}
