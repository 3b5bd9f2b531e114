using System.Data.Common;
using Npgsql;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;
using Pepper.Tests;

namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>Busy clients of a small pool, whose way to the server leads through a proxy that can fail.</summary>
public abstract class ProxiedOutageTest(PostgresFixture fixture) : OutageTest(fixture)
{
    private protected const int Places = 4;
    private protected const int Clients = 8;
    private FaultProxy? _proxy;

    private protected FaultProxy Proxy => _proxy!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _proxy = FaultProxy.Start(Cluster.Port);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
            await RestoreAsync();
        }

        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Undoes what a test that failed may have left of the server; nothing goes through the proxy any more.</summary>
    private protected virtual Task RestoreAsync() => Task.CompletedTask;

    /// <summary>A pool with short limits of the driver's, so that an outage without an answer is soon noticed.</summary>
    private protected ResourcePool<DbConnection> NewPool()
    {
        var options = Options(Places);
        options.CreateTimeout = TimeSpan.FromSeconds(1);
        return ConnectionPool.Create(
            NpgsqlFactory.Instance,
            $"Host=127.0.0.1;Port={Proxy.Port};Username=pepper;Database=postgres;Application Name={ApplicationName};"
            + "SSL Mode=Disable;GSS Encryption Mode=Disable;Timeout=1;Command Timeout=1;Cancellation Timeout=-1",
            options, monitor: Monitor);
    }

    private protected static async Task<OutageClients> StartClientsAsync(IResourcePool<DbConnection> pool)
    {
        var clients = new OutageClients(pool, Clients);
        await clients.WaitForAnswersAsync(5);
        return clients;
    }
}
