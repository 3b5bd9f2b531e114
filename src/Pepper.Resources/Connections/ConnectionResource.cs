using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Connections;

/// <summary>
/// A database as one resource: a pool of connections to it, opened when the resource is initialized and closed when it is
/// cleaned up. Works with any ADO.NET provider. Safe from any thread.
/// </summary>
public sealed class ConnectionResource : Resource
{
    private readonly ResourcePool<DbConnection> _pool;

    /// <summary>Makes the resource. Nothing is opened before it is initialized.</summary>
    /// <param name="provider">The ADO.NET provider: <c>SqliteFactory.Instance</c>, <c>NpgsqlFactory.Instance</c>…</param>
    /// <param name="url">
    /// A connection string, or a URL that <see cref="ConnectionUrl"/> reads: <c>postgresql://…</c>, <c>sqlite:///…</c>.
    /// </param>
    /// <param name="options">Its id, labels, and the pool's size and options; copied.</param>
    /// <param name="timeProvider">Where it takes the time from. Default: the system's.</param>
    /// <param name="monitor">Where the pool is seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where the pool logs. Default: nowhere.</param>
    /// <exception cref="ArgumentNullException"><paramref name="provider"/> is null.</exception>
    /// <exception cref="ArgumentException">The connection string, or the options, have faults.</exception>
    public ConnectionResource(
        DbProviderFactory provider,
        string url,
        ConnectionResourceOptions? options = null,
        TimeProvider? timeProvider = null,
        ResourceMonitor? monitor = null,
        ILogger<ResourcePool<DbConnection>>? logger = null)
        : base(ToMetadata(options), timeProvider)
    {
        _pool = ConnectionPool.Create(
            provider, url, ToPoolOptions(options, Metadata.Id), options?.Connection, TimeProvider, monitor, logger);
    }

    /// <summary>The pool of connections.</summary>
    public IResourcePool<DbConnection> Pool => _pool;

    /// <summary>Lends an open connection; disposing the lease gives it back.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="member">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The lease, to be disposed.</returns>
    /// <exception cref="InvalidOperationException">The resource is not initialized.</exception>
    /// <exception cref="PoolExhaustedException">The pool's acquire timeout passed while waiting.</exception>
    /// <exception cref="ResourceInitializationException">A connection could not be opened.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The resource is disposed.</exception>
    public ValueTask<Lease<DbConnection>> GetConnectionAsync(
        CancellationToken cancellationToken = default,
        [CallerMemberName] string? member = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        if (State is ResourceState.Created or ResourceState.Failed)
        {
            throw new InvalidOperationException(
                $"Connection resource '{Metadata.Id}' is {State} and lends nothing: "
                + "initialize it, or register it with a ResourceManager.");
        }

        Touch();
        return _pool.AcquireAsync(cancellationToken, member, file, line);
    }

    /// <inheritdoc/>
    protected override async ValueTask OnInitializeAsync(CancellationToken cancellationToken)
    {
        // At least one connection, so that a database which is not there is found now and not by the first caller.
        if (_pool.Statistics.MinSize > 0)
        {
            await _pool.WarmUpAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            var lease = await _pool.AcquireAsync(cancellationToken).ConfigureAwait(false);
            await lease.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override ValueTask OnCleanupAsync() => _pool.DisposeAsync();

    private static ResourceMetadata ToMetadata(ConnectionResourceOptions? options)
    {
        options ??= new ConnectionResourceOptions();
        var metadata = new ResourceMetadata
        {
            Type = ResourceType.Connection,
            Owner = options.Owner,
            TimeToLive = options.TimeToLive,
            Labels = options.Labels,
        };
        return options.Id is null ? metadata : metadata with { Id = options.Id };
    }

    private static ResourcePoolOptions ToPoolOptions(ConnectionResourceOptions? options, string id)
    {
        options ??= new ConnectionResourceOptions();
        var pool = options.Pool?.Copy() ?? new ResourcePoolOptions();
        if (options.Pool is null || pool.Name == new ResourcePoolOptions().Name)
        {
            pool.Name = id;
        }

        if (options.PoolSize is < 1 or > 65_536)
        {
            throw new ArgumentException(
                $"PoolSize of connection resource '{id}' is {options.PoolSize}, but must be 1 to 65,536.", nameof(options));
        }

        pool.MaxSize = options.PoolSize;
        pool.MinSize = Math.Min(pool.MinSize, pool.MaxSize);
        return pool;
    }
}
