using System.Data.Common;
using Npgsql;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;

namespace Pepper.Benchmarks;

/// <summary>The pool with its defaults but for the time to open; the driver's own pooling is off.</summary>
internal sealed class PepperOutagePeer(string connectionString) : OutagePeer
{
    private readonly ResourcePool<DbConnection> _pool = ConnectionPool.Create(
        NpgsqlFactory.Instance,
        $"{connectionString};Timeout={OutageLimits.OpenSeconds}",
        new ResourcePoolOptions
        {
            Name = "outage",
            MaxSize = OutageLimits.Places,
            AcquireTimeout = OutageLimits.AcquireTimeout,
            CreateTimeout = OutageLimits.OpenTimeout,
        });

    internal override string Name => "Pepper";

    internal override int? InUse => _pool.Statistics.InUse;

    internal override async Task UseAsync(OutageUse use, Func<DbConnection, Task> workAsync)
    {
        use.Ask();
        await using var lease = await _pool.AcquireAsync();
        use.Have();
        await workAsync(lease.Resource);
    }

    public override ValueTask DisposeAsync() => _pool.DisposeAsync();
}
