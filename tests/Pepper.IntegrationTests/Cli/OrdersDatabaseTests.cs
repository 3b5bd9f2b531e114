using System.Globalization;
using Microsoft.Data.Sqlite;
using Pepper.Cli.Demo;

namespace Pepper.IntegrationTests.Cli;

public sealed class OrdersDatabaseTests
{
    [Fact]
    public async Task Initialize_SameSeed_MakesTheSameData()
    {
        using var folder = new TestFolder();

        var first = await MakeAsync(folder.File("a.db"), seed: 7);
        var second = await MakeAsync(folder.File("b.db"), seed: 7);
        var other = await MakeAsync(folder.File("c.db"), seed: 8);

        Assert.True(first.Length > 100_000, $"Only {first.Length} characters of data.");
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public async Task Initialize_Done_HoldsTogetherAndIsCountedRight()
    {
        using var folder = new TestFolder();
        await using var database = new OrdersDatabase(folder.File("orders.db"), 2_000, 1);
        await database.InitializeAsync();

        await using var connection = new SqliteConnection(database.ConnectionString);
        await connection.OpenAsync();
        Assert.Equal(
            "2000 200", Read(connection, "SELECT (SELECT COUNT(*) FROM orders) || ' ' || (SELECT COUNT(*) FROM customers)"));
        Assert.Equal(
            string.Create(CultureInfo.InvariantCulture, $"{database.Lines} {database.Total}"),
            Read(connection, "SELECT COUNT(*) || ' ' || SUM(quantity * price) FROM lines"));
        Assert.Equal(
            "0",
            Read(
                connection,
                "SELECT COUNT(*) FROM customers c WHERE balance <> (SELECT TOTAL(total) FROM orders WHERE customer = c.id)"));
        Assert.Equal("ok", Read(connection, "PRAGMA integrity_check"));
        Assert.Equal("wal", Read(connection, "PRAGMA journal_mode"));
    }

    [Fact]
    public async Task Initialize_Cancelled_EndsSoon()
    {
        using var folder = new TestFolder();
        await using var database = new OrdersDatabase(folder.File("orders.db"), 10_000_000, 1);
        using var cancellation = new CancellationTokenSource();
        var making = database.InitializeAsync(cancellation.Token);
        while (!File.Exists(database.Path))
        {
            Assert.False(making.IsCompleted);
            await Task.Yield();
        }

        await cancellation.CancelAsync();

        // Ten million orders are a minute's work: it did not simply go on to its end.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => making.WaitAsync(TimeSpan.FromSeconds(5)));
    }

    private static async Task<string> MakeAsync(string path, int seed)
    {
        await using var database = new OrdersDatabase(path, 3_000, seed);
        await database.InitializeAsync();
        await using var connection = new SqliteConnection(database.ConnectionString);
        await connection.OpenAsync();
        return Read(connection, "SELECT group_concat(id || ',' || customer || ',' || total, ';') FROM orders")
            + Read(connection, "SELECT group_concat(id || ',' || name || ',' || balance, ';') FROM customers")
            + Read(
                connection,
                "SELECT group_concat(\"order\" || number || ',' || product || ',' || quantity || ',' || price) FROM lines");
    }

    private static string Read(SqliteConnection connection, string query)
    {
        using var command = connection.CreateCommand();
        command.CommandText = query;
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture)!;
    }
}
