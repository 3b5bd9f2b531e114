using System.Data.Common;
using System.Globalization;
using Pepper.Resources;
using Pepper.Resources.Pooling;
using Spectre.Console;

namespace Pepper.Cli.Demo;

/// <summary>One run of the demo, from the folder's making to its end.</summary>
internal sealed class DemoRun
{
    // After a signal: the rest of the five seconds is for the clients, the clean-up and the server.
    private static readonly TimeSpan VerificationAfterSignal = TimeSpan.FromSeconds(1.5);

    private readonly DemoOptions _options;
    private readonly TextWriter _output;
    private readonly StopSignal _stop;
    private readonly DemoFolder _folder;
    private readonly TimeProvider _time;
    private readonly DemoCounters _counters = new();
    private readonly OrdersDatabase _database;

    private DemoRun(
        DemoOptions options, TextWriter output, StopSignal stop, DemoFolder folder, OrdersDatabase database, TimeProvider time) =>
        (_options, _output, _stop, _folder, _database, _time) = (options, output, stop, folder, database, time);

    private string AuditPath => _folder.File("audit.log");

    /// <summary>Runs the demo.</summary>
    /// <returns>The exit code of the process.</returns>
    /// <exception cref="UsageException">The address cannot be listened to.</exception>
    internal static async Task<int> RunAsync(DemoOptions options, TextWriter output, TextWriter error)
    {
        var time = TimeProvider.System;
        DemoFolder? folder = null;

        // Listening comes first: from here on there is no moment at which a signal leaves something behind.
        using var stop = new StopSignal(code => Leave(folder, code), time);
        folder = new DemoFolder();
        try
        {
            await using var database = new OrdersDatabase(folder.File("orders.db"), options.Orders, options.Seed);
            return await new DemoRun(options, output, stop, folder, database, time).RunAsync();
        }
        catch (ResourceException failure)
        {
            await error.WriteLineAsync($"pepper demo: {failure.GetBaseException().Message.ReplaceLineEndings(" ")}");
            return ExitCodes.Wrong;
        }
        finally
        {
            folder.Dispose();
        }
    }

    private async Task<int> RunAsync()
    {
        NativeMemory.UseFewHeaps();

        // SQLite computes and waits on its caller's thread: as many threads as there are connections may be inside it, and the
        // pool of threads would add more only one by one. With some to spare, the server, the timers and the table go on beside
        // them.
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(workers, (2 * DemoOptions.MaxConnections) + Environment.ProcessorCount), ports);

        using var monitor = new ResourceMonitor();
        await using var coordinator = DemoResources.Build(_database, AuditPath, monitor, _time);
        var pool = coordinator.GetPool<DbConnection>(DemoClient.PoolName);
        DemoSummary summary;
        IDemoReport report;
        await using (var host = await DemoHost.StartAsync(_options.Urls, coordinator, monitor))
        {
            report = Report(host.Address);
            if (!await SetUpAsync(coordinator, report, host.Address))
            {
                report.Say("Stopped while the database was being made; nothing is left of it.");
                return ExitCodes.Fine;
            }

            var worked = await WorkAsync(coordinator, pool, report);
            report.Say("The clients are done; everything is compared with what they did.");
            var verification = await VerifyAsync(coordinator);
            var leaked = LeasesOut(coordinator, pool);
            await CleanUpAsync(coordinator);
            summary = new DemoSummary(_options, _counters, pool.Statistics, worked, leaked, verification, host.Address);
        }

        foreach (var line in summary.Lines())
        {
            report.Say(line);
        }

        return summary.IsFine ? ExitCodes.Fine : ExitCodes.Wrong;
    }

    /// <summary>Makes the database and opens the first connections; false when a signal ended it.</summary>
    private async Task<bool> SetUpAsync(ResourceCoordinator coordinator, IDemoReport report, string address)
    {
        var started = _time.GetTimestamp();
        report.Say($"pepper demo at {address} (seed {_options.Seed.ToString(CultureInfo.InvariantCulture)})");
        report.Say(string.Create(
            CultureInfo.InvariantCulture, $"making a database of {_options.Orders:#,0} orders in {_folder.Path}"));
        try
        {
            await coordinator.StartAsync(_stop.Token);
        }
        catch (OperationCanceledException) when (_stop.Token.IsCancellationRequested)
        {
            return false;
        }

        report.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"made {_database.Orders:#,0} orders, {_database.Lines:#,0} lines, {_database.Customers:#,0} customers in "
            + $"{_time.GetElapsedTime(started).TotalSeconds:0.0} s; {_options.Clients:#,0} clients begin"));
        return true;
    }

    /// <summary>Lets the clients work until the time is over or a signal comes.</summary>
    /// <returns>How long they worked.</returns>
    private async Task<TimeSpan> WorkAsync(ResourceCoordinator coordinator, ResourcePool<DbConnection> pool, IDemoReport report)
    {
        var started = _time.GetTimestamp();
        using var clock = new CancellationTokenSource(_options.Duration, _time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, _stop.Token);
        using var watched = new CancellationTokenSource();
        var watch = report.WatchAsync(new DemoSampler(coordinator, pool, _counters, _time), _time, watched.Token);
        var queries = new OrderQueries();
        using var turn = new WriterTurn();
        var keeper = new WalKeeper(_database.Path, coordinator, _counters, _time).RunAsync(end.Token);
        var clients = Enumerable.Range(1, _options.Clients).Select(number =>
            new DemoClient(number, _options.Seed, _database, queries, turn, coordinator, _counters, _time));
        await Task.WhenAll(clients.Select(client => Task.Run(() => client.RunAsync(end.Token), CancellationToken.None)));
        await keeper;
        var worked = _time.GetElapsedTime(started);
        await watched.CancelAsync();
        await watch;
        return worked;
    }

    private async Task<string> VerifyAsync(ResourceCoordinator coordinator)
    {
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        using var signal = _stop.Token.UnsafeRegister(
            static limit => ((CancellationTokenSource)limit!).CancelAfter(VerificationAfterSignal), limit);
        var verification = new DemoVerification(_database, _counters, AuditPath);
        try
        {
            await verification.RunAsync(coordinator, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // The summary says so; what was compared until then counts.
        }
        catch (Exception failure)
        {
            _counters.Failed(failure);
        }

        return verification.Summary;
    }

    private async Task CleanUpAsync(ResourceCoordinator coordinator)
    {
        try
        {
            await coordinator.CleanupAsync();
        }
        catch (AggregateException failures)
        {
            foreach (var failure in failures.InnerExceptions)
            {
                _counters.Failed(failure);
            }
        }
    }

    private static long LeasesOut(ResourceCoordinator coordinator, ResourcePool<DbConnection> pool) =>
        pool.Statistics.InUse + coordinator.Resources.GetResources().Sum(static resource => resource.Leases.Count);

    private IDemoReport Report(string address)
    {
        var isTerminal =
            ReferenceEquals(_output, Console.Out) && !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Ansi;
        return isTerminal ? new LiveTable(AnsiConsole.Console, address, _options.Clients) : new PlainLines(_output);
    }

    /// <summary>The way out that waits for nobody, but takes the folder along.</summary>
    private static void Leave(DemoFolder? folder, int code)
    {
        try
        {
            folder?.Dispose();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Whoever asks twice wants to be out; what is left lies in the folder for temporary things.
        }

        if (!Console.IsOutputRedirected)
        {
            // The table hides the cursor, and nobody else will show it again. Not by the console, whose lock another thread may
            // hold.
            using var terminal = Console.OpenStandardOutput();
            terminal.Write("\e[?25h\n"u8);
        }

        Environment.Exit(code);
    }
}
