using System.Data.Common;
using Microsoft.Data.Sqlite;
using Pepper.Cli.Demo;
using Pepper.Resources;

namespace Pepper.IntegrationTests.Cli;

/// <summary>The demo's checks are worth something only if they find what is wrong.</summary>
public sealed class DemoChecksTests
{
    [Fact]
    public async Task Checks_DatabaseThatIsRight_FindNothing()
    {
        using var folder = new TestFolder();
        await using var database = await MakeAsync(folder);
        await using var connection = await OpenAsync(database);
        var queries = new OrderQueries();
        var lines = new[] { new OrderLine(1, 2, 300), new OrderLine(2, 1, 50) };

        var written = queries.WriteOrder(connection, 5, lines);

        Assert.Equal(1_001, written?.Id);
        Assert.Null(queries.CheckOrder(connection, 1));
        Assert.NotNull(queries.CheckOrder(connection, 1_002));
        Assert.Null(queries.CheckOrder(connection, 1_001));
        Assert.Null(queries.CheckCustomer(connection, 5));
        Assert.Null(queries.CheckTop(connection, 1, 50));
    }

    [Fact]
    public async Task Checks_DatabaseThatWasTamperedWith_SayWhatIsWrong()
    {
        using var folder = new TestFolder();
        await using var database = await MakeAsync(folder);
        await using var connection = await OpenAsync(database);
        var queries = new OrderQueries();
        Execute(connection, "UPDATE customers SET balance = balance + 1 WHERE id BETWEEN 5 AND 10");
        Execute(connection, "UPDATE orders SET total = 1 WHERE id = 3");

        Assert.StartsWith("order 3 has a total of 1 and ", queries.CheckOrder(connection, 3), StringComparison.Ordinal);
        Assert.StartsWith(
            "order 5000 has a total of 0 and 0 line(s)", queries.CheckOrder(connection, 5_000), StringComparison.Ordinal);
        Assert.StartsWith("customer 5 has a balance of ", queries.CheckCustomer(connection, 5), StringComparison.Ordinal);
        Assert.Contains(
            " among the best of 5 to 10 has a balance of ", queries.CheckTop(connection, 5, 10), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WriteOrder_AnotherWriterHasTheDatabase_WritesNothingAndSaysSo()
    {
        using var folder = new TestFolder();
        await using var database = await MakeAsync(folder);
        await using var other = await OpenAsync(database);
        await using var connection = await OpenAsync(database);
        var queries = new OrderQueries();
        Execute(other, "BEGIN IMMEDIATE");

        Assert.Null(queries.WriteOrder(connection, 1, [new OrderLine(1, 1, 1)]));

        Execute(other, "COMMIT");
        Assert.Equal(1_001, queries.WriteOrder(connection, 1, [new OrderLine(1, 1, 1)])?.Id);
    }

    [Fact]
    public async Task Verification_AsManyAsWereCounted_FindsNothing()
    {
        using var folder = new TestFolder();
        var (counters, summary) = await VerifyAsync(folder, static _ => { }, "1001 5 650 1\n");

        Assert.Empty(counters.Examples);
        Assert.Equal("1,000 orders, 2,457 lines, 1 audit entries", summary);
    }

    [Theory]
    [InlineData(
        "UPDATE customers SET balance = 0 WHERE id = 2", "customers whose balance is not the sum of their orders: 1, not 0")]
    [InlineData("DELETE FROM lines WHERE \"order\" = 7", "orders that are not the sum of their lines: 1, not 0")]
    [InlineData("DELETE FROM lines WHERE \"order\" = 1001; DELETE FROM orders WHERE id = 1001", "orders: 999, not 1000")]
    public async Task Verification_DatabaseThatWasTamperedWith_FindsIt(string tampering, string fault)
    {
        using var folder = new TestFolder();
        var (counters, _) = await VerifyAsync(folder, connection => Execute(connection, tampering), "1001 5 650 1\n");

        Assert.Contains(fault, counters.Examples);
        Assert.True(counters.Wrong > 0);
    }

    [Theory]
    [InlineData("", "audit entries: 0, not 1")]
    [InlineData("1001 5 650 1\n1001 5 650 1\n", "audit entries: 2, not 1")]
    [InlineData("1001 5 651 1\n", "cents in the audit log: 651, not 650")]
    [InlineData("1001 5 6\n", "the audit log has a broken line: 1001 5 6")]
    public async Task Verification_AuditLogThatIsWrong_FindsIt(string audits, string fault)
    {
        using var folder = new TestFolder();
        var (counters, _) = await VerifyAsync(folder, static _ => { }, audits);

        Assert.Contains(fault, counters.Examples);
    }

    private static async Task<(DemoCounters Counters, string Summary)> VerifyAsync(
        TestFolder folder, Action<SqliteConnection> tamper, string audits)
    {
        await using var database = new OrdersDatabase(folder.File("orders.db"), 1_000, 1);
        using var monitor = new ResourceMonitor();
        await using var coordinator = DemoResources.Build(database, folder.File("audit.log"), monitor, TimeProvider.System);
        await coordinator.StartAsync();
        var counters = new DemoCounters();
        var lines = new[] { new OrderLine(1, 2, 300), new OrderLine(2, 1, 50) };
        await using (var lease = await coordinator.AcquireAsync<DbConnection>(DemoClient.PoolName))
        {
            var written = new OrderQueries().WriteOrder(lease.Resource, 5, lines);
            Assert.NotNull(written);
            counters.Commit(lines.Length, 650, written.Value);
            counters.Acknowledge();
            Execute((SqliteConnection)lease.Resource, "PRAGMA foreign_keys = OFF");
            tamper((SqliteConnection)lease.Resource);
        }

        await File.WriteAllTextAsync(folder.File("audit.log"), audits);
        var verification = new DemoVerification(database, counters, folder.File("audit.log"));
        await verification.RunAsync(coordinator, CancellationToken.None);
        return (counters, verification.Summary);
    }

    private static async Task<OrdersDatabase> MakeAsync(TestFolder folder)
    {
        var database = new OrdersDatabase(folder.File("orders.db"), 1_000, 1);
        await database.InitializeAsync();
        return database;
    }

    private static async Task<SqliteConnection> OpenAsync(OrdersDatabase database)
    {
        var connection = new SqliteConnection(database.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static void Execute(SqliteConnection connection, string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }
}
