using System.Globalization;

namespace Pepper.Cli.Demo;

/// <summary>A line for each second: for files, pipes and logs.</summary>
internal sealed class PlainLines(TextWriter output) : IDemoReport
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public void Say(string line)
    {
        output.WriteLine(line);
        output.Flush();
    }

    public async Task WatchAsync(DemoSampler sampler, TimeProvider time, CancellationToken end)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(end))
            {
                Say(Line(sampler.Take()));
            }
        }
        catch (OperationCanceledException)
        {
            // The run has ended.
        }
    }

    internal static string Line(DemoSample sample) => string.Create(
        CultureInfo.InvariantCulture,
        $"{sample.Elapsed.TotalSeconds:0.0}s {sample.Pool.Name} in use {sample.Pool.InUse} idle {sample.Pool.Idle} "
        + $"waiting {sample.Pool.Waiting} | {sample.OperationsPerSecond:#,0} op/s | "
        + $"wait p50 {Wait(sample, 0.5)} p95 {Wait(sample, 0.95)} p99 {Wait(sample, 0.99)} | "
        + $"errors {sample.Errors} | memory {sample.WorkingSet / 1048576.0:0.0} MiB");

    private static string Wait(DemoSample sample, double share) => Durations.Milliseconds(sample.Waits.Percentile(share));
}
