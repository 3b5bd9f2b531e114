using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using Npgsql;
using Pepper.Tests;

namespace Pepper.Benchmarks;

/// <summary>One contender through one fault: busy clients before, during and after.</summary>
internal sealed class OutageRun(OutageStage stage, OutagePeer peer, CancellationToken cancel)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan AtLeastAfter = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan AtMostAfter = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);
    private readonly OutagePulse _pulse = new();
    private OutageClient[] _clients = [];

    internal static async Task<OutageFigures> MeasureAsync(
        OutageFault fault,
        TimeSpan length,
        PostgresCluster cluster,
        (string Name, Func<string, OutagePeer> Create) contender,
        CancellationToken cancel)
    {
        await using var stage = new OutageStage(cluster, contender.Name);
        await stage.OpenAsync();
        var peer = contender.Create(stage.ConnectionString);
        OutageFigures figures;
        await using (peer)
        {
            figures = await new OutageRun(stage, peer, cancel).MeasureAsync(fault, length);
        }

        return figures with { Left = await stage.WaitForSessionsAsync(0) };
    }

    private async Task<OutageFigures> MeasureAsync(OutageFault fault, TimeSpan length)
    {
        using var stop = new CancellationTokenSource();
        _clients = [.. Enumerable.Range(0, OutageLimits.Clients).Select(number => new OutageClient(number, peer, _pulse))];
        var running = Task.WhenAll(_clients.Select(client => Task.Run(() => client.RunAsync(stop.Token))));
        OutageTimes times;
        try
        {
            times = await RunAsync(fault, length);
        }
        finally
        {
            await stop.CancelAsync();
        }

        await running.WaitAsync(Guard, cancel);
        var figures = OutageFigures.Of(peer, times, _clients, _pulse, stage.Proxy.AcceptedAt());
        return figures with
        {
            FullAfter = _pulse.FullAfter(times.UpAt, _pulse.Median(times.BeganAt, times.FaultAt)),
            InUse = peer.InUse,
            Held = await HoldAllAsync(),
            Sessions = await stage.WaitForSessionsAsync(OutageLimits.Places),
        };
    }

    /// <summary>What happens while the clients are busy.</summary>
    private async Task<OutageTimes> RunAsync(OutageFault fault, TimeSpan length)
    {
        await WaitAsync(WarmUp);
        var beganAt = Stopwatch.GetTimestamp();
        await WaitAsync(Before);

        var askedAt = Stopwatch.GetTimestamp();
        await fault.BeginAsync(stage);
        var upAt = Stopwatch.GetTimestamp();
        var faultAt = stage.FaultAt ?? askedAt;
        await WaitAsync(length - Stopwatch.GetElapsedTime(faultAt));
        if (fault.EndAsync is not null)
        {
            await fault.EndAsync(stage);
            upAt = Stopwatch.GetTimestamp();
        }

        var endAt = fault.EndAsync is null ? Stopwatch.GetTimestamp() : upAt;
        await WaitForFullAsync(upAt, endAt, _pulse.Median(beganAt, faultAt));
        return new OutageTimes(beganAt, faultAt, upAt, endAt);
    }

    /// <summary>Until throughput is back and all who asked during the outage have been told something.</summary>
    private async Task WaitForFullAsync(long upAt, long endAt, double before)
    {
        while (Stopwatch.GetElapsedTime(endAt) is var after && after < AtMostAfter)
        {
            var isSomebodyWaiting = _clients.Any(client => client.Use.AskedAt is > 0 and var askedAt && askedAt < endAt);
            if (after > AtLeastAfter && !isSomebodyWaiting && _pulse.FullAfter(upAt, before) is not null)
            {
                return;
            }

            await WaitAsync(OutageLimits.Bucket);
        }
    }

    /// <summary>How many different connections can be lent at the same time, now that all have been given back.</summary>
    private async Task<int> HoldAllAsync()
    {
        var sessions = new ConcurrentDictionary<int, bool>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = 0;
        async Task WorkAsync(DbConnection connection)
        {
            await using var command = new NpgsqlCommand("SELECT pg_backend_pid()", (NpgsqlConnection)connection);
            sessions.TryAdd((int)(await command.ExecuteScalarAsync())!, true);
            if (Interlocked.Increment(ref held) == OutageLimits.Places)
            {
                all.SetResult();
            }

            await all.Task.WaitAsync(Guard);
        }

        var uses = Enumerable.Range(0, OutageLimits.Places).Select(_ => peer.UseAsync(new OutageUse(), WorkAsync));
        await Task.WhenAll(uses).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return sessions.Count;
    }

    private Task WaitAsync(TimeSpan time) =>
        time > TimeSpan.Zero ? Task.Delay(time, TimeProvider.System, cancel) : Task.CompletedTask;
}
