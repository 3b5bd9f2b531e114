using Microsoft.Data.Sqlite;
using Pepper.Resources;

namespace Pepper.Cli.Demo;

/// <summary>
/// The database as a resource: starting it makes it, and the pool of its connections starts after it. What is in it follows from
/// the seed alone. It belongs to the demo's folder, which takes it away.
/// </summary>
internal sealed class OrdersDatabase : Resource
{
    internal const string Id = "orders-database";

    private const int MaxLines = 4;

    // Ten thousand rows between two looks are a few hundredths of a second.
    private const int RowsBetweenLooks = 10_000;

    private const string Schema = """
        PRAGMA foreign_keys = OFF;
        PRAGMA journal_mode = OFF;
        PRAGMA synchronous = OFF;
        PRAGMA locking_mode = EXCLUSIVE;
        CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, balance INTEGER NOT NULL);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers (id), total INTEGER NOT NULL);
        CREATE TABLE lines (
            "order" INTEGER NOT NULL REFERENCES orders (id), number INTEGER NOT NULL, product INTEGER NOT NULL,
            quantity INTEGER NOT NULL, price INTEGER NOT NULL, PRIMARY KEY ("order", number)) WITHOUT ROWID;
        BEGIN;
        """;

    // Indexes come last: building one from what is there is far cheaper than keeping it right row by row.
    private const string Finish = """
        CREATE INDEX orders_by_customer ON orders (customer, total);
        COMMIT;
        PRAGMA locking_mode = NORMAL;
        PRAGMA journal_mode = WAL;
        """;

    private readonly int _seed;

    /// <summary>Says where the database is to be, and what is to be in it.</summary>
    /// <param name="path">The file; there is none yet.</param>
    /// <param name="orders">How many orders it begins with; there are a tenth as many customers.</param>
    /// <param name="seed">What the data follows from.</param>
    internal OrdersDatabase(string path, int orders, int seed)
        : base(new ResourceMetadata { Id = Id, Type = ResourceType.File, Owner = "demo" })
    {
        Path = path;
        Orders = orders;
        Customers = Math.Max(10, orders / 10);
        _seed = seed;
        SQLitePCL.Batteries_V2.Init();
    }

    internal string Path { get; }

    /// <summary>The orders that the set-up makes: their ids are 1 to this.</summary>
    internal int Orders { get; }

    /// <summary>The customers that the set-up makes: their ids are 1 to this.</summary>
    internal int Customers { get; }

    /// <summary>The lines that the set-up made.</summary>
    internal long Lines { get; private set; }

    /// <summary>What all the orders that the set-up made come to, in cents.</summary>
    internal long Total { get; private set; }

    internal string ConnectionString => new SqliteConnectionStringBuilder { DataSource = Path, Pooling = false }.ToString();

    /// <summary>The choice of an order's lines: the same for the set-up and for the clients.</summary>
    internal static OrderLine[] ChooseLines(SeededRandom random)
    {
        var lines = new OrderLine[1 + random.Next(MaxLines)];
        for (var index = 0; index < lines.Length; index++)
        {
            lines[index] = new OrderLine(1 + random.Next(1_000), 1 + random.Next(5), 100 + random.Next(50_000));
        }

        return lines;
    }

    /// <inheritdoc/>
    protected override async ValueTask OnInitializeAsync(CancellationToken cancellationToken) =>
        // SQLite computes on its caller's thread, which here is that of whoever started the coordinator.
        await Task.Run(() => Make(cancellationToken), cancellationToken);

    /// <inheritdoc/>
    protected override ValueTask OnCleanupAsync() => ValueTask.CompletedTask;

    private void Make(CancellationToken cancellationToken)
    {
        using var connection = new SqliteConnection(ConnectionString);
        connection.Open();
        using var interruption = new SqliteInterruption(connection, cancellationToken);
        try
        {
            Execute(connection, Schema);
            Fill(connection, cancellationToken);
            Execute(connection, Finish);
        }
        catch (SqliteException failure) when (SqliteInterruption.Is(failure))
        {
            throw new OperationCanceledException("The making of the database was cancelled.", failure, cancellationToken);
        }
    }

    private void Fill(SqliteConnection connection, CancellationToken cancellationToken)
    {
        var random = new SeededRandom(_seed, 0);
        var balances = new long[Customers];
        using var order = new Insertion(connection, "INSERT INTO orders (id, customer, total) VALUES ($1, $2, $3)", 3);
        using var line = new Insertion(
            connection, "INSERT INTO lines (\"order\", number, product, quantity, price) VALUES ($1, $2, $3, $4, $5)", 5);
        for (var id = 1; id <= Orders; id++)
        {
            if (id % RowsBetweenLooks == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            var customer = random.Next(Customers);
            var lines = ChooseLines(random);
            var total = OrderLine.Total(lines);
            balances[customer] += total;
            Total += total;
            Lines += lines.Length;
            order.Run(id, customer + 1, total);
            for (var number = 0; number < lines.Length; number++)
            {
                line.Run(id, number + 1, lines[number].Product, lines[number].Quantity, lines[number].Price);
            }
        }

        FillCustomers(connection, balances);
    }

    private static void FillCustomers(SqliteConnection connection, long[] balances)
    {
        using var customer = new Insertion(
            connection, "INSERT INTO customers (id, name, balance) VALUES ($1, 'Customer ' || $1, $2)", 2);
        for (var index = 0; index < balances.Length; index++)
        {
            customer.Run(index + 1, balances[index]);
        }
    }

    private static void Execute(SqliteConnection connection, string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    /// <summary>A prepared statement for many rows.</summary>
    private sealed class Insertion : IDisposable
    {
        private readonly SqliteCommand _command;

        internal Insertion(SqliteConnection connection, string text, int parameters)
        {
            _command = connection.CreateCommand();
            _command.CommandText = text;
            for (var number = 1; number <= parameters; number++)
            {
                _command.Parameters.Add("$" + number, SqliteType.Integer);
            }

            _command.Prepare();
        }

        internal void Run(params ReadOnlySpan<long> values)
        {
            for (var index = 0; index < values.Length; index++)
            {
                _command.Parameters[index].Value = values[index];
            }

            _command.ExecuteNonQuery();
        }

        public void Dispose() => _command.Dispose();
    }
}
