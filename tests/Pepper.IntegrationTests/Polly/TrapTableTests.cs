using Pepper.Resources.Polly;
using Pepper.Resources.Recovery;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using CircuitState = Pepper.Resources.Recovery.CircuitState;

namespace Pepper.IntegrationTests.Polly;

/// <summary>What a circuit, a retry and a timeout must do where it is easily done wrong, in Polly's pipelines.</summary>
public sealed class TrapTableTests : PollyTest
{
    private async Task<(ResiliencePipeline Pipeline, CircuitBreaker Breaker)> NewTriableAsync()
    {
        var breaker = NewBreaker(threshold: 1);
        var pipeline = Build(builder => builder.AddConsecutiveCircuitBreaker(
            breaker, new PredicateBuilder().Handle<IOException>()));
        await FailAsync(pipeline, 1);
        Time.Advance(Seconds(60));
        return (pipeline, breaker);
    }

    [Fact]
    public async Task HalfOpen_HundredCallers_OneEnters()
    {
        var (pipeline, breaker) = await NewTriableAsync();
        var (work, entered) = (new TaskCompletionSource<int>(), 0);
        var calls = Enumerable.Range(0, 100).Select(_ => Task.Run(() => RunAsync(pipeline, _ =>
        {
            Interlocked.Increment(ref entered);
            return new ValueTask<int>(work.Task);
        }))).ToArray();
        await HoldsAsync(() => calls.Count(static call => call.IsCompleted) == 99);
        work.SetResult(1);
        var outcomes = await Task.WhenAll(calls);
        Assert.Equal((1, 99), (entered, outcomes.Count(static one => one.Exception is BrokenCircuitException)));
        Assert.Equal(CircuitState.Closed, breaker.State);
    }

    [Fact]
    public async Task Trial_EndsWithAFailureThatIsIgnored_ItsPlaceIsFree()
    {
        var (pipeline, breaker) = await NewTriableAsync();
        await RunAsync<int>(pipeline, static _ => throw new FormatException());
        Assert.Equal(CircuitState.HalfOpen, breaker.State);
        await SucceedAsync(pipeline);
        Assert.Equal(CircuitState.Closed, breaker.State);
    }

    [Fact]
    public async Task Trial_Undecided_ReopensWhenItsTimeIsOver()
    {
        var (pipeline, breaker) = await NewTriableAsync();
        var never = new TaskCompletionSource<int>();
        var trial = RunAsync(pipeline, _ => new ValueTask<int>(never.Task));
        Time.Advance(Seconds(5));
        Assert.Equal(CircuitState.Open, breaker.State);
        never.SetResult(1);
        Assert.Equal(1, (await trial).Result);
        Assert.Equal(CircuitState.Open, breaker.State);
    }

    [Fact]
    public async Task Cancellation_OfExecutions_DoesNotMoveTheCircuit()
    {
        using var breaker = NewBreaker(threshold: 2);
        var pipeline = Build(builder => builder.AddConsecutiveCircuitBreaker(breaker));
        for (var i = 0; i < 10; i++)
        {
            using var stop = new CancellationTokenSource();
            await RunAsync(pipeline, async _ =>
            {
                await stop.CancelAsync();
                return await FailAsync();
            }, stop.Token);
        }

        Assert.Equal((CircuitState.Closed, 0, 10L),
            (breaker.State, breaker.Statistics.FailuresInARow, breaker.Statistics.Neutral));
    }

    [Fact]
    public async Task Generations_ResultOfAnOldOne_IsIgnored()
    {
        using var breaker = NewBreaker(threshold: 1);
        var pipeline = Build(builder => builder.AddConsecutiveCircuitBreaker(breaker));
        var old = new TaskCompletionSource<int>();
        var stale = RunAsync(pipeline, _ => new ValueTask<int>(old.Task));
        await FailAsync(pipeline, 1);
        Time.Advance(Seconds(60));
        await SucceedAsync(pipeline);
        old.SetException(new IOException());
        await stale;
        Assert.Equal((CircuitState.Closed, 1L), (breaker.State, breaker.Statistics.Stale));
    }

    [Fact]
    public async Task Timeout_CallerCancelsAfterItFired_TheCallerWins()
    {
        var pipeline = Build(static builder => builder.AddBoundedTimeout(new TimeoutOptions
        {
            Timeout = TimeSpan.FromSeconds(1),
            CancellationGrace = TimeSpan.FromSeconds(100),
        }));
        using var stop = new CancellationTokenSource();
        var (begun, work) = (new TaskCompletionSource<CancellationToken>(), new TaskCompletionSource<int>());
        var pending = RunAsync(pipeline, token =>
        {
            begun.SetResult(token);
            return new ValueTask<int>(work.Task);
        }, stop.Token);
        var seen = await begun.Task.WaitAsync(Guard);
        Time.Advance(Seconds(1));
        await HoldsAsync(() => seen.IsCancellationRequested);
        await stop.CancelAsync();
        work.SetException(new OperationCanceledException(seen));
        Assert.IsAssignableFrom<OperationCanceledException>((await pending).Exception);
    }

    [Fact]
    public async Task Order_TotalTimeoutAroundRetryAroundBreakerAroundAttemptTimeout_EachDoesItsPart()
    {
        using var breaker = NewBreaker(threshold: 2);
        var pipeline = Build<int>(builder => builder
            .AddFallbackList([new Fallback<int>(static _ => new ValueTask<int>(-1))])
            .AddBoundedTimeout(new TimeoutOptions { Name = "total", Timeout = TimeSpan.FromSeconds(100) })
            .AddBudgetedRetry(new RetryOptions { MaxAttempts = 10, InitialDelay = TimeSpan.Zero })
            .AddConsecutiveCircuitBreaker(breaker)
            .AddBoundedTimeout(new TimeoutOptions { Name = "attempt", Timeout = TimeSpan.FromSeconds(1) }));
        var attempts = 0;
        var pending = RunAsync(pipeline, _ =>
        {
            Interlocked.Increment(ref attempts);
            return new ValueTask<int>(new TaskCompletionSource<int>().Task);
        });
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            await HoldsAsync(() => Volatile.Read(ref attempts) == attempt);
            Time.Advance(Seconds(1));
        }

        Assert.Equal(-1, (await pending).Result);
        Assert.Equal((2, CircuitState.Open), (attempts, breaker.State));
        Assert.IsAssignableFrom<TimeoutRejectedException>(breaker.Statistics.LastFailure);
    }

    [Fact]
    public async Task NotIdempotent_PollyRepeatsByDefaultAndOursOnlyWhatHadNoEffect()
    {
        var polly = Build(static builder => builder.AddRetry(new RetryStrategyOptions { Delay = TimeSpan.Zero }));
        var ours = Build(static builder => builder.AddBudgetedRetry(
            new RetryOptions { InitialDelay = TimeSpan.Zero, IsIdempotent = false }));
        var (theirs, mine, harmless) = (0, 0, 0);
        await RunAsync(polly, _ => FailAsync($"{++theirs}"));
        await RunAsync(ours, _ => FailAsync($"{++mine}"));
        await RunAsync<int>(ours, _ => throw new HarmlessException($"{++harmless}"));
        Assert.Equal((4, 1, 3), (theirs, mine, harmless));
    }

    [Fact]
    public async Task Delay_ExponentialWithJitter_PollysLeavesTheBandAndOursIsWithinItAndTheCap()
    {
        var (polly, ours) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var round = 0; round < 300; round++)
        {
            polly.Add(await DelayOfAsync(static builder => builder.AddRetry(new RetryStrategyOptions
            {
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromSeconds(1),
            })));
            ours.Add(await DelayOfAsync(static builder => builder.AddBudgetedRetry(
                new RetryOptions { InitialDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(1.2) })));
        }

        Assert.Contains(polly, static delay => delay < TimeSpan.FromSeconds(0.5));
        Assert.All(ours, static delay => Assert.InRange(delay, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1.2)));
        Assert.Contains(ours, static delay => delay == TimeSpan.FromSeconds(1.2));
    }

    [Fact]
    public async Task DelayGenerator_BeyondTheCap_PollyIgnoresTheCapAndOursHoldsIt()
    {
        var polly = await DelayOfAsync(static builder => builder.AddRetry(new RetryStrategyOptions
        {
            MaxDelay = TimeSpan.FromSeconds(1),
            DelayGenerator = static _ => ValueTask.FromResult<TimeSpan?>(TimeSpan.FromMinutes(5)),
        }));
        var ours = await DelayOfAsync(static builder => builder.AddBudgetedRetry(new RetryOptions
        {
            MaxDelay = TimeSpan.FromSeconds(1),
            DelayGenerator = static _ => TimeSpan.FromMinutes(5),
        }));
        Assert.Equal((TimeSpan.FromMinutes(5), Seconds(1)), (polly, ours));
    }

    /// <summary>The delay before the second attempt.</summary>
    private async Task<TimeSpan> DelayOfAsync(Action<ResiliencePipelineBuilder> configure)
    {
        var recorder = new TelemetryRecorder();
        var builder = new ResiliencePipelineBuilder { TimeProvider = Time, TelemetryListener = recorder };
        configure(builder);
        using var stop = new CancellationTokenSource();
        var pending = RunAsync(builder.Build(), static _ => FailAsync(), stop.Token);
        await HoldsAsync(() => recorder.Names.Count == 1);
        await stop.CancelAsync();
        await pending;
        return Assert.Single(recorder.Of<OnRetryArguments<object>>("OnRetry")).RetryDelay;
    }

    private sealed class HarmlessException(string message) : Exception(message), IRetryHint
    {
        public bool? MayRetry => true;
    }
}
