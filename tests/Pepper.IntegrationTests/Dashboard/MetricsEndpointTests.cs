using System.Diagnostics.Metrics;
using Pepper.Resources;

namespace Pepper.IntegrationTests.Dashboard;

public sealed class MetricsEndpointTests
{
    private const string KnownText =
        """
        # HELP pepperpy_circuit_transitions_total Changes of a circuit's state, by the new one.
        # TYPE pepperpy_circuit_transitions_total counter
        pepperpy_circuit_transitions_total 0
        # HELP pepperpy_fallback_operations_total Fallbacks that were tried.
        # TYPE pepperpy_fallback_operations_total counter
        pepperpy_fallback_operations_total 0
        # HELP pepperpy_provider_operations_total Operations on providers.
        # TYPE pepperpy_provider_operations_total counter
        pepperpy_provider_operations_total 0
        # HELP pepperpy_resource_cleanups_total Resources cleaned up, by reason.
        # TYPE pepperpy_resource_cleanups_total counter
        pepperpy_resource_cleanups_total 0
        # HELP pepperpy_resource_duration_seconds Time that an operation on a resource took.
        # TYPE pepperpy_resource_duration_seconds histogram
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="1e-05"} 0
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="0.0001"} 0
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="0.0005"} 0
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="0.001"} 1
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="0.005"} 1
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="0.01"} 1
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="0.05"} 2
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="0.1"} 2
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="0.5"} 2
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="1"} 2
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="5"} 2
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="10"} 2
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="30"} 2
        pepperpy_resource_duration_seconds_bucket{operation="register",type="connection",le="+Inf"} 2
        pepperpy_resource_duration_seconds_sum{operation="register",type="connection"} 0.021
        pepperpy_resource_duration_seconds_count{operation="register",type="connection"} 2
        # HELP pepperpy_resource_errors_total Operations on resources that failed.
        # TYPE pepperpy_resource_errors_total counter
        pepperpy_resource_errors_total 0
        # HELP pepperpy_resource_operations_total Operations on resources.
        # TYPE pepperpy_resource_operations_total counter
        pepperpy_resource_operations_total{operation="register",success="false",type="connection"} 1
        pepperpy_resource_operations_total{operation="register",success="true",type="connection"} 2
        # HELP pepperpy_retry_attempts_total Attempts that failed, by their number.
        # TYPE pepperpy_retry_attempts_total counter
        pepperpy_retry_attempts_total 0
        # HELP pepperpy_scrape_errors_total Instruments that could not be read when they were scraped.
        # TYPE pepperpy_scrape_errors_total counter
        pepperpy_scrape_errors_total 0
        # HELP test_depth_bytes Depth of\nthe \\ queue.
        # TYPE test_depth_bytes gauge
        test_depth_bytes 4.5
        # HELP test_open test.open
        # TYPE test_open gauge
        test_open -2
        # HELP test_ratio A ratio.
        # TYPE test_ratio gauge
        test_ratio{up="true"} 0.25
        # HELP test_requests_total test.requests
        # TYPE test_requests_total counter
        test_requests_total{method="GET",path="/"} 3
        # HELP test_size_bytes Sizes.
        # TYPE test_size_bytes histogram
        test_size_bytes_bucket{le="10"} 0
        test_size_bytes_bucket{le="100"} 1
        test_size_bytes_bucket{le="+Inf"} 1
        test_size_bytes_sum 100
        test_size_bytes_count 1

        """;

    [Fact]
    public async Task Scrape_KnownRecordings_IsThisText()
    {
        await using var server = await MetricsServer.StartAsync(static monitor =>
        {
            // Before anybody listens: what is counted here is not seen, the instrument is.
            monitor.RecordOperation("early", "file");
            monitor.Meter.CreateObservableGauge("test.depth", static () => 4.5, "By", "Depth of\nthe \\ queue.");
        });
        var monitor = server.Monitor;
        monitor.RecordOperation("register", "connection", true, TimeSpan.FromMilliseconds(1));
        monitor.RecordOperation("register", "connection", true, TimeSpan.FromMilliseconds(20));
        monitor.RecordOperation("register", "connection", false, TimeSpan.FromSeconds(1));
        monitor.Meter.CreateCounter<long>("test.requests", "{request}").Add(3, new("path", "/"), new("method", "GET"));
        monitor.Meter.CreateUpDownCounter<int>("test.open").Add(-2);
        monitor.Meter.CreateGauge<double>("test.ratio", "1", "A ratio.")
            .Record(0.25, new KeyValuePair<string, object?>("up", true));
        monitor.Meter.CreateHistogram<long>("test.size", "By", "Sizes.", null, new() { HistogramBucketBoundaries = [10, 100] })
            .Record(100);

        using var response = await server.Client.GetAsync(new Uri("/metrics", UriKind.Relative));

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(KnownText.ReplaceLineEndings("\n"), await response.Content.ReadAsStringAsync());
        Assert.Equal(await server.ScrapeAsync(), await server.ScrapeAsync());
    }

    [Fact]
    public async Task Scrape_ListenerAttachedLate_ReadsTheGaugesOfNow()
    {
        var lent = 7L;
        await using var server = await MetricsServer.StartAsync(
            monitor => monitor.Meter.CreateObservableUpDownCounter("test.lent", () => Interlocked.Read(ref lent)),
            fromContainer: true);

        Assert.Contains("\ntest_lent 7\n", await server.ScrapeAsync(), StringComparison.Ordinal);
        Interlocked.Exchange(ref lent, 5);

        Assert.Contains("\ntest_lent 5\n", await server.ScrapeAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scrape_OtherMonitorOfTheSameName_IsNotHeard()
    {
        await using var server = await MetricsServer.StartAsync();
        using var other = new ResourceMonitor();
        other.RecordOperation("other", "file");

        Assert.DoesNotContain("other", await server.ScrapeAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scrape_ManyAtOnce_AllAnswerInFull()
    {
        await using var server = await MetricsServer.StartAsync();
        server.Monitor.RecordOperation("register", "file");

        var texts = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => server.ScrapeAsync()));

        Assert.All(texts, text => Assert.Equal(texts[0], text));
    }

    [Fact]
    public async Task Stop_TheHost_EndsTheListening()
    {
        await using var server = await MetricsServer.StartAsync();
        var counter = server.Monitor.Meter.CreateCounter<long>("test.count");
        Assert.True(counter.Enabled);

        await server.StopAsync();

        Assert.False(counter.Enabled);
    }
}
