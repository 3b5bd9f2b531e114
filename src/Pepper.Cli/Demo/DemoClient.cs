using System.Data.Common;
using System.Globalization;
using Pepper.Resources;
using Pepper.Resources.Files;

namespace Pepper.Cli.Demo;

/// <summary>
/// One client: it reads, checks and writes until it is told to stop. What it chooses follows from the seed and its number.
/// </summary>
internal sealed class DemoClient(
    int number,
    int seed,
    OrdersDatabase database,
    OrderQueries queries,
    WriterTurn turn,
    ResourceCoordinator coordinator,
    DemoCounters counters,
    TimeProvider time)
{
    internal const string PoolName = "orders";
    internal const string AuditId = "audit-log";

    private const int TopRange = 50;
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PauseAfterBusy = TimeSpan.FromMilliseconds(5);
    private readonly SeededRandom _random = new(seed, number);

    /// <summary>Works until the token is cancelled. What has begun is brought to its end; only waiting ends at once.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await OperateAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                counters.Failed(failure);
                await Task.Delay(PauseAfterError, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Half of the operations look at an order, three tenths at customers, two tenths write.</summary>
    private async Task OperateAsync(CancellationToken stop)
    {
        switch (_random.Next(10))
        {
            case < 5:
                // Ids have no gaps, and each order that came took the oldest away: as many as at first are there, the newest
                // ones.
                var order = counters.Committed + 1 + _random.Next(database.Orders);
                counters.Read(await ReadAsync(connection => queries.CheckOrder(connection, order), stop));
                break;
            case < 7:
                var customer = 1 + _random.Next(database.Customers);
                counters.Read(await ReadAsync(connection => queries.CheckCustomer(connection, customer), stop));
                break;
            case < 8:
                var first = 1 + _random.Next(database.Customers);
                counters.Read(await ReadAsync(connection => queries.CheckTop(connection, first, first + TopRange - 1), stop));
                break;
            default:
                await WriteAsync(stop);
                break;
        }
    }

    private async Task WriteAsync(CancellationToken stop)
    {
        var customer = 1 + _random.Next(database.Customers);
        var lines = OrdersDatabase.ChooseLines(_random);
        var total = OrderLine.Total(lines);
        WrittenOrder? written;
        while ((written = await WriteOnceAsync(customer, lines, total, stop)) is null)
        {
            // Only another program can have kept the database: let it, without a connection in the hand.
            counters.FoundBusy();
            await Task.Delay(PauseAfterBusy, time, stop);
        }

        // From here on it is committed: neither the end of the run nor a signal may keep it out of the log.
        var entry = string.Create(CultureInfo.InvariantCulture, $"{written.Value.Id} {customer} {total} {number}\n");
        await using var audit = await coordinator.Resources.AcquireAsync<FileResource>(AuditId, CancellationToken.None);
        await audit.Resource.AppendTextAsync(entry, CancellationToken.None);
        counters.Acknowledge();
    }

    private async ValueTask<WrittenOrder?> WriteOnceAsync(int customer, OrderLine[] lines, long total, CancellationToken stop)
    {
        await using var lease = await AcquireAsync(stop);
        await turn.TakeAsync(stop);
        try
        {
            var written = queries.WriteOrder(lease.Resource, customer, lines);
            if (written is { } order)
            {
                counters.Commit(lines.Length, total, order);
            }

            return written;
        }
        catch (Exception failure)
        {
            // It may be in the middle of a transaction: the next client gets another one.
            lease.Invalidate(failure);
            throw;
        }
        finally
        {
            turn.GiveBack();
        }
    }

    private async ValueTask<string?> ReadAsync(Func<DbConnection, string?> check, CancellationToken stop)
    {
        await using var lease = await AcquireAsync(stop);
        try
        {
            return check(lease.Resource);
        }
        catch (Exception failure)
        {
            lease.Invalidate(failure);
            throw;
        }
    }

    private async ValueTask<Lease<DbConnection>> AcquireAsync(CancellationToken stop)
    {
        var asked = time.GetTimestamp();
        var lease = await coordinator.AcquireAsync<DbConnection>(PoolName, stop);
        counters.Waits.Add(time.GetElapsedTime(asked));
        return lease;
    }
}
