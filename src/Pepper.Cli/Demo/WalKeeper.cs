using System.Data.Common;
using Microsoft.Data.Sqlite;
using Pepper.Resources;

namespace Pepper.Cli.Demo;

/// <summary>
/// Keeps the database's log short. SQLite moves the log into the database only while nobody reads what is in it, and under this
/// load somebody always does: left alone it grows by some ten megabytes a second. So whenever it is long enough, the keeper asks
/// the pool for every connection, like any other client and in its turn, and with all of them in its hands empties the log.
/// </summary>
internal sealed class WalKeeper(string databasePath, ResourceCoordinator coordinator, DemoCounters counters, TimeProvider time)
{
    private const long LongEnough = 32 << 20;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    internal async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (new FileInfo(databasePath + "-wal") is { Exists: true, Length: > LongEnough })
                {
                    await EmptyAsync(stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The run has ended; the last connection that closes empties the log.
        }
        catch (Exception failure)
        {
            counters.Failed(failure);
        }
    }

    private async Task EmptyAsync(CancellationToken stop)
    {
        var asked = Enumerable.Range(0, DemoOptions.MaxConnections)
            .Select(_ => coordinator.AcquireAsync<DbConnection>(DemoClient.PoolName, stop).AsTask()).ToArray();
        try
        {
            await Task.WhenAll(asked);
            var connection = (SqliteConnection)(await asked[0]).Resource;
            await Task.Run(
                () =>
                {
                    using var command = connection.CreateCommand();
                    command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
                    command.ExecuteNonQuery();
                },
                CancellationToken.None);
            counters.EmptyLog();
        }
        finally
        {
            foreach (var lease in asked.Where(static lease => lease.IsCompletedSuccessfully))
            {
                await (await lease).DisposeAsync();
            }
        }
    }
}
