using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pepper.IntegrationTests.Cli;

public sealed partial class DemoProcessTests
{
    private const string Small = "--orders 2000";

    // What is promised from a signal to the end.
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Demo_LeftAlone_ChecksItselfCleansUpAndExits0()
    {
        await using var demo = DemoProcess.Start($"{Small} --duration 2500ms --clients 12 --seed 3 --urls http://127.0.0.1:0");

        Assert.Equal(0, await demo.WaitForExitAsync());

        Assert.Empty(demo.Error);
        Assert.Matches(PlainLine(), demo.Output);
        var connections = Connections().Match(demo.Output);
        Assert.True(connections.Success, demo.Output);
        Assert.InRange(int.Parse(connections.Groups["created"].Value, CultureInfo.InvariantCulture), 1, 1_000);
        Assert.Equal(connections.Groups["created"].Value, connections.Groups["destroyed"].Value);
        Assert.Equal("0", connections.Groups["leaked"].Value);
        Assert.Contains("12 clients, seed 3", demo.Output, StringComparison.Ordinal);
        Assert.EndsWith("Nothing leaked, nothing wrong.\n", demo.Output, StringComparison.Ordinal);
        Assert.Empty(demo.Left);
    }

    [Fact]
    public async Task Demo_WhileItRuns_ShowsItsMetricsHealthAndSnapshot()
    {
        var address = new Uri($"http://127.0.0.1:{DemoProcess.FreePort()}");
        await using var demo = DemoProcess.Start($"{Small} --duration 60s --clients 24 --urls {address.OriginalString}");
        await demo.WaitForAsync("op/s");
        using var client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };

        Assert.Equal("Healthy\n", await client.GetStringAsync(new Uri("/health/live", UriKind.Relative)));
        var ready = await client.GetStringAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.StartsWith("Healthy", ready, StringComparison.Ordinal);
        Assert.Contains("/metrics", await client.GetStringAsync(new Uri("/", UriKind.Relative)), StringComparison.Ordinal);

        var metrics = await client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Assert.InRange(Value(metrics, "pepperpy_resources_total{pool=\"orders\",type=\"connection\"}"), 1, 8);
        Assert.InRange(Value(metrics, "pepperpy_resources_in_use{pool=\"orders\",type=\"connection\"}"), 0, 8);
        Assert.InRange(Value(metrics, "pepperpy_pool_pending_requests{pool=\"orders\"}"), 0, 24);
        const string Acquisition = "pepperpy_resource_acquisition_seconds";
        const string Labels = "{outcome=\"ok\",pool=\"orders\",type=\"connection\"}";
        Assert.True(Value(metrics, $"{Acquisition}_count{Labels}") > 100);
        Assert.True(Value(metrics, $"{Acquisition}_sum{Labels}") > 0);
        Assert.DoesNotContain("\npepperpy_resource_errors_total{", metrics, StringComparison.Ordinal);

        using var snapshot = JsonDocument.Parse(await client.GetStringAsync(new Uri("/api/snapshot", UriKind.Relative)));
        var text = snapshot.RootElement.ToString();
        Assert.Contains("\"orders\"", text, StringComparison.Ordinal);
        Assert.Contains("\"audit-log\"", text, StringComparison.Ordinal);

        await demo.SignalAsync("INT");
        Assert.Equal(0, await demo.WaitForExitAsync(Promised));
    }

    [Fact]
    public async Task Demo_WhileTheDatabaseIsMade_IsAliveButNotReady()
    {
        var address = new Uri($"http://127.0.0.1:{DemoProcess.FreePort()}");
        await using var demo = DemoProcess.Start($"--orders 10000000 --urls {address.OriginalString}");
        await demo.WaitForAsync("making a database");
        using var client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };

        Assert.Equal("Healthy\n", await client.GetStringAsync(new Uri("/health/live", UriKind.Relative)));
        using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);

        await demo.SignalAsync("TERM");
        Assert.Equal(0, await demo.WaitForExitAsync(Promised));
        Assert.Empty(demo.Left);
    }

    [Theory]
    [InlineData("making a database", "--orders 10000000")]
    [InlineData("op/s", "--orders 20000 --duration 60s --clients 100")]
    [InlineData("The clients are done", "--orders 400000 --duration 300ms --clients 50")]
    public async Task Demo_Interrupted_EndsCleanlyInTime(string when, string arguments)
    {
        await using var demo = DemoProcess.Start($"{arguments} --urls http://127.0.0.1:0");
        await demo.WaitForAsync(when);
        Assert.Single(demo.Left);

        await demo.SignalAsync("INT");

        Assert.Equal(0, await demo.WaitForExitAsync(Promised));
        Assert.Empty(demo.Left);
        Assert.Empty(demo.Error);
        Assert.Contains("othing", demo.Output.Split('\n')[^2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_PortTaken_IsOneLineAndExitCode2()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var url = $"http://{taken.LocalEndpoint}";
        await using var demo = DemoProcess.Start($"{Small} --urls {url}");

        Assert.Equal(2, await demo.WaitForExitAsync());

        Assert.Equal($"pepper: --urls {url}: the address is in use; choose another with --urls\n", demo.Error);
        Assert.Empty(demo.Output);
        Assert.Empty(demo.Left);
    }

    [Fact]
    public async Task Demo_InterruptedThoughItWasStartedToIgnoreIt_EndsCleanly()
    {
        // As a shell script does with what it starts in the background.
        await using var demo = DemoProcess.StartIgnoringInterrupts("--orders 10000000 --urls http://127.0.0.1:0");
        await demo.WaitForAsync("making a database");

        await demo.SignalAsync("INT");

        Assert.Equal(0, await demo.WaitForExitAsync(Promised));
        Assert.Empty(demo.Left);
    }

    [Fact]
    public async Task Demo_InterruptedTwice_LeavesAtOnceAndTakesItsFolderAlong()
    {
        await using var demo = DemoProcess.Start($"{Small} --duration 60s --urls http://127.0.0.1:0");
        await demo.WaitForAsync("op/s");

        // Two different signals, as two alike at the same moment are one.
        await demo.SignalAsync("INT");
        await demo.SignalAsync("TERM", mayBeGone: true);

        // Zero when it was through before the second came.
        Assert.Contains(await demo.WaitForExitAsync(Promised), (int[])[0, 130]);
        Assert.Empty(demo.Left);
    }

    [Fact]
    public async Task Demo_BadOption_IsOneLineAndExitCode2()
    {
        await using var demo = DemoProcess.Start("--clients none");

        Assert.Equal(2, await demo.WaitForExitAsync());

        Assert.Equal("pepper: --clients none: a whole number from 1 to 1000 is needed.\n", demo.Error);
        Assert.Empty(demo.Output);
        Assert.Empty(demo.Left);
    }

    private static double Value(string metrics, string series)
    {
        var line = metrics.Split('\n').SingleOrDefault(line => line.StartsWith(series + " ", StringComparison.Ordinal));
        Assert.True(line is not null, $"{series} is not in the metrics:\n{metrics}");
        return double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(
        @"^\d+\.\ds orders in use [0-8] idle [0-8] waiting \d+ \| [\d,]+ op/s \| "
        + @"wait p50 \S+ ms p95 \S+ ms p99 \S+ ms \| errors 0 \|",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        5_000)]
    private static partial Regex PlainLine();

    [GeneratedRegex(
        @"connections +created (?<created>\d+), destroyed (?<destroyed>\d+), leaked (?<leaked>\d+)",
        RegexOptions.ExplicitCapture,
        5_000)]
    private static partial Regex Connections();
}
