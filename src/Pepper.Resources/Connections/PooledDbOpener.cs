using System.Data.Common;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Connections;

/// <summary>How the connections of one data source get hold of real ones.</summary>
internal sealed record PooledDbOpener(IResourcePool<DbConnection> Pool, DbProviderFactory Provider, TimeSpan? OpenTimeout)
{
    // As DbConnection.ConnectionTimeout's own default has it for the time that nobody has set.
    private static readonly TimeSpan BlockingTimeout = TimeSpan.FromSeconds(30);

    internal string ConnectionString { get; } = $"Pool={Pool.Name}";

    // What a lease's call site says: DbConnection.Open takes no caller information.
    private static string Member => LeaseTag.Current ?? "DbDataSource";

    internal ValueTask<Lease<DbConnection>> OpenAsync(CancellationToken cancellationToken) => OpenTimeout is { } timeout
        ? Pool.AcquireAsync(timeout, cancellationToken, Member, null, 0)
        : Pool.AcquireAsync(cancellationToken, Member, null, 0);

    internal Lease<DbConnection> Open()
    {
        if (Pool is ResourcePool<DbConnection> pool)
        {
            return pool.Acquire(OpenTimeout ?? BlockingTimeout, CancellationToken.None, Member, null, 0);
        }

        return Pool.TryAcquire(out var lease, Member, null, 0)
            ? lease
            : throw new NotSupportedException(
                $"Pool '{Pool.Name}' has no connection ready and is no ResourcePool, which alone can be waited for without "
                + "asynchrony: use OpenAsync.");
    }

    internal DbCommand CreateCommand() => Provider.CreateCommand()
        ?? throw new NotSupportedException($"The provider {Provider.GetType()} makes no commands without a connection.");
}
