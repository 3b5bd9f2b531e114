using System.Data.Common;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Connections;

/// <summary>
/// A pool of connections as ADO.NET's own <see cref="DbDataSource"/>, for code that opens and closes connections and knows
/// nothing of leases: each connection leases a real one from the pool when it is opened, and gives it back when it is closed.
/// </summary>
/// <remarks>
/// <para>Safe from any thread; a connection that it makes is for one thread at a time, as usual.</para>
/// <para>A transaction that is still open when its connection is closed is rolled back, and a reader that is open is closed. A
/// connection that is broken, or fails at that, is not lent again. Ambient transactions (<c>TransactionScope</c>) are not
/// joined.</para>
/// <para><c>Dispose</c> of one that owns its pool lets the pool end in the background; <c>DisposeAsync</c> waits for it.</para>
/// </remarks>
public sealed class PooledDbDataSource : DbDataSource
{
    private readonly PooledDbOpener _opener;
    private readonly bool _ownsPool;
    private int _isDisposed;

    internal PooledDbDataSource(PooledDbOpener opener, bool ownsPool)
    {
        _opener = opener;
        _ownsPool = ownsPool;
    }

    /// <summary>The pool's name, and nothing else: the pool's own connection string may hold a password.</summary>
    public override string ConnectionString => _opener.ConnectionString;

    /// <summary>The pool.</summary>
    public IResourcePool<DbConnection> Pool => _opener.Pool;

    /// <inheritdoc/>
    protected override DbConnection CreateDbConnection()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        return new PooledDbConnection(_opener);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0 && disposing && _ownsPool)
        {
            // It never throws, and what it does beyond this call needs nobody to wait for it.
            _ = _opener.Pool.DisposeAsync().AsTask();
        }

        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    protected override async ValueTask DisposeAsyncCore()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0 && _ownsPool)
        {
            await _opener.Pool.DisposeAsync().ConfigureAwait(false);
        }

        await base.DisposeAsyncCore().ConfigureAwait(false);
    }
}
