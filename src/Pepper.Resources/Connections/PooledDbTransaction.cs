using System.Data;
using System.Data.Common;

namespace Pepper.Resources.Connections;

/// <summary>A transaction of the real connection, which says of itself that it is the pooled connection's.</summary>
internal sealed class PooledDbTransaction(PooledDbConnection connection, DbTransaction inner) : DbTransaction
{
    private bool _isOver;

    public override IsolationLevel IsolationLevel => inner.IsolationLevel;

    public override bool SupportsSavepoints => inner.SupportsSavepoints;

    internal DbTransaction Inner => inner;

    /// <summary>Whether it was committed or rolled back; a provider that did so by itself lets go of the connection.</summary>
    internal bool IsOver => _isOver || inner.Connection is null;

    protected override DbConnection? DbConnection => IsOver ? null : connection;

    public override void Commit()
    {
        inner.Commit();
        _isOver = true;
    }

    public override async Task CommitAsync(CancellationToken cancellationToken = default)
    {
        await inner.CommitAsync(cancellationToken).ConfigureAwait(false);
        _isOver = true;
    }

    public override void Rollback()
    {
        inner.Rollback();
        _isOver = true;
    }

    public override async Task RollbackAsync(CancellationToken cancellationToken = default)
    {
        await inner.RollbackAsync(cancellationToken).ConfigureAwait(false);
        _isOver = true;
    }

    public override void Save(string savepointName) => inner.Save(savepointName);

    public override void Rollback(string savepointName) => inner.Rollback(savepointName);

    public override void Release(string savepointName) => inner.Release(savepointName);

    public override Task SaveAsync(string savepointName, CancellationToken cancellationToken = default) =>
        inner.SaveAsync(savepointName, cancellationToken);

    public override Task RollbackAsync(string savepointName, CancellationToken cancellationToken = default) =>
        inner.RollbackAsync(savepointName, cancellationToken);

    public override Task ReleaseAsync(string savepointName, CancellationToken cancellationToken = default) =>
        inner.ReleaseAsync(savepointName, cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        if (!_isOver)
        {
            _isOver = true;
            await inner.DisposeAsync().ConfigureAwait(false);
        }

        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isOver)
        {
            // What is not committed is rolled back by this.
            _isOver = true;
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
