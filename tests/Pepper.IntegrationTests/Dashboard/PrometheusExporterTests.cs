using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Pepper.Resources;
using Pepper.Resources.Dashboard;

namespace Pepper.IntegrationTests.Dashboard;

public sealed class PrometheusExporterTests : IDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);
    private readonly ResourceMonitor _monitor = new();
    private readonly PrometheusExporter _exporter;

    public PrometheusExporterTests() => _exporter = new PrometheusExporter(_monitor.Meter, seriesLimit: 10);

    private Meter Meter => _monitor.Meter;

    public void Dispose()
    {
        _exporter.Dispose();
        _monitor.Dispose();
    }

    [Fact]
    public async Task Record_EightThreads_CountsExactly()
    {
        const int Threads = 8;
        const int Rounds = 100_000;
        var counter = Meter.CreateCounter<long>("test.count");
        var seconds = Meter.CreateCounter<double>("test.busy", "s");
        var histogram = CreateHistogram();
        var threads = Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                var own = new KeyValuePair<string, object?>("thread", $"t{thread % 4}");
                for (var round = 0; round < Rounds; round++)
                {
                    counter.Add(1, own, new("kind", "a"));
                    seconds.Add(0.5);
                    histogram.Record(round % 2 == 0 ? 0.5 : 2, own);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        while (!Task.WhenAll(threads).IsCompleted)
        {
            // Scrapes beside the recordings: each histogram has to be consistent in itself.
            AssertHistogramsAreConsistent(await ScrapeAsync());
        }

        await Task.WhenAll(threads).WaitAsync(Guard);
        var lines = await ScrapeAsync();
        for (var thread = 0; thread < 4; thread++)
        {
            Assert.Contains($"test_count_total{{kind=\"a\",thread=\"t{thread}\"}} {2 * Rounds}", lines);
            Assert.Contains($"test_time_seconds_bucket{{thread=\"t{thread}\",le=\"1\"}} {Rounds}", lines);
            Assert.Contains($"test_time_seconds_bucket{{thread=\"t{thread}\",le=\"+Inf\"}} {2 * Rounds}", lines);
            Assert.Contains($"test_time_seconds_sum{{thread=\"t{thread}\"}} {2.5 * Rounds}", lines);
        }

        Assert.Contains($"test_busy_seconds_total {Threads * Rounds / 2}", lines);
    }

    [Fact]
    public async Task Record_FirstTagsFromManyThreads_MakesOneSeries()
    {
        var counter = Meter.CreateCounter<long>("test.count");
        using var together = new Barrier(8);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () =>
            {
                together.SignalAndWait();
                for (var value = 0; value < 9; value++)
                {
                    counter.Add(1, new KeyValuePair<string, object?>("v", value));
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))).WaitAsync(Guard);

        var lines = await ScrapeAsync();
        var expected = Enumerable.Range(0, 9).Select(static value => $"test_count_total{{v=\"{value}\"}} 8");
        Assert.Equal(expected, SeriesOf(lines, "test_count_total"));
    }

    [Fact]
    public async Task Record_TagsInAnotherOrder_IsTheSameSeries()
    {
        var counter = Meter.CreateCounter<long>("test.count");
        for (var round = 0; round < 3; round++)
        {
            counter.Add(1, new("a", "1"), new("b", "2"));
            counter.Add(1, new("b", "2"), new("a", "1"));
            counter.Add(1, new("b", 2), new("a", 1), new("none", null));
        }

        Assert.Equal(["test_count_total{a=\"1\",b=\"2\"} 9"], SeriesOf(await ScrapeAsync(), "test_count_total"));
    }

    [Fact]
    public async Task Record_OddLabels_EscapesAndRenamesThem()
    {
        var histogram = CreateHistogram();
        histogram.Record(1, new KeyValuePair<string, object?>("le", "x"));
        var counter = Meter.CreateCounter<long>("test.count");
        counter.Add(1, new("a.b", "quote \" back \\ line \n end ü"), new("9", "digit"), new("__name__", "own"));
        counter.Add(1, new("a.b", "1"), new("a_b", "2"));
        counter.Add(1, new KeyValuePair<string, object?>("bad", new Mute()));

        var lines = await ScrapeAsync();

        Assert.Contains("test_time_seconds_bucket{le_=\"x\",le=\"1\"} 1", lines);
        Assert.Equal(
            [
                "test_count_total{_9=\"digit\",_name__=\"own\",a_b=\"quote \\\" back \\\\ line \\n end ü\"} 1",
                "test_count_total{a_b=\"1;2\"} 1",
                "test_count_total{bad=\"Mute\"} 1",
            ],
            SeriesOf(lines, "test_count_total"));
    }

    [Fact]
    public async Task Record_NotFinite_IsShownByGaugesAndKeptOutOfSums()
    {
        var gauge = Meter.CreateGauge<double>("test.gauge");
        var counter = Meter.CreateCounter<double>("test.count");
        var histogram = CreateHistogram();
        foreach (var value in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1.5e300 })
        {
            gauge.Record(value, new KeyValuePair<string, object?>("v", value.ToString(CultureInfo.InvariantCulture)));
            counter.Add(value);
            histogram.Record(value);
        }

        counter.Add(-1);
        var lines = await ScrapeAsync();

        Assert.Equal(
            [
                "test_gauge{v=\"-Infinity\"} -Inf", "test_gauge{v=\"1.5E+300\"} 1.5e+300",
                "test_gauge{v=\"Infinity\"} +Inf", "test_gauge{v=\"NaN\"} NaN",
            ],
            SeriesOf(lines, "test_gauge"));
        Assert.Contains("test_count_total 1.5e+300", lines);
        Assert.Contains("test_time_seconds_sum 1.5e+300", lines);
        Assert.Contains("test_time_seconds_count 1", lines);
    }

    [Fact]
    public async Task Record_MoreSeriesThanTheLimit_SumsUpTheRest()
    {
        var counter = Meter.CreateCounter<long>("test.count");
        for (var round = 0; round < 2; round++)
        {
            for (var value = 0; value < 25; value++)
            {
                counter.Add(1, new KeyValuePair<string, object?>("v", value));
            }
        }

        var series = SeriesOf(await ScrapeAsync(), "test_count_total");

        Assert.Equal(11, series.Count);
        Assert.Contains("test_count_total{otel_metric_overflow=\"true\"} 30", series);
        Assert.Contains("test_count_total{v=\"9\"} 2", series);
    }

    [Fact]
    public async Task Scrape_AnInstrumentFails_TheOthersAreReadAndTheFailureCounts()
    {
        Func<long> broken = static () => throw new InvalidOperationException("broken");
        Meter.CreateObservableGauge("test.bad", broken);
        Meter.CreateObservableGauge("test.good", static () => 1L);

        Assert.Contains("pepperpy_scrape_errors_total 1", await ScrapeAsync());
        var lines = await ScrapeAsync();

        Assert.Contains("pepperpy_scrape_errors_total 2", lines);
        Assert.Contains("test_good 1", lines);
        Assert.DoesNotContain(lines, static line => line.Contains("test_bad", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Scrape_WhatIsNoLongerObserved_IsForgotten()
    {
        var pools = new List<string> { "a", "b" };
        Meter.CreateObservableCounter(
            "test.waits",
            () => pools.Select(static pool => new Measurement<int>(3, new KeyValuePair<string, object?>("pool", pool))));
        Assert.Equal(2, SeriesOf(await ScrapeAsync(), "test_waits_total").Count);

        pools.Remove("a");

        Assert.Equal(["test_waits_total{pool=\"b\"} 3"], SeriesOf(await ScrapeAsync(), "test_waits_total"));
    }

    [Fact]
    public async Task Publish_NameOfAnotherSort_KeepsTheFirst()
    {
        Meter.CreateCounter<long>("test.count").Add(1);
        Meter.CreateCounter<long>("test_count_total").Add(2);
        Meter.CreateGauge<long>("test_count_total").Record(9);

        Assert.Equal(["test_count_total 3"], SeriesOf(await ScrapeAsync(), "test_count_total"));
    }

    [Fact]
    public void Record_KnownSeries_AllocatesNothing()
    {
        var counter = Meter.CreateCounter<long>("test.count");
        var histogram = CreateHistogram();
        void Record()
        {
            counter.Add(1);
            counter.Add(1, new("type", "connection"), new("pool", "orders"), new("outcome", "ok"));
            histogram.Record(0.5, new KeyValuePair<string, object?>("pool", "orders"));
            counter.Add(1, new TagList { { "type", "file" }, { "pool", "a" }, { "outcome", "ok" }, { "fourth", "4" } });
        }

        Record();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 1000; round++)
        {
            Record();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData("db.client.connection.create_time", "s", false, "db_client_connection_create_time_seconds")]
    [InlineData("pepperpy_pool_wait_time_seconds", "s", false, "pepperpy_pool_wait_time_seconds")]
    [InlineData("db.client.connection.timeouts", "{timeout}", true, "db_client_connection_timeouts_total")]
    [InlineData("pepperpy_pool_leaks_total", null, true, "pepperpy_pool_leaks_total")]
    [InlineData("work_total", "s", true, "work_seconds_total")]
    [InlineData("work_seconds_total", "s", true, "work_seconds_total")]
    [InlineData("size", "By", false, "size_bytes")]
    [InlineData("size-of/it", "1", false, "size_of_it")]
    [InlineData("speed", "m/s", false, "speed_m_s")]
    public void ToName_EachUnit_IsPrometheus(string name, string? unit, bool isCounter, string expected) =>
        Assert.Equal(expected, PrometheusNames.ToName(name, unit, isCounter));

    private static List<string> SeriesOf(IEnumerable<string> lines, string name) =>
        [.. lines.Where(line => line.StartsWith(name, StringComparison.Ordinal) && line[name.Length] is '{' or ' ')];

    private static void AssertHistogramsAreConsistent(string[] lines)
    {
        foreach (var line in lines.Where(static line => line.StartsWith("test_time_seconds_count", StringComparison.Ordinal)))
        {
            var total = line[(line.LastIndexOf(' ') + 1)..];
            var labels = line["test_time_seconds_count{".Length..line.IndexOf('}', StringComparison.Ordinal)];
            Assert.Contains($"test_time_seconds_bucket{{{labels},le=\"+Inf\"}} {total}", lines);
        }
    }

    private Histogram<double> CreateHistogram() =>
        Meter.CreateHistogram("test.time", "s", null, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [1] });

    private async Task<string[]> ScrapeAsync() => (await _exporter.ScrapeAsync().WaitAsync(Guard)).Split('\n');

    private sealed class Mute
    {
        public override string ToString() => throw new InvalidOperationException("says nothing");
    }
}
