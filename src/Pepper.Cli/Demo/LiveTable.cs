using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Pepper.Cli.Demo;

/// <summary>A table that changes in place: for people at a terminal.</summary>
internal sealed class LiveTable(IAnsiConsole console, string address, int clients) : IDemoReport
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public void Say(string line) => console.WriteLine(line);

    public Task WatchAsync(DemoSampler sampler, TimeProvider time, CancellationToken end) =>
        console.Live(Text.Empty).AutoClear(false).Overflow(VerticalOverflow.Ellipsis).StartAsync(async live =>
        {
            using var timer = new PeriodicTimer(Interval, time);
            try
            {
                while (await timer.WaitForNextTickAsync(end))
                {
                    live.UpdateTarget(Draw(sampler.Take()));
                }
            }
            catch (OperationCanceledException)
            {
                // The run has ended; the last table stays where it is.
            }
        });

    internal IRenderable Draw(DemoSample sample)
    {
        var table = new Table().Border(TableBorder.Rounded);
        table.AddColumn("resource");
        foreach (var name in (string[])["in use", "idle", "max", "waiting", "per second", "wait p50", "p95", "p99", "errors"])
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        table.AddRow(
            sample.Pool.Name, Number(sample.Pool.InUse), Number(sample.Pool.Idle), Number(sample.Pool.MaxSize),
            Number(sample.Pool.Waiting),
            Number(sample.OperationsPerSecond), Wait(sample, 0.5), Wait(sample, 0.95), Wait(sample, 0.99), Errors(sample.Errors));
        table.AddRow(
            DemoClient.AuditId, Number(sample.AuditHolders), "", "", "", Number(sample.AuditsPerSecond), "", "", "", "");
        var seconds = sample.Elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        var memory = (sample.WorkingSet / 1048576.0).ToString("0", CultureInfo.InvariantCulture);
        return new Rows(
            table,
            new Text($"{seconds} s, {clients} clients, {memory} MiB, {address}/metrics; Ctrl+C ends it"));
    }

    private static string Number(double number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Wait(DemoSample sample, double share) => Durations.Milliseconds(sample.Waits.Percentile(share));

    private static string Errors(long errors) => errors == 0 ? "[green]0[/]" : $"[red]{Number(errors)}[/]";
}
