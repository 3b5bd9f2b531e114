using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;

namespace Pepper.Cli.Demo;

/// <summary>
/// The statements of one connection, prepared once: preparing costs about as much as running them. They live as long as their
/// connection, which disposes them, and belong to whoever holds its lease.
/// </summary>
internal sealed class OrderStatements
{
    private static readonly ConditionalWeakTable<DbConnection, OrderStatements> OfConnections = [];
    private readonly SqliteConnection _connection;

    private OrderStatements(DbConnection connection)
    {
        _connection = (SqliteConnection)connection;
        Begin = Prepare("BEGIN");
        Touch = Prepare("SELECT 1 FROM customers WHERE id = 1");
        Commit = Prepare("COMMIT");
        Order = Prepare("""
            SELECT o.total, c.id, l.quantity, l.price
            FROM orders o JOIN customers c ON c.id = o.customer JOIN lines l ON l."order" = o.id WHERE o.id = $1
            """);
        Balance = Prepare("SELECT balance FROM customers WHERE id = $1");
        Ordered = Prepare("SELECT COUNT(*), COALESCE(SUM(total), 0) FROM orders WHERE customer = $1");
        Top = Prepare("""
            SELECT c.id, c.balance, SUM(o.total) AS ordered FROM customers c JOIN orders o ON o.customer = c.id
            WHERE c.id BETWEEN $1 AND $2 GROUP BY c.id ORDER BY ordered DESC LIMIT 10
            """);
        InsertOrder = Prepare("INSERT INTO orders (customer, total) VALUES ($1, $2) RETURNING id");
        InsertLine = Prepare("INSERT INTO lines (\"order\", number, product, quantity, price) VALUES ($1, $2, $3, $4, $5)");
        Oldest = Prepare("SELECT id, customer, total FROM orders ORDER BY id LIMIT 1");
        DeleteLines = Prepare("DELETE FROM lines WHERE \"order\" = $1");
        DeleteOrder = Prepare("DELETE FROM orders WHERE id = $1");
        AddToBalance = Prepare("UPDATE customers SET balance = balance + $2 WHERE id = $1");
    }

    internal SqliteCommand Begin { get; }

    /// <summary>The cheapest statement that makes a transaction have its snapshot.</summary>
    internal SqliteCommand Touch { get; }

    internal SqliteCommand Commit { get; }

    internal SqliteCommand Order { get; }

    internal SqliteCommand Balance { get; }

    internal SqliteCommand Ordered { get; }

    internal SqliteCommand Top { get; }

    internal SqliteCommand InsertOrder { get; }

    internal SqliteCommand InsertLine { get; }

    internal SqliteCommand Oldest { get; }

    internal SqliteCommand DeleteLines { get; }

    internal SqliteCommand DeleteOrder { get; }

    internal SqliteCommand AddToBalance { get; }

    internal static OrderStatements Of(DbConnection connection) =>
        OfConnections.GetValue(connection, static connection => new OrderStatements(connection));

    /// <summary>Sets the parameters $1, $2… of a statement.</summary>
    internal static SqliteCommand With(SqliteCommand command, params ReadOnlySpan<long> values)
    {
        var parameters = command.Parameters;
        for (var index = 0; index < values.Length; index++)
        {
            if (index == parameters.Count)
            {
                parameters.Add(new SqliteParameter("$" + (index + 1), SqliteType.Integer));
            }

            parameters[index].Value = values[index];
        }

        return command;
    }

    private SqliteCommand Prepare(string text)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        return command;
    }
}
