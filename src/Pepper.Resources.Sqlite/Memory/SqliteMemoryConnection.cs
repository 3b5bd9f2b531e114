using Microsoft.Data.Sqlite;

namespace Pepper.Resources.Sqlite;

/// <summary>A connection with its prepared statements. For one user at a time.</summary>
internal sealed class SqliteMemoryConnection : IDisposable
{
    private const int MaxStatements = 64;

    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _statements = new(StringComparer.Ordinal);

    private SqliteTransaction? _transaction;

    private SqliteMemoryConnection(SqliteConnection connection) => _connection = connection;

    internal static SqliteMemoryConnection Open(SqliteMemoryOptions options)
    {
        SQLitePCL.Batteries_V2.Init();
        // The library's own pool would keep the file open after this one has closed it.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = options.Path,
            Pooling = false,
            DefaultTimeout = (int)options.BusyTimeout.TotalSeconds,
        }.ToString());
        try
        {
            connection.Open();
            var opened = new SqliteMemoryConnection(connection);
            opened.Run("PRAGMA journal_mode = WAL");
            opened.Run(options.FlushToDisk ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
            opened.Run("PRAGMA mmap_size = 1073741824");
            opened.Run("PRAGMA cache_size = -16384");
            return opened;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    internal SqliteTransaction Begin(bool isWriting) => _transaction = _connection.BeginTransaction(deferred: !isWriting);

    internal int Run(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Command(sql, parameters).ExecuteNonQuery();

    internal object? Scalar(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Command(sql, parameters).ExecuteScalar();

    internal SqliteDataReader Read(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Command(sql, parameters).ExecuteReader();

    public void Dispose()
    {
        foreach (var command in _statements.Values)
        {
            command.Dispose();
        }

        _connection.Dispose();
    }

    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (!_statements.TryGetValue(sql, out var command))
        {
            if (_statements.Count >= MaxStatements)
            {
                // Filters make statements of many shapes; the common ones are soon back.
                foreach (var old in _statements.Values)
                {
                    old.Dispose();
                }

                _statements.Clear();
            }

            command = _connection.CreateCommand();
#pragma warning disable CA2100 // The texts are constants of this assembly; whatever comes from outside is a parameter.
            command.CommandText = sql;
#pragma warning restore CA2100
            _statements.Add(sql, command);
        }

        // One that has ended has no connection.
        command.Transaction = _transaction?.Connection is null ? null : _transaction;
        command.Parameters.Clear();
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }
}
