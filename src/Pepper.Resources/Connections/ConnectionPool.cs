using System.Data.Common;
using Microsoft.Extensions.Logging;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Connections;

/// <summary>Makes pools of database connections, for any ADO.NET provider.</summary>
public static class ConnectionPool
{
    // As long as ADO.NET's providers take for opening by default.
    private static readonly TimeSpan LongestOpen = TimeSpan.FromSeconds(15);

    /// <summary>Makes a pool. Nothing is opened before the first acquire, or the warm-up.</summary>
    /// <param name="provider">The ADO.NET provider: <c>SqliteFactory.Instance</c>, <c>NpgsqlFactory.Instance</c>…</param>
    /// <param name="connectionString">A connection string, or a URL that <see cref="ConnectionUrl"/> reads.</param>
    /// <param name="options">
    /// The pool's options; copied. The type is always <see cref="ResourceType.Connection"/>, and the pool also reports as
    /// <c>db.client.connection.*</c>; its failures are judged by <see cref="ConnectionFailures"/>, unless
    /// <see cref="Recovery.FactoryRecoveryOptions.Classify"/> is set.
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
        new(new DbConnectionFactory(provider, connectionString, connectionOptions),
            ForConnections(options), timeProvider, monitor, logger);

    /// <summary>
    /// Makes a pool and gives it as a <see cref="DbDataSource"/>, which owns it: disposing the data source disposes the pool.
    /// </summary>
    /// <param name="provider">The ADO.NET provider: <c>SqliteFactory.Instance</c>, <c>NpgsqlFactory.Instance</c>…</param>
    /// <param name="connectionString">A connection string, or a URL that <see cref="ConnectionUrl"/> reads.</param>
    /// <param name="options">The pool's options; copied. Opening a connection takes <c>AcquireTimeout</c> at most.</param>
    /// <param name="connectionOptions">How connections are opened, checked and reset; copied.</param>
    /// <param name="timeProvider">Where the pool takes the time from. Default: the system's.</param>
    /// <param name="monitor">Where the pool is seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where the pool logs. Default: nowhere.</param>
    /// <returns>The data source.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="provider"/> is null.</exception>
    /// <exception cref="ArgumentException">The connection string, or the options, have faults.</exception>
    public static PooledDbDataSource CreateDataSource(
        DbProviderFactory provider,
        string connectionString,
        ResourcePoolOptions? options = null,
        DbConnectionFactoryOptions? connectionOptions = null,
        TimeProvider? timeProvider = null,
        ResourceMonitor? monitor = null,
        ILogger<ResourcePool<DbConnection>>? logger = null)
    {
        var copy = ForConnections(options);
        var pool = Create(provider, connectionString, copy, connectionOptions, timeProvider, monitor, logger);
        return new PooledDbDataSource(new PooledDbOpener(pool, provider, copy.AcquireTimeout), ownsPool: true);
    }

    /// <summary>
    /// Gives a pool of connections as a <see cref="DbDataSource"/>, for code that knows nothing of leases. The pool stays its
    /// owner's.
    /// </summary>
    /// <param name="pool">
    /// The pool. <c>Open</c>, which blocks, needs a <see cref="ResourcePool{T}"/>: of another pool it takes only what is ready.
    /// </param>
    /// <param name="provider">The provider of the connections: it makes commands and parameters before one is open.</param>
    /// <param name="openTimeout">
    /// How long opening a connection may take. Default: <c>null</c>: the pool's own acquire timeout for <c>OpenAsync</c>, 30
    /// seconds for <c>Open</c>.
    /// </param>
    /// <returns>The data source.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="pool"/> or <paramref name="provider"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="openTimeout"/> is negative and not infinite.</exception>
    public static PooledDbDataSource AsDataSource(
        this IResourcePool<DbConnection> pool, DbProviderFactory provider, TimeSpan? openTimeout = null)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(provider);
        return openTimeout < TimeSpan.Zero && openTimeout != Timeout.InfiniteTimeSpan
            ? throw new ArgumentOutOfRangeException(
                nameof(openTimeout), openTimeout, "The time to open is zero or more, or Timeout.InfiniteTimeSpan.")
            : new PooledDbDataSource(new PooledDbOpener(pool, provider, openTimeout), ownsPool: false);
    }

    private static ResourcePoolOptions ForConnections(ResourcePoolOptions? options)
    {
        var copy = options?.Copy() ?? new ResourcePoolOptions();
        copy.Type = ResourceType.Connection;
        copy.EmitDatabaseMetrics = true;
        if (copy.CreateTimeout is null
            && (copy.AcquireTimeout > LongestOpen || copy.AcquireTimeout == Timeout.InfiniteTimeSpan))
        {
            copy.CreateTimeout = LongestOpen;
        }

        if (copy.Recovery is { Classify: null } recovery)
        {
            recovery.Classify = ConnectionFailures.Classify;
        }

        return copy;
    }
}
