using Pepper.Cli.Demo;
using Pepper.Resources;
using Pepper.Resources.Pooling;
using Spectre.Console;

namespace Pepper.IntegrationTests.Cli;

public sealed class DemoReportTests
{
    [Fact]
    public void PlainLine_Sample_HasEveryFigure() =>
        Assert.Equal(
            "12.0s orders in use 8 idle 0 waiting 24 | 5,230 op/s | wait p50 4.1 ms p95 10 ms p99 10 ms | "
            + "errors 2 | memory 64.0 MiB",
            PlainLines.Line(Sample()));

    [Fact]
    public void LiveTable_Sample_HasEveryFigure()
    {
        var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 120;

        console.Write(new LiveTable(console, "http://127.0.0.1:5080", 32).Draw(Sample()));

        string[] expected = ["orders", "audit-log", "5,230", "1,046", "24", "4.1 ms", "64 MiB", "127.0.0.1:5080/metrics"];
        foreach (var word in expected)
        {
            Assert.Contains(word, text.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(8, 8, 0, 0, true)]
    [InlineData(8, 7, 0, 1, false)]
    [InlineData(8, 8, 1, 1, false)]
    public void Summary_AfterTheEnd_CountsWhatLeaked(int created, int destroyed, int leasesOut, int leaked, bool isFine)
    {
        var pool = Pool() with { Created = created, Destroyed = destroyed };

        var summary = Summary(new DemoCounters(), pool, leasesOut);

        Assert.Equal(leaked, summary.Leaked);
        Assert.Equal(isFine, summary.IsFine);
        Assert.Contains(
            summary.Lines(),
            line => line.Contains($"created 8, destroyed {destroyed}, leaked {leaked}", StringComparison.Ordinal));
    }

    [Fact]
    public void Summary_WrongAnswerOrError_IsNotFineAndNamesIt()
    {
        var counters = new DemoCounters();
        counters.Read("order 3 is odd");
        var failed = new DemoCounters();
        failed.Failed(new InvalidOperationException("no\nluck"));

        Assert.False(Summary(counters, Pool(), 0).IsFine);
        Assert.Contains(
            Summary(counters, Pool(), 0).Lines(), static line => line.EndsWith("order 3 is odd", StringComparison.Ordinal));
        Assert.False(Summary(failed, Pool(), 0).IsFine);
        Assert.Contains(
            Summary(failed, Pool(), 0).Lines(),
            static line => line.EndsWith("InvalidOperationException: no luck", StringComparison.Ordinal));
    }

    [Fact]
    public void Counters_ManyFaults_KeepOnlyAFewInWords()
    {
        var counters = new DemoCounters();
        for (var number = 0; number < 1_000; number++)
        {
            counters.FoundWrong($"fault {number}");
        }

        Assert.Equal(1_000, counters.Wrong);
        Assert.Equal(["fault 0", "fault 1", "fault 2", "fault 3", "fault 4"], counters.Examples);
    }

    private static DemoSummary Summary(DemoCounters counters, PoolStatistics pool, int leasesOut) =>
        new(new DemoOptions(), counters, pool, TimeSpan.FromSeconds(20), leasesOut, "everything", "http://127.0.0.1:5080");

    private static DemoSample Sample()
    {
        var waits = new WaitHistogram();
        foreach (var milliseconds in (int[])[1, 4, 4, 10])
        {
            waits.Add(TimeSpan.FromMilliseconds(milliseconds));
        }

        return new DemoSample
        {
            Elapsed = TimeSpan.FromSeconds(12.04),
            Pool = Pool(),
            AuditHolders = 1,
            OperationsPerSecond = 5_230,
            AuditsPerSecond = 1_046,
            Waits = waits.Read(),
            Errors = 2,
            WorkingSet = 64 << 20,
        };
    }

    private static PoolStatistics Pool() => new()
    {
        Name = "orders",
        Type = ResourceType.Connection,
        Size = 8,
        Idle = 0,
        InUse = 8,
        Creating = 0,
        Waiting = 24,
        OldestWait = TimeSpan.Zero,
        MinSize = 1,
        MaxSize = 8,
        IsPaused = false,
        IsClosed = false,
        Acquired = 100,
        Waits = 90,
        Timeouts = 0,
        Cancellations = 0,
        Rejections = 0,
        Created = 8,
        CreateFailures = 0,
        ConsecutiveCreateFailures = 0,
        Destroyed = 8,
        Detached = 0,
        Abandoned = 0,
        Leaks = 0,
        Generation = 0,
    };
}
