using System.Data.Common;
using Microsoft.Extensions.Logging;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Connections;

/// <summary>Makes pools of database connections, for any ADO.NET provider.</summary>
public static class ConnectionPool
{
    /// <summary>Makes a pool. Nothing is opened before the first acquire, or the warm-up.</summary>
    /// <param name="provider">The ADO.NET provider: <c>SqliteFactory.Instance</c>, <c>NpgsqlFactory.Instance</c>…</param>
    /// <param name="connectionString">A connection string, or a URL that <see cref="ConnectionUrl"/> reads.</param>
    /// <param name="options">
    /// The pool's options; copied. The type is always <see cref="ResourceType.Connection"/>, and the pool also reports as
    /// <c>db.client.connection.*</c>.
    /// </param>
    /// <param name="connectionOptions">How connections are opened, checked and reset; copied.</param>
    /// <param name="timeProvider">Where the pool takes the time from. Default: the system's.</param>
    /// <param name="monitor">Where the pool is seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where the pool logs. Default: nowhere.</param>
    /// <returns>The pool.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="provider"/> is null.</exception>
    /// <exception cref="ArgumentException">The connection string, or the options, have faults.</exception>
    public static ResourcePool<DbConnection> Create(
        DbProviderFactory provider,
        string connectionString,
        ResourcePoolOptions? options = null,
        DbConnectionFactoryOptions? connectionOptions = null,
        TimeProvider? timeProvider = null,
        ResourceMonitor? monitor = null,
        ILogger<ResourcePool<DbConnection>>? logger = null) =>
        new(new DbConnectionFactory(provider, connectionString, connectionOptions), ForConnections(options), timeProvider, monitor, logger);

    private static ResourcePoolOptions ForConnections(ResourcePoolOptions? options)
    {
        var copy = options?.Copy() ?? new ResourcePoolOptions();
        copy.Type = ResourceType.Connection;
        copy.EmitDatabaseMetrics = true;
        return copy;
    }
}
