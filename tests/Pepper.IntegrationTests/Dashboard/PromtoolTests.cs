using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pepper.Resources;
using Pepper.Resources.Dashboard;

namespace Pepper.IntegrationTests.Dashboard;

public sealed class PromtoolTests
{
    // These two names are given, and promtool's advice about them is known.
    private static readonly string[] Accepted = ["db_client_connection_count", "pepperpy_resources_total"];

    [Fact]
    public async Task CheckMetrics_EveryInstrumentOfTheMonitor_HasNoOtherComplaint()
    {
        var promtool = FindOnPath("promtool");
        Assert.SkipWhen(promtool is null, "promtool is not on the PATH; it comes with Prometheus.");
        using var monitor = new ResourceMonitor();
        using var twins = new Meter("Twins");
        using var exporter = new PrometheusExporter(twins);
        var published = Published(monitor);
        Assert.True(published.Count > 25, $"The monitor has only {published.Count} instruments.");
        published.ForEach(instrument => WriteTwin(twins, instrument));

        var text = await exporter.ScrapeAsync();
        var complaints = await CheckAsync(promtool!, text);

        var families = text.Split('\n').Count(static line => line.StartsWith("# TYPE", StringComparison.Ordinal));
        Assert.Equal(published.Count + 1, families);
        Assert.DoesNotContain(complaints, static line => !Accepted.Contains(line.Split(' ')[0]));
    }

    [Fact]
    public async Task CheckMetrics_TextThatIsBroken_IsNoticed()
    {
        var promtool = FindOnPath("promtool");
        Assert.SkipWhen(promtool is null, "promtool is not on the PATH; it comes with Prometheus.");

        Assert.NotEmpty(await CheckAsync(promtool!, "# TYPE bad counter\nbad 1\n"));
    }

    private static List<Instrument> Published(ResourceMonitor monitor)
    {
        var published = new List<Instrument>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (ReferenceEquals(instrument.Meter, monitor.Meter))
            {
                published.Add(instrument);
            }
        };
        listener.Start();
        return published;
    }

    /// <summary>
    /// An instrument like the monitor's with a value in it: an observable one has none of its own before there are pools, and
    /// promtool says nothing of a name that it does not see.
    /// </summary>
    private static void WriteTwin(Meter meter, Instrument original)
    {
        var (name, unit, description) = (original.Name, original.Unit, original.Description);
        var tag = new KeyValuePair<string, object?>("db.client.connection.pool.name", "a \"b\" \\ \n c");
        switch (original)
        {
            case Counter<long>:
                meter.CreateCounter<long>(name, unit, description).Add(1, tag);
                break;
            case Histogram<double> histogram:
                meter.CreateHistogram(name, unit, description, null, histogram.Advice).Record(0.003, tag);
                break;
            case ObservableGauge<long>:
                meter.CreateObservableGauge(name, () => new Measurement<long>(1, tag), unit, description);
                break;
            case ObservableGauge<double>:
                meter.CreateObservableGauge(name, () => new Measurement<double>(0.5, tag), unit, description);
                break;
            case ObservableUpDownCounter<long>:
                meter.CreateObservableUpDownCounter(name, () => new Measurement<long>(1, tag), unit, description);
                break;
            case ObservableCounter<long>:
                meter.CreateObservableCounter(name, () => new Measurement<long>(1, tag), unit, description);
                break;
            default:
                Assert.Fail($"{name} is a {original.GetType().Name}: add it here.");
                break;
        }
    }

    private static async Task<List<string>> CheckAsync(string promtool, string text)
    {
        using var process = Process.Start(new ProcessStartInfo(promtool, ["check", "metrics"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(text);
        process.StandardInput.Close();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return [.. (await output + await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    internal static string? FindOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
