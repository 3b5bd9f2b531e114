using Microsoft.Data.Sqlite;
using Pepper.Resources;
using Pepper.Resources.Connections;
using Pepper.Resources.Files;
using Pepper.Resources.Pooling;

namespace Pepper.Cli.Demo;

/// <summary>What the demo keeps, all under one roof: the database, the pool of its connections, the audit log.</summary>
internal static class DemoResources
{
    // Renewed while the demo runs, so that one sees connections come and go without anybody waiting longer.
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromSeconds(10);

    // What is promised for Ctrl+C leaves no room for more.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(1);

    // The busy timeout is short: a writer that has waited in vain gives its connection back and queues again. Nothing is moved
    // out of the log on the side: each attempt would cost its writer, and the WalKeeper does it well. The cache is small, as the
    // next commit of anybody else empties it: a large one would only let the memory of the process go up and down.
    private const string Initialization = """
        PRAGMA busy_timeout = 20; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;
        PRAGMA cache_size = -256;
        """;

    /// <summary>Describes them; nothing is opened before the coordinator starts.</summary>
    internal static ResourceCoordinator Build(
        OrdersDatabase database, string auditPath, ResourceMonitor monitor, TimeProvider time) =>
        ResourceCoordinator.CreateBuilder()
            .UseTimeProvider(time)
            .UseMonitor(monitor)
            .Configure(static options => options.StopTimeout = StopTimeout)
            .AddResource(database)
            .AddResource(new FileResource(
                auditPath, new FileResourceOptions { Id = DemoClient.AuditId, Mode = FileResourceMode.Append }, time))
            .AddPool(
                DemoClient.PoolName,
                new DbConnectionFactory(
                    SqliteFactory.Instance,
                    database.ConnectionString,
                    new DbConnectionFactoryOptions { InitializationCommand = Initialization }),
                new ResourcePoolOptions
                {
                    Type = ResourceType.Connection,
                    EmitDatabaseMetrics = true,
                    MaxSize = DemoOptions.MaxConnections,
                    MaxLifetime = MaxLifetime,
                },
                OrdersDatabase.Id)
            .Build();
}
