using System.Data.Common;
using System.Net.Sockets;
using Npgsql;

namespace Pepper.Benchmarks;

/// <summary>
/// Asks the database, again and again, for a number that only this client knows, and notes what came of it. After a failure it
/// rests a moment.
/// </summary>
internal sealed class OutageClient(int number, OutagePeer peer, OutagePulse pulse)
{
    // The server takes 5 ms for it, so that throughput is a matter of connections and not of processors, which others use too.
    private const string Query = "SELECT $1 FROM pg_sleep(0.005)";

    private long _asked;

    internal OutageUse Use { get; } = new();

    /// <summary>To be looked at when the client has ended.</summary>
    internal List<OutageRecord> Records { get; } = new(64 * 1024);

    internal async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var record = await WorkAsync();
            Records.Add(record);
            if (record.Failure is null)
            {
                pulse.Note(record.EndedAt);
            }
            else
            {
                await Task.Delay(OutageLimits.Pause, TimeProvider.System, CancellationToken.None);
            }
        }
    }

    /// <summary>Which failure it is, briefly: where it was met, its type, and what is at the bottom of it.</summary>
    internal static string Describe(Exception failure, bool hadConnection)
    {
        var bottom = failure.GetBaseException();
        var cause = bottom switch
        {
            PostgresException postgres => $"SQLSTATE {postgres.SqlState}",
            SocketException socket => $"{nameof(SocketException)} {socket.SocketErrorCode}",
            _ when ReferenceEquals(bottom, failure) => null,
            _ => bottom.GetType().Name,
        };
        return $"{(hadConnection ? "use" : "acquire")}: {failure.GetType().Name}{(cause is null ? null : $" ({cause})")}";
    }

    private async Task<OutageRecord> WorkAsync()
    {
        var expected = ((long)number << 40) | ++_asked;
        var answer = expected;
        try
        {
            await peer.UseAsync(Use, async connection => answer = await SelectAsync(connection, expected));
            return Use.End(failure: null, answer != expected);
        }
        catch (Exception failure)
        {
            return Use.End(Describe(failure, Use.HasConnection), answer != expected);
        }
    }

    private static async Task<long> SelectAsync(DbConnection connection, long number)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = Query;
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
        return await command.ExecuteScalarAsync() is long answer ? answer : -1;
    }
}
