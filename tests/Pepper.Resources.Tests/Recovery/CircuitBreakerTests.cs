using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>When a circuit opens, for how long, and what people see of it.</summary>
public sealed class CircuitBreakerTests : RecoveryTest
{
    [Fact]
    public async Task Execute_FiveFailuresInARow_Opens()
    {
        using var breaker = NewBreaker();
        await FailAsync(breaker, 4);
        Assert.Equal(CircuitState.Closed, breaker.State);

        await FailAsync(breaker, 1, "the last straw");

        Assert.Equal(CircuitState.Open, breaker.State);
        var rejected = await RejectAsync(breaker);
        Assert.Equal(Seconds(60), rejected.RetryAfter);
        Assert.Equal(CircuitState.Open, rejected.State);
        Assert.Equal("the last straw", rejected.InnerException?.Message);
        Assert.Contains("the last straw", rejected.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_SuccessBetweenFailures_BeginsToCountAnew()
    {
        using var breaker = NewBreaker();
        for (var round = 0; round < 10; round++)
        {
            await FailAsync(breaker, 4);
            await SucceedAsync(breaker);
        }

        Assert.Equal(CircuitState.Closed, breaker.State);
        Assert.Equal(0, breaker.Statistics.FailuresInARow);
    }

    [Fact]
    public async Task Execute_FailuresFarApart_OpenAllTheSame()
    {
        using var breaker = NewBreaker();
        await SucceedAsync(breaker);
        for (var i = 0; i < 5; i++)
        {
            await FailAsync(breaker);
            Time.Advance(TimeSpan.FromHours(10));
        }

        Assert.Equal(1, breaker.Statistics.Opened);
    }

    [Fact]
    public async Task Execute_Open_DoesNotBeginTheWork()
    {
        using var breaker = NewBreaker();
        await FailAsync(breaker, 5);
        var begun = false;

        await Assert.ThrowsAsync<CircuitOpenException>(() => breaker.ExecuteAsync(_ =>
        {
            begun = true;
            return new ValueTask<int>(1);
        }).AsTask());

        Assert.False(begun);
    }

    [Fact]
    public async Task TryExecute_Open_RejectsWithoutThrowing()
    {
        using var breaker = NewBreaker();
        Assert.Equal(7, (await breaker.TryExecuteAsync(static _ => new ValueTask<int>(7))).Value);
        await FailAsync(breaker, 5);
        Time.Advance(Seconds(20));

        var result = await breaker.TryExecuteAsync(static _ => new ValueTask<int>(7));

        Assert.True(result.IsRejected);
        Assert.Equal(CircuitState.Open, result.State);
        Assert.Equal(Seconds(40), result.RetryAfter);
        Assert.Equal("broken", result.Cause?.Message);
        Assert.Equal(Seconds(40), Assert.Throws<CircuitOpenException>(() => result.Value).RetryAfter);
    }

    [Fact]
    public async Task Execute_WallClockJumps_ChangesNothing()
    {
        using var breaker = NewBreaker(options => options.ResetTimeout = Seconds(1));
        await FailAsync(breaker, 5);
        Time.SetUtcNow(Time.GetUtcNow().AddHours(-1));
        Assert.Equal(Seconds(1), (await RejectAsync(breaker)).RetryAfter);
        Time.SetUtcNow(Time.GetUtcNow().AddDays(30));
        Assert.Equal(Seconds(1), (await RejectAsync(breaker)).RetryAfter);

        Time.Advance(Seconds(1));

        await SucceedAsync(breaker);
        Assert.Equal(CircuitState.Closed, breaker.State);
    }

    [Fact]
    public async Task Execute_CallerCancels_NeverCounts()
    {
        using var breaker = NewBreaker(options => options.FailureThreshold = 1);
        using var stop = new CancellationTokenSource();
        var obedient = breaker.ExecuteAsync(ObeyAsync, stop.Token).AsTask();
        var work = new TaskCompletionSource<int>();
        var other = breaker.ExecuteAsync(_ => new ValueTask<int>(work.Task), stop.Token).AsTask();
        await stop.CancelAsync();
        work.SetException(new IOException("the socket was closed, as the caller cancelled"));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => obedient.WaitAsync(Guard));
        await Assert.ThrowsAsync<IOException>(() => other.WaitAsync(Guard));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => breaker.ExecuteAsync(ObeyAsync, stop.Token).AsTask());

        var statistics = breaker.Statistics;
        Assert.Equal((CircuitState.Closed, 0L, 2L), (statistics.State, statistics.Failures, statistics.Neutral));
    }

    [Fact]
    public async Task Execute_CancellationThatIsNotTheCallers_Counts()
    {
        using var breaker = NewBreaker(options => options.FailureThreshold = 1);
        await Assert.ThrowsAsync<TaskCanceledException>(() => breaker.ExecuteAsync<int>(
            static _ => throw new TaskCanceledException("HTTP timed out")).AsTask());
        Assert.Equal(CircuitState.Open, breaker.State);
    }

    [Fact]
    public async Task Execute_FailureThatDoesNotCount_IsNeutral()
    {
        using var breaker = NewBreaker(options =>
            (options.FailureThreshold, options.IsFailure) = (2, static failure => failure is not FormatException));
        await FailAsync(breaker);
        await Assert.ThrowsAsync<FormatException>(
            () => breaker.ExecuteAsync<int>(static _ => throw new FormatException()).AsTask());
        Assert.Equal(1, breaker.Statistics.FailuresInARow);
        await FailAsync(breaker);
        Assert.Equal(CircuitState.Open, breaker.State);
    }

    [Fact]
    public async Task Execute_ClassifierThrows_CountsTheFailure()
    {
        using var breaker = NewBreaker(options =>
            (options.FailureThreshold, options.IsFailure) = (1, static _ => throw new FormatException()));
        await FailAsync(breaker);
        Assert.Equal(CircuitState.Open, breaker.State);
    }

    [Fact]
    public async Task Execute_TrialsKeepFailing_BreaksGrowToTheirMaximumAndBeginAnewAfterASuccess()
    {
        using var breaker = NewBreaker(options => (options.FailureThreshold, options.ResetTimeout, options.ResetTimeoutGrowth,
            options.MaxResetTimeout) = (1, Seconds(1), 3, Seconds(20)));
        foreach (var length in new[] { 1, 3, 9, 20, 20 })
        {
            await FailAsync(breaker);
            Assert.Equal(Seconds(length), (await RejectAsync(breaker)).RetryAfter);
            Time.Advance(Seconds(length));
        }

        await SucceedAsync(breaker);
        await FailAsync(breaker);
        Assert.Equal(Seconds(1), (await RejectAsync(breaker)).RetryAfter);
    }

    [Theory]
    [InlineData(0, 48)]
    [InlineData(0.5, 60)]
    [InlineData(0.999999, 72)]
    public async Task Execute_Jitter_SpreadsTheBreak(double random, double seconds)
    {
        using var breaker = NewBreaker(options =>
            (options.FailureThreshold, options.ResetTimeoutJitter, options.NextRandom) = (1, 0.2, () => random));
        await FailAsync(breaker);
        Assert.Equal(seconds, (await RejectAsync(breaker)).RetryAfter.TotalSeconds, 3);
    }

    [Fact]
    public async Task Isolate_UntilReset_RejectsEverything()
    {
        using var breaker = NewBreaker();
        breaker.Isolate("maintenance");
        breaker.Isolate("again");
        Time.Advance(TimeSpan.FromDays(1));

        var rejected = await RejectAsync(breaker);
        Assert.Equal((CircuitState.Isolated, Timeout.InfiniteTimeSpan), (rejected.State, rejected.RetryAfter));
        Assert.Contains("(maintenance)", rejected.Message, StringComparison.Ordinal);

        breaker.Reset();
        await SucceedAsync(breaker);
        Assert.Equal(2, breaker.Statistics.Transitions);
    }

    [Fact]
    public async Task Reset_OpenOrWithFailures_BeginsAnew()
    {
        using var breaker = NewBreaker();
        await FailAsync(breaker, 5);
        breaker.Reset();
        Assert.Equal(CircuitState.Closed, breaker.State);
        await FailAsync(breaker, 4);
        breaker.Reset();
        await FailAsync(breaker, 4);
        Assert.Equal(CircuitState.Closed, breaker.State);
    }

    [Fact]
    public async Task Reconfigure_Open_KeepsTheState()
    {
        using var breaker = NewBreaker();
        await FailAsync(breaker, 5);
        Time.Advance(Seconds(10));

        breaker.Reconfigure(new CircuitBreakerOptions { ResetTimeout = Seconds(5), FailureThreshold = 1 });

        Assert.Equal(Seconds(50), (await RejectAsync(breaker)).RetryAfter);
        Time.Advance(Seconds(50));
        await SucceedAsync(breaker);
        await FailAsync(breaker);
        Assert.Equal(Seconds(5), (await RejectAsync(breaker)).RetryAfter);
        Assert.Throws<ArgumentException>(() => breaker.Reconfigure(new CircuitBreakerOptions { Name = "other" }));
    }

    [Fact]
    public void Constructor_NothingHappens_NoTimerExists()
    {
        using var breaker = NewBreaker();
        Assert.Equal(0, Time.ActiveTimers);
    }

    [Fact]
    public async Task Dispose_LaterCalls_AreRefusedAndThoseUnderWayEnd()
    {
        using var metrics = new MetricRecorder(Monitor);
        var breaker = NewBreaker();
        var work = new TaskCompletionSource<int>();
        var call = breaker.ExecuteAsync(_ => new ValueTask<int>(work.Task)).AsTask();

        breaker.Dispose();
        breaker.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(
            async () => await breaker.ExecuteAsync(static _ => new ValueTask<int>(1)));
        await Assert.ThrowsAsync<ObjectDisposedException>(
            async () => await breaker.TryExecuteAsync(static _ => new ValueTask<int>(1)));
        Assert.Throws<ObjectDisposedException>(breaker.Reset);
        Assert.Throws<ObjectDisposedException>(() => breaker.Subscribe(static _ => { }));
        work.SetResult(4);
        Assert.Equal(4, await call.WaitAsync(Guard));
        Assert.Empty(metrics.Observe("pepperpy_circuit_state"));
    }

    [Fact]
    public async Task Metrics_Transitions_AreCountedAndTheStateIsRead()
    {
        using var metrics = new MetricRecorder(Monitor);
        using var breaker = NewBreaker(options => options.Name = "db");
        double State() => metrics.Observe("pepperpy_circuit_state")["pepperpy_circuit_state{name=db}"];

        Assert.Equal(0, State());
        await FailAsync(breaker, 5);
        Assert.Equal(2, State());
        Time.Advance(Seconds(60));
        Assert.Equal(2, State());
        await SucceedAsync(breaker);
        Assert.Equal(0, State());
        breaker.Isolate();
        Assert.Equal(3, State());

        Assert.Equal(
            ["closed", "half_open", "isolated", "open"],
            metrics.Series("pepperpy_circuit_transitions_total").Select(series => series.Split("to=")[1].TrimEnd('}')));
        Assert.Equal(1, metrics.Count("pepperpy_circuit_transitions_total{name=db,to=open}"));
    }

    [Fact]
    public async Task Statistics_AllOutcomes_AreCounted()
    {
        using var breaker = NewBreaker();
        await SucceedAsync(breaker, 3);
        await FailAsync(breaker, 5);
        await RejectAsync(breaker);

        var statistics = breaker.Statistics;
        Assert.Equal((3L, 5L, 1L), (statistics.Successes, statistics.Failures, statistics.Rejected));
        Assert.Equal((1L, 1L, 2L), (statistics.Opened, statistics.Transitions, statistics.Generation));
        Assert.Equal("broken", statistics.LastFailure?.Message);
        Assert.Equal(Seconds(60), statistics.RetryAfter);
    }

    [Fact]
    public void Constructor_FaultyOptions_ListsAllFaults()
    {
        var thrown = Assert.Throws<ArgumentException>(() => NewBreaker(options =>
        {
            options.Name = "";
            options.FailureThreshold = 0;
            options.MaxResetTimeout = Seconds(1);
            options.ResetTimeoutGrowth = 0.5;
            options.ResetTimeoutJitter = 2;
            options.HalfOpenTimeout = TimeSpan.Zero;
            options.HalfOpenTrials = 0;
            options.FailureRatio = 0;
            options.SlowCallThreshold = TimeSpan.Zero;
            options.SlowCallRatio = 1.1;
            options.Window = TimeSpan.FromMilliseconds(1);
            options.MinimumCalls = 0;
        }));
        Assert.Contains("12 fault(s)", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("must not be below ResetTimeout (00:01:00)", thrown.Message, StringComparison.Ordinal);
    }
}
