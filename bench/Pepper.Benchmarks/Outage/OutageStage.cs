using System.Diagnostics;
using Npgsql;
using Pepper.Tests;

namespace Pepper.Benchmarks;

/// <summary>What one contender meets: a server, a proxy before it, and a foreign client of the same server.</summary>
internal sealed class OutageStage : IAsyncDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(10);
    private readonly List<NpgsqlConnection> _foreign = [];
    private NpgsqlConnection? _admin;

    internal OutageStage(PostgresCluster cluster, string applicationName)
    {
        Cluster = cluster;
        Proxy = FaultProxy.Start(cluster.Port);
        ApplicationName = applicationName;
    }

    internal PostgresCluster Cluster { get; }

    internal FaultProxy Proxy { get; }

    /// <summary>By which the server knows the contender's sessions.</summary>
    internal string ApplicationName { get; }

    internal string ConnectionString => OutageLimits.ConnectionString(Proxy.Port, ApplicationName);

    private string DirectConnectionString => Cluster.ConnectionString + ";Pooling=false;SSL Mode=Disable";

    /// <summary>When the fault was there, where that is not when it was asked for.</summary>
    internal long? FaultAt { get; private set; }

    internal async Task<int> CountSessionsAsync()
    {
        await using var command = new NpgsqlCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", await AdminAsync());
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = ApplicationName });
        return (int)(long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Waits until the server has so many sessions of the contender, for a while; how many there are then.</summary>
    internal async Task<int> WaitForSessionsAsync(int count)
    {
        using var guard = new CancellationTokenSource(Guard);
        while (true)
        {
            var seen = await CountSessionsAsync();
            if (seen == count || guard.IsCancellationRequested)
            {
                return seen;
            }
        }
    }

    internal async Task FreezeServerAsync()
    {
        await Cluster.FreezeServerAsync();
        NoteFault();
    }

    internal async Task StopServerAsync()
    {
        await DisconnectAsync();
        NoteFault();
        await Cluster.CrashServerAsync();
    }

    internal async Task KillSessionsAsync(int count)
    {
        await using var command = new NpgsqlCommand(
            "SELECT count(pg_terminate_backend(pid)) FROM "
            + "(SELECT pid FROM pg_stat_activity WHERE application_name = $1 ORDER BY pid LIMIT $2) AS half",
            await AdminAsync());
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = ApplicationName });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = count });
        await command.ExecuteScalarAsync();
    }

    /// <summary>
    /// Ends sessions, and lets the foreign client have their places on a server that is full. Meanwhile new connections of the
    /// contender wait in the proxy, so that it loses this race without a failure that is none of the fault's.
    /// </summary>
    internal async Task CrowdOutAsync(int count)
    {
        Proxy.Hold();
        await KillSessionsAsync(count);
        using var guard = new CancellationTokenSource(Guard);
        while (_foreign.Count < count)
        {
            var connection = new NpgsqlConnection(DirectConnectionString);
            _foreign.Add(connection);
            try
            {
                await connection.OpenAsync(guard.Token);
            }
            catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.TooManyConnections)
            {
                // A session that was told to end takes a moment to do so.
                _foreign.Remove(connection);
                await connection.DisposeAsync();
            }
        }

        Proxy.Forward();
    }

    internal async Task LeaveAsync()
    {
        foreach (var connection in _foreign)
        {
            await connection.DisposeAsync();
        }

        _foreign.Clear();
    }

    /// <summary>Connects now, where there may be no place later.</summary>
    internal Task OpenAsync() => AdminAsync();

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        await Proxy.DisposeAsync();
        await DisconnectAsync();
    }

    private void NoteFault() => FaultAt = Stopwatch.GetTimestamp();

    private async Task DisconnectAsync()
    {
        if (_admin is { } admin)
        {
            _admin = null;
            await admin.DisposeAsync();
        }
    }

    private async Task<NpgsqlConnection> AdminAsync()
    {
        if (_admin is null)
        {
            _admin = new NpgsqlConnection(DirectConnectionString);
            await _admin.OpenAsync();
        }

        return _admin;
    }
}
