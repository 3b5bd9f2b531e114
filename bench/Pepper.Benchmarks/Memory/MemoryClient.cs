using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Npgsql;
using Pepper.Resources.Connections;
using Pepper.Resources.Pooling;

namespace Pepper.Benchmarks;

/// <summary>The clients: each gets a connection, asks it a few things, and lets it go, again and again.</summary>
internal static class MemoryClient
{
    internal const int Queries = 3;
    internal const int Places = 8;

    // A sort over a thousand made-up rows: some work and some memory of the server's.
    private const string Query = "SELECT count(*) FROM (SELECT md5(n::text) AS t FROM generate_series(1, 1000) n ORDER BY t) s";

    internal static async Task<int> RunAsync(ReadOnlyMemory<string> arguments, TextWriter output)
    {
        var (variant, connectionString) = (arguments.Span[0], arguments.Span[1]);
        var clients = int.Parse(arguments.Span[2], CultureInfo.InvariantCulture);
        var works = int.Parse(arguments.Span[3], CultureInfo.InvariantCulture);
        var ticks = Enumerable.Range(0, clients).Select(_ => new long[works]).ToArray();
        await (variant == "pooled" ? RunPooledAsync(connectionString, ticks) : RunUnpooledAsync(connectionString, ticks));
        var times = ticks.SelectMany(static one => one).ToArray();
        var figures = new ClientFigures(
            ProcessMemory.PeakResidentBytes(),
            Ticks.PercentileMicroseconds(times, 0.5),
            Ticks.PercentileMicroseconds(times, 0.99));
        await output.WriteLineAsync(JsonSerializer.Serialize(figures, ClientJson.Default.ClientFigures));
        return 0;
    }

    private static async Task RunPooledAsync(string connectionString, long[][] ticks)
    {
        await using var pool = ConnectionPool.Create(
            NpgsqlFactory.Instance,
            connectionString,
            new ResourcePoolOptions { Name = "bench-memory", MaxSize = Places, AcquireTimeout = TimeSpan.FromMinutes(5) });
        await RunAllAsync(ticks, async mine =>
        {
            for (var work = 0; work < mine.Length; work++)
            {
                var begin = Stopwatch.GetTimestamp();
                await using var lease = await pool.AcquireAsync();
                mine[work] = await WorkAsync(lease.Resource, begin);
            }
        });
    }

    private static Task RunUnpooledAsync(string connectionString, long[][] ticks) => RunAllAsync(ticks, async mine =>
    {
        for (var work = 0; work < mine.Length; work++)
        {
            var begin = Stopwatch.GetTimestamp();
            await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false;Timeout=300");
            await connection.OpenAsync();
            mine[work] = await WorkAsync(connection, begin);
        }
    });

    private static Task RunAllAsync(long[][] ticks, Func<long[], Task> runAsync) =>
        Task.WhenAll(ticks.Select(mine => Task.Run(() => runAsync(mine))));

    /// <summary>How long it took until the first answer.</summary>
    private static async Task<long> WorkAsync(DbConnection connection, long begin)
    {
        var first = 0L;
        for (var query = 0; query < Queries; query++)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = Query;
            await command.ExecuteScalarAsync();
            first = query == 0 ? Stopwatch.GetTimestamp() - begin : first;
        }

        return first;
    }
}
