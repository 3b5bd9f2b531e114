using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Pepper.Resources;

namespace Pepper.Cli.Demo;

/// <summary>Compares, once the clients are done, everything in the database and the audit log with what was counted.</summary>
internal sealed class DemoVerification(OrdersDatabase database, DemoCounters counters, string auditPath)
{
    private const string Totals = """
        SELECT (SELECT COUNT(*) FROM orders), (SELECT SUM(total) FROM orders), COUNT(*), SUM(quantity * price) FROM lines
        """;

    private const string WrongOrders = """
        SELECT COUNT(*) FROM orders o WHERE total IS NOT (SELECT SUM(quantity * price) FROM lines WHERE "order" = o.id)
        """;

    private const string WrongCustomers = """
        SELECT COUNT(*) FROM customers c WHERE balance <> (SELECT COALESCE(SUM(total), 0) FROM orders WHERE customer = c.id)
        """;

    private string? _summary;

    /// <summary>What was found, in words.</summary>
    internal string Summary => _summary ?? "not finished: the end came first";

    /// <summary>Does it; what is not as it should be is counted as wrong.</summary>
    /// <exception cref="OperationCanceledException">There was no time left for it.</exception>
    internal async Task RunAsync(ResourceCoordinator coordinator, CancellationToken cancellationToken)
    {
        long orders, lines;
        await using (var lease = await coordinator.AcquireAsync<DbConnection>(DemoClient.PoolName, cancellationToken))
        {
            var connection = (SqliteConnection)lease.Resource;
            (orders, lines) = await Task.Run(() => Compare(connection, cancellationToken), cancellationToken);
        }

        var audits = await CompareAuditsAsync(cancellationToken);
        _summary = string.Create(
            CultureInfo.InvariantCulture, $"{orders:#,0} orders, {lines:#,0} lines, {audits:#,0} audit entries");
    }

    private (long Orders, long Lines) Compare(SqliteConnection connection, CancellationToken cancellationToken)
    {
        using var interruption = new SqliteInterruption(connection, cancellationToken);
        try
        {
            var totals = Row(connection, Totals);
            var total = database.Total + counters.CommittedTotal - counters.RetiredTotal;
            Expect("orders", database.Orders, totals[0]);
            Expect("cents in orders", total, totals[1]);
            Expect("lines", database.Lines + counters.CommittedLines - counters.RetiredLines, totals[2]);
            Expect("cents in lines", total, totals[3]);
            Expect("orders that are not the sum of their lines", 0, Row(connection, WrongOrders)[0]);
            Expect("customers whose balance is not the sum of their orders", 0, Row(connection, WrongCustomers)[0]);
            return (totals[0], totals[2]);
        }
        catch (SqliteException failure) when (SqliteInterruption.Is(failure))
        {
            throw new OperationCanceledException("The verification was cut short.", failure, cancellationToken);
        }
    }

    private async Task<long> CompareAuditsAsync(CancellationToken cancellationToken)
    {
        var (entries, total) = (0L, 0L);
        await foreach (var line in File.ReadLinesAsync(auditPath, cancellationToken))
        {
            entries++;
            var words = line.Split(' ');
            if (words.Length == 4 && long.TryParse(words[2], CultureInfo.InvariantCulture, out var cents))
            {
                total += cents;
            }
            else
            {
                counters.FoundWrong($"the audit log has a broken line: {line}");
            }
        }

        Expect("audit entries", counters.Acknowledged, entries);
        Expect("writes that are in the audit log", counters.Committed, counters.Acknowledged);
        Expect("cents in the audit log", counters.CommittedTotal, total);
        return entries;
    }

    private void Expect(string what, long expected, long actual)
    {
        if (expected != actual)
        {
            counters.FoundWrong(string.Create(CultureInfo.InvariantCulture, $"{what}: {actual}, not {expected}"));
        }
    }

    private static long[] Row(SqliteConnection connection, string query)
    {
        using var command = connection.CreateCommand();
        command.CommandText = query;
        using var reader = command.ExecuteReader();
        reader.Read();
        return [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetInt64)];
    }
}
