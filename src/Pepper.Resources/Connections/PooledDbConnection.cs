using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Pepper.Resources.Connections;

/// <summary>A connection that leases a real one while it is open. As with any connection, one thread at a time uses it.</summary>
internal sealed class PooledDbConnection(PooledDbOpener opener) : DbConnection
{
    private readonly List<PooledDbCommand> _commands = [];
    private readonly List<DbDataReader> _readers = [];
    private Lease<DbConnection> _lease;
    private PooledDbTransaction? _transaction;
    private bool _isOpen;
    private bool _isDisposed;

    [AllowNull]
    public override string ConnectionString
    {
        get => opener.ConnectionString;
        set
        {
            if (value != opener.ConnectionString)
            {
                throw new NotSupportedException(
                    $"The connection string of a connection of pool '{opener.Pool.Name}' cannot be changed: the pool connects.");
            }
        }
    }

    public override string Database => Real?.Database ?? string.Empty;

    public override string DataSource => Real?.DataSource ?? string.Empty;

    public override string ServerVersion => Inner.ServerVersion;

    public override ConnectionState State => Real?.State ?? ConnectionState.Closed;

    /// <summary>The real connection.</summary>
    internal DbConnection Inner => _isOpen
        ? _lease.Resource
        : throw new InvalidOperationException($"The connection of pool '{opener.Pool.Name}' is closed: open it first.");

    internal PooledDbTransaction? OpenTransaction => _transaction is { IsOver: false } open ? open : null;

    protected override DbProviderFactory DbProviderFactory => opener.Provider;

    // Null while this one is closed, and when the pool has reclaimed the lease as leaked.
    private DbConnection? Real => _isOpen && !_lease.IsStale ? _lease.Resource : null;

    public override void Open()
    {
        if (CheckClosed())
        {
            Close();
        }

        _lease = opener.Open();
        NoteOpen();
    }

    public override async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (CheckClosed())
        {
            await CloseAsync().ConfigureAwait(false);
        }

        _lease = await opener.OpenAsync(cancellationToken).ConfigureAwait(false);
        NoteOpen();
    }

    public override void Close()
    {
        if (_isOpen)
        {
            Leave();
            _lease.Dispose();
            NoteClosed();
        }
    }

    public override async Task CloseAsync()
    {
        if (_isOpen)
        {
            await LeaveAsync().ConfigureAwait(false);
            await _lease.DisposeAsync().ConfigureAwait(false);
            NoteClosed();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        _isDisposed = true;
        await base.DisposeAsync().ConfigureAwait(false);
    }

    public override void ChangeDatabase(string databaseName)
    {
        // The next holder would find itself in the other database: the connection is not lent again.
        Inner.ChangeDatabase(databaseName);
        _lease.Invalidate();
    }

    public override DataTable GetSchema() => Inner.GetSchema();

    public override DataTable GetSchema(string collectionName) => Inner.GetSchema(collectionName);

    public override DataTable GetSchema(string collectionName, string?[] restrictionValues) =>
        Inner.GetSchema(collectionName, restrictionValues);

    internal void Note(PooledDbCommand command) => _commands.Add(command);

    internal void Forget(PooledDbCommand command) => _commands.Remove(command);

    internal void Note(DbDataReader reader)
    {
        _readers.RemoveAll(static open => open.IsClosed);
        _readers.Add(reader);
    }

    internal DbCommand NewInnerCommand() => opener.CreateCommand();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Close();
        }

        _isDisposed = true;
        base.Dispose(disposing);
    }

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel)
    {
        CheckNoTransaction();
        return _transaction = new PooledDbTransaction(this, Inner.BeginTransaction(isolationLevel));
    }

    protected override async ValueTask<DbTransaction> BeginDbTransactionAsync(
        IsolationLevel isolationLevel, CancellationToken cancellationToken)
    {
        CheckNoTransaction();
        var begun = await Inner.BeginTransactionAsync(isolationLevel, cancellationToken).ConfigureAwait(false);
        return _transaction = new PooledDbTransaction(this, begun);
    }

    protected override DbCommand CreateDbCommand() => new PooledDbCommand(this);

    /// <summary>True when it is open no longer, although nobody closed it: what it leased is to be given back first.</summary>
    private bool CheckClosed()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return State == ConnectionState.Closed
            ? _isOpen
            : throw new InvalidOperationException($"The connection of pool '{opener.Pool.Name}' is {State} already.");
    }

    private void CheckNoTransaction()
    {
        _ = Inner;
        if (OpenTransaction is not null)
        {
            throw new InvalidOperationException(
                $"The connection of pool '{opener.Pool.Name}' is in a transaction already; it has one at a time.");
        }
    }

    /// <summary>Leaves nothing of this holder's on the real connection; when that fails nobody else gets it.</summary>
    private void Leave()
    {
        try
        {
            _readers.ForEach(static reader => reader.Dispose());
            OpenTransaction?.Rollback();
            _transaction?.Dispose();
        }
        catch (Exception failure)
        {
            _lease.Invalidate(failure);
        }

        LeaveCommands();
    }

    private async ValueTask LeaveAsync()
    {
        try
        {
            foreach (var reader in _readers)
            {
                await reader.DisposeAsync().ConfigureAwait(false);
            }

            if (OpenTransaction is { } open)
            {
                await open.RollbackAsync(CancellationToken.None).ConfigureAwait(false);
            }

            if (_transaction is not null)
            {
                await _transaction.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (Exception failure)
        {
            _lease.Invalidate(failure);
        }

        LeaveCommands();
    }

    private void LeaveCommands()
    {
        try
        {
            _commands.ForEach(static command => command.Leave());
        }
        catch (Exception failure)
        {
            _lease.Invalidate(failure);
        }

        _commands.Clear();
        _readers.Clear();
        _transaction = null;
        if (State != ConnectionState.Open)
        {
            _lease.Invalidate();
        }
    }

    private void NoteOpen()
    {
        _isOpen = true;
        OnStateChange(new StateChangeEventArgs(ConnectionState.Closed, ConnectionState.Open));
    }

    private void NoteClosed()
    {
        _isOpen = false;
        _lease = default;
        OnStateChange(new StateChangeEventArgs(ConnectionState.Open, ConnectionState.Closed));
    }
}
