using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Pepper.Cli.Demo;

/// <summary>
/// What the clients ask of a connection that they hold. Every read checks what it found, and says what is wrong with it, or null.
/// One object serves all connections of a database.
/// </summary>
/// <remarks>
/// Two connections that open a snapshot, or commit, at the same moment can meet inside SQLite, which then sleeps for a second
/// with the connection in its hand where its build knows no shorter sleep. So these few microseconds are gone through one by one;
/// everything between them runs side by side.
/// </remarks>
internal sealed class OrderQueries
{
    private readonly Lock _snapshots = new();
    private int _opening;

    /// <summary>
    /// An order with its lines and its customer: its total is the sum of its lines. One that has gone since it was chosen is
    /// older than all that are there.
    /// </summary>
    internal string? CheckOrder(DbConnection connection, long id)
    {
        var statements = OpenSnapshot(connection);
        var (total, sum, lines) = (0L, 0L, 0);
        using (var reader = OrderStatements.With(statements.Order, id).ExecuteReader())
        {
            while (reader.Read())
            {
                total = reader.GetInt64(0);
                sum += reader.GetInt64(2) * reader.GetInt64(3);
                lines++;
            }
        }

        var isRetired = lines == 0 && statements.Oldest.ExecuteScalar() is long oldest && id < oldest;
        statements.Commit.ExecuteNonQuery();
        return isRetired || (lines > 0 && sum == total)
            ? null
            : Fault($"order {id} has a total of {total} and {lines} line(s) of {sum}");
    }

    /// <summary>A customer's balance and orders, in one read transaction: the balance is what the orders come to.</summary>
    internal string? CheckCustomer(DbConnection connection, long id)
    {
        var statements = OpenSnapshot(connection);
        var balance = (long)OrderStatements.With(statements.Balance, id).ExecuteScalar()!;
        long orders, ordered;
        using (var reader = OrderStatements.With(statements.Ordered, id).ExecuteReader())
        {
            reader.Read();
            (orders, ordered) = (reader.GetInt64(0), reader.GetInt64(1));
        }

        statements.Commit.ExecuteNonQuery();
        return balance == ordered ? null : Fault($"customer {id} has a balance of {balance} and {orders} order(s) of {ordered}");
    }

    /// <summary>The best ten of a range of customers: in order, and each with the right balance.</summary>
    internal string? CheckTop(DbConnection connection, long first, long last)
    {
        var statements = OpenSnapshot(connection);
        string? fault = null;
        using (var reader = OrderStatements.With(statements.Top, first, last).ExecuteReader())
        {
            for (var previous = long.MaxValue; fault is null && reader.Read();)
            {
                var (id, balance, ordered) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
                fault = id >= first && id <= last && balance == ordered && ordered <= previous
                    ? null
                    : Fault(
                        $"customer {id} among the best of {first} to {last} has a balance of {balance} and orders of {ordered}");
                previous = ordered;
            }
        }

        statements.Commit.ExecuteNonQuery();
        return fault;
    }

    /// <summary>
    /// Writes an order with its lines and adds it to its customer's balance, and takes the oldest order away, in one transaction:
    /// so the database stays as large as it is, and an hour's run asks for the same work as a minute's. SQLite has one writer at
    /// a time; a transaction that began as a reader could not wait for its turn, hence BEGIN IMMEDIATE.
    /// </summary>
    /// <returns>What was done; null when other writers kept the database for longer than the busy timeout, and nothing was
    /// written.</returns>
    internal WrittenOrder? WriteOrder(DbConnection connection, long customer, OrderLine[] lines)
    {
        if (BeginWriting((SqliteConnection)connection) is not { } statements)
        {
            return null;
        }

        var total = OrderLine.Total(lines);
        var id = (long)OrderStatements.With(statements.InsertOrder, customer, total).ExecuteScalar()!;
        for (var index = 0; index < lines.Length; index++)
        {
            var line = lines[index];
            OrderStatements.With(statements.InsertLine, id, index + 1, line.Product, line.Quantity, line.Price).ExecuteNonQuery();
        }

        OrderStatements.With(statements.AddToBalance, customer, total).ExecuteNonQuery();
        var (retiredLines, retiredTotal) = RetireOldest(statements);
        lock (_snapshots)
        {
            AssertInvariants_NeedsLock();
            Run_NeedsLock(statements.Commit);
        }

        return new WrittenOrder(id, retiredLines, retiredTotal);
    }

    private static (int Lines, long Total) RetireOldest(OrderStatements statements)
    {
        long id, customer, total;
        using (var reader = statements.Oldest.ExecuteReader())
        {
            reader.Read();
            (id, customer, total) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
        }

        var lines = OrderStatements.With(statements.DeleteLines, id).ExecuteNonQuery();
        OrderStatements.With(statements.DeleteOrder, id).ExecuteNonQuery();
        OrderStatements.With(statements.AddToBalance, customer, -total).ExecuteNonQuery();
        return (lines, total);
    }

    private OrderStatements OpenSnapshot(DbConnection connection)
    {
        lock (_snapshots)
        {
            AssertInvariants_NeedsLock();

            // Preparing reads the schema, the first time.
            var statements = OrderStatements.Of(connection);
            Run_NeedsLock(statements.Begin);
            Run_NeedsLock(statements.Touch);
            return statements;
        }
    }

    private OrderStatements? BeginWriting(SqliteConnection connection)
    {
        lock (_snapshots)
        {
            AssertInvariants_NeedsLock();

            // Not by a command: on a busy database the provider sleeps in steps of 150 ms.
            var begun = raw.sqlite3_exec(connection.Handle!, "BEGIN IMMEDIATE");
            if (begun == raw.SQLITE_BUSY)
            {
                return null;
            }

            SqliteException.ThrowExceptionForRC(begun, connection.Handle);
            return OrderStatements.Of(connection);
        }
    }

    private void Run_NeedsLock(SqliteCommand command)
    {
        _opening++;
        try
        {
            command.ExecuteNonQuery();
        }
        finally
        {
            _opening--;
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock() => Debug.Assert(_opening == 0, "Two connections are at the snapshots at once.");

    private static string Fault(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
