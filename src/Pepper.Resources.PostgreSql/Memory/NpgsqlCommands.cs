using System.Data.Common;
using Npgsql;

namespace Pepper.Resources.PostgreSql;

/// <summary>Statements with parameters by place. Their texts are made of constants and of names that were checked.</summary>
internal static class NpgsqlCommands
{
    internal static async Task<int> RunAsync(
        this NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object?[] parameters)
    {
        var command = Command(connection, sql, parameters);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The first value of the first row; null when there is none, or when it is NULL.</summary>
    internal static async Task<object?> ScalarAsync(
        this NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object?[] parameters)
    {
        var command = Command(connection, sql, parameters);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is { } value and not DBNull
                ? value
                : null;
        }
    }

    internal static async Task<List<T>> ReadAsync<T>(
        this NpgsqlConnection connection, string sql, Func<DbDataReader, T> row, CancellationToken cancellationToken,
        params object?[] parameters)
    {
        List<T> rows = [];
        await connection.EachAsync(sql, reader => rows.Add(row(reader)), cancellationToken, parameters).ConfigureAwait(false);
        return rows;
    }

    internal static async Task EachAsync(
        this NpgsqlConnection connection, string sql, Action<DbDataReader> row, CancellationToken cancellationToken,
        params object?[] parameters)
    {
        var command = Command(connection, sql, parameters);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    row(reader);
                }
            }
        }
    }

    /// <summary>Sends statements together; tells which is the first that returns no row, null when each returns one.</summary>
    internal static async Task<int?> FirstEmptyAsync(
        this NpgsqlConnection connection, IEnumerable<(string Sql, object?[] Parameters)> statements,
        CancellationToken cancellationToken)
    {
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            foreach (var (sql, parameters) in statements)
            {
                var command = new NpgsqlBatchCommand(sql);
                Add(command.Parameters, parameters);
                batch.BatchCommands.Add(command);
            }

            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                for (var number = 0; number < batch.BatchCommands.Count; number++)
                {
                    if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    {
                        return number;
                    }

                    await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                }
            }
        }

        return null;
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object?[] parameters)
    {
#pragma warning disable CA2100 // Whatever comes from outside is a parameter.
        var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        Add(command.Parameters, parameters);
        return command;
    }

    private static void Add(NpgsqlParameterCollection collection, object?[] parameters)
    {
        foreach (var value in parameters)
        {
            collection.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }
    }
}
