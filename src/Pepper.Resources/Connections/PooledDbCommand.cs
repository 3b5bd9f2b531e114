using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Pepper.Resources.Connections;

/// <summary>
/// A command of the provider's own, which is tied to a real connection when it runs: so it can be set up, parameters and all,
/// before the connection is opened.
/// </summary>
internal sealed class PooledDbCommand : DbCommand
{
    private readonly DbCommand _inner;
    private PooledDbConnection? _connection;
    private DbTransaction? _transaction;
    private bool _isBound;

    internal PooledDbCommand(PooledDbConnection connection)
    {
        _inner = connection.NewInnerCommand();
        _connection = connection;
        _transaction = connection.OpenTransaction;
    }

    [AllowNull]
    public override string CommandText
    {
        get => _inner.CommandText;
        [SuppressMessage("Security", "CA2100", Justification = "The text is the caller's own; parameters are the provider's.")]
        set => _inner.CommandText = value;
    }

    public override int CommandTimeout
    {
        get => _inner.CommandTimeout;
        set => _inner.CommandTimeout = value;
    }

    public override CommandType CommandType
    {
        get => _inner.CommandType;
        set => _inner.CommandType = value;
    }

    public override UpdateRowSource UpdatedRowSource
    {
        get => _inner.UpdatedRowSource;
        set => _inner.UpdatedRowSource = value;
    }

    public override bool DesignTimeVisible
    {
        get => _inner.DesignTimeVisible;
        set => _inner.DesignTimeVisible = value;
    }

    protected override DbConnection? DbConnection
    {
        get => _connection;
        set
        {
            var pooled = value as PooledDbConnection;
            if (value is not null && pooled is null)
            {
                throw new ArgumentException(
                    $"A command of a pooled connection cannot run on a {value.GetType()}.", nameof(value));
            }

            if (!ReferenceEquals(pooled, _connection))
            {
                Unbind();
                _connection = pooled;
            }
        }
    }

    protected override DbTransaction? DbTransaction
    {
        get => _transaction;
        set => _transaction = value;
    }

    protected override DbParameterCollection DbParameterCollection => _inner.Parameters;

    public override void Cancel() => _inner.Cancel();

    public override int ExecuteNonQuery()
    {
        Bind();
        return _inner.ExecuteNonQuery();
    }

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken)
    {
        Bind();
        return _inner.ExecuteNonQueryAsync(cancellationToken);
    }

    public override object? ExecuteScalar()
    {
        Bind();
        return _inner.ExecuteScalar();
    }

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken)
    {
        Bind();
        return _inner.ExecuteScalarAsync(cancellationToken);
    }

    public override void Prepare()
    {
        Bind();
        _inner.Prepare();
    }

    public override Task PrepareAsync(CancellationToken cancellationToken = default)
    {
        Bind();
        return _inner.PrepareAsync(cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        Forget();
        await _inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Lets go of the real connection, which is about to be given back.</summary>
    internal void Leave()
    {
        _isBound = false;
        _inner.Transaction = null;
        _inner.Connection = null;
    }

    protected override DbParameter CreateDbParameter() => _inner.CreateParameter();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior)
    {
        var connection = Bind();
        return Watch(connection, _inner.ExecuteReader(behavior & ~CommandBehavior.CloseConnection), behavior);
    }

    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(
        CommandBehavior behavior, CancellationToken cancellationToken)
    {
        var connection = Bind();
        var reader = await _inner.ExecuteReaderAsync(behavior & ~CommandBehavior.CloseConnection, cancellationToken)
            .ConfigureAwait(false);
        return Watch(connection, reader, behavior);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Forget();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private static DbDataReader Watch(PooledDbConnection connection, DbDataReader reader, CommandBehavior behavior)
    {
        connection.Note(reader);

        // The provider's reader would close the real connection; what is to be closed is the pooled one.
        return behavior.HasFlag(CommandBehavior.CloseConnection) ? new ClosingDbDataReader(reader, connection) : reader;
    }

    private PooledDbConnection Bind()
    {
        var connection = _connection
            ?? throw new InvalidOperationException("The command has no connection: set its Connection first.");
        var real = connection.Inner;
        if (!_isBound)
        {
            _inner.Connection = real;
            connection.Note(this);
            _isBound = true;
        }

        var transaction = _transaction is PooledDbTransaction { IsOver: true } ? null : _transaction;
        _inner.Transaction = transaction is PooledDbTransaction pooled ? pooled.Inner : transaction;
        return connection;
    }

    private void Forget()
    {
        if (_isBound)
        {
            _connection?.Forget(this);
            _isBound = false;
        }
    }

    private void Unbind()
    {
        if (_isBound)
        {
            Forget();
            Leave();
        }
    }
}
