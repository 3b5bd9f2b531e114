using System.Diagnostics;
using System.Globalization;
using Pepper.Resources;

namespace Pepper.Benchmarks;

/// <summary>What the manager itself costs: each operation on a resource that does nothing, among 10,000 of them.</summary>
public static class RegistryBenchmark
{
    private const int Resources = 10_000;
    private const int Operations = 10_000;
    private const double LimitMicroseconds = 1_000;

    /// <summary>Measures, and prints a line for each operation.</summary>
    /// <param name="output">Where to print.</param>
    /// <returns>Ends when all is printed.</returns>
    public static async Task RunAsync(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        await MeasureAsync();
        GC.Collect();
        var samples = await MeasureAsync();
        await output.WriteLineAsync(Invariant($"Among {Resources} resources, {Operations} operations each, in µs:"));
        await output.WriteLineAsync("operation        p50      p99      max");
        foreach (var (name, times) in samples)
        {
            Array.Sort(times);
            var p99 = times[(int)(times.Length * 0.99)];
            var verdict = p99 < LimitMicroseconds ? "" : "  over 1 ms";
            await output.WriteLineAsync(Invariant(
                $"{name,-10} {times[times.Length / 2],9:0.00} {p99,8:0.00} {times[^1],8:0}{verdict}"));
        }
    }

    private static async Task<List<(string Name, double[] Times)>> MeasureAsync()
    {
        await using var manager = new ResourceManager(monitor: new ResourceMonitor());
        var standing = Enumerable.Range(0, Resources).Select(static _ => new NothingResource()).ToArray();
        foreach (var resource in standing)
        {
            await manager.RegisterAsync(resource);
        }

        var made = Enumerable.Range(0, Operations).Select(static _ => new NothingResource()).ToArray();
        var leases = new Lease<Resource>[Operations];
        var random = new Random(80);
        var ids = Enumerable.Range(0, Operations).Select(_ => standing[random.Next(Resources)].Metadata.Id).ToArray();

        var register = await TimeAsync(index => new ValueTask(manager.RegisterAsync(made[index])));
        var acquire = await TimeAsync(async index => leases[index] = await manager.AcquireAsync(ids[index]));
        var giveBack = await TimeAsync(index => leases[index].DisposeAsync());
        var release = await TimeAsync(index => new ValueTask(manager.ReleaseAsync(made[index].Metadata.Id)));
        return [("register", register), ("acquire", acquire), ("give back", giveBack), ("release", release)];
    }

    private static async Task<double[]> TimeAsync(Func<int, ValueTask> operation)
    {
        var times = new double[Operations];
        for (var index = 0; index < Operations; index++)
        {
            var started = Stopwatch.GetTimestamp();
            await operation(index);
            times[index] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }

        return times;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>It has a time to live, so that its expiry is scheduled and cancelled as well.</summary>
    private sealed class NothingResource()
        : Resource(new ResourceMetadata { Type = ResourceType.Custom, TimeToLive = TimeSpan.FromHours(1) })
    {
        protected override ValueTask OnInitializeAsync(CancellationToken cancellationToken) => default;

        protected override ValueTask OnCleanupAsync() => default;
    }
}
