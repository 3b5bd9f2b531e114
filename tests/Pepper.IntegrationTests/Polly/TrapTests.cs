using Pepper.Resources.Polly;
using Pepper.Resources.Recovery;
using Polly;
using Polly.CircuitBreaker;
using Polly.Hedging;
using Polly.Registry;
using Polly.Retry;
using Polly.Timeout;
using CircuitState = Pepper.Resources.Recovery.CircuitState;
using PollyState = Polly.CircuitBreaker.CircuitState;

namespace Pepper.IntegrationTests.Polly;

/// <summary>
/// Where Polly's strategies surprise, and what ours do there instead: both sides are asserted, so that a change of either is
/// noticed.
/// </summary>
public sealed class TrapTests : PollyTest
{
    /// <summary>Polly's breaker and ours, each in a pipeline, with a break of a minute, opened by two failures.</summary>
    private async Task<Pair> NewOpenAsync(bool isHalfOpenNext = true)
    {
        var pair = new Pair(Time);
        await FailAsync(pair.Polly, 2);
        await FailAsync(pair.Ours, 2);
        Assert.Equal((PollyState.Open, CircuitState.Open), pair.States);
        if (isHalfOpenNext)
        {
            Time.Advance(Seconds(60));
        }

        return pair;
    }

    [Fact]
    public async Task Trial_CancelledByItsCaller_PollyClosesAndOursFreesThePlace()
    {
        var pair = await NewOpenAsync();
        foreach (var pipeline in pair.Both)
        {
            using var stop = new CancellationTokenSource();
            var outcome = await RunAsync(pipeline, async token =>
            {
                await stop.CancelAsync();
                token.ThrowIfCancellationRequested();
                return 1;
            }, stop.Token);
            Assert.IsAssignableFrom<OperationCanceledException>(outcome.Exception);
        }

        Assert.Equal((PollyState.Closed, CircuitState.HalfOpen), pair.States);
        await FailAsync(pair.Ours, 1);
        Assert.Equal(CircuitState.Open, pair.Breaker.State);
    }

    [Fact]
    public async Task Trial_Hangs_PollyStaysHalfOpenForeverAndOursGivesItUp()
    {
        var pair = await NewOpenAsync();
        var never = new TaskCompletionSource<int>();
        foreach (var pipeline in pair.Both)
        {
            _ = RunAsync(pipeline, _ => new ValueTask<int>(never.Task));
        }

        Time.Advance(TimeSpan.FromDays(30));
        var polly = Assert.IsType<BrokenCircuitException>(
            (await RunAsync(pair.Polly, static _ => new ValueTask<int>(7))).Exception);
        Assert.Equal(TimeSpan.FromDays(-30) + Seconds(60), polly.RetryAfter);
        await SucceedAsync(pair.Ours);
        Assert.Equal((PollyState.HalfOpen, CircuitState.Closed), pair.States);
        never.SetResult(1);
    }

    [Fact]
    public async Task StaleSuccess_FromBeforeTheBreak_PollyClosesWhileTheTrialRunsAndOursIgnoresIt()
    {
        var pair = new Pair(Time);
        var old = new TaskCompletionSource<int>();
        var stale = pair.Both.Select(pipeline => RunAsync(pipeline, _ => new ValueTask<int>(old.Task))).ToArray();
        await FailAsync(pair.Polly, 2);
        await FailAsync(pair.Ours, 2);
        Time.Advance(Seconds(60));
        var trial = new TaskCompletionSource<int>();
        var trials = pair.Both.Select(pipeline => RunAsync(pipeline, _ => new ValueTask<int>(trial.Task))).ToArray();
        old.SetResult(1);
        await Task.WhenAll(stale);
        Assert.Equal((PollyState.Closed, CircuitState.HalfOpen), pair.States);

        trial.SetException(new IOException());
        await Task.WhenAll(trials);
        Assert.Equal((PollyState.Closed, CircuitState.Open), pair.States);
    }

    [Fact]
    public async Task WallClock_SetBackAnHour_PollysBreakGrowsByItAndOursDoesNot()
    {
        var pair = await NewOpenAsync(isHalfOpenNext: false);
        Time.SetUtcNow(Time.GetUtcNow() - TimeSpan.FromHours(1));
        var polly = (BrokenCircuitException)(await RunAsync(pair.Polly, static _ => new ValueTask<int>(7))).Exception!;
        var ours = (BrokenCircuitException)(await RunAsync(pair.Ours, static _ => new ValueTask<int>(7))).Exception!;
        Assert.Equal((TimeSpan.FromMinutes(61), TimeSpan.FromMinutes(1)), (polly.RetryAfter, ours.RetryAfter));
        Time.Advance(Seconds(60));
        await SucceedAsync(pair.Ours);
        Assert.IsType<BrokenCircuitException>((await RunAsync(pair.Polly, static _ => new ValueTask<int>(7))).Exception);
    }

    [Fact]
    public async Task ConsecutiveFailures_AfterASuccess_PollyStaysClosedAndOursOpens()
    {
        var pair = new Pair(Time, pollyThroughput: 5);
        foreach (var pipeline in pair.Both)
        {
            await SucceedAsync(pipeline);
            for (var i = 0; i < 20; i++)
            {
                await RunAsync(pipeline, static _ => FailAsync());
            }
        }

        Assert.Equal((PollyState.Closed, CircuitState.Open), pair.States);
    }

    [Fact]
    public async Task SlowFailures_FarApart_PollyNeverOpensAndOursDoes()
    {
        var pair = new Pair(Time, pollyThroughput: 5);
        for (var i = 0; i < 50; i++)
        {
            await RunAsync(pair.Polly, static _ => FailAsync());
            await RunAsync(pair.Ours, static _ => FailAsync());
            Time.Advance(Seconds(10));
        }

        Assert.Equal((PollyState.Closed, CircuitState.Open), pair.States);
    }

    [Fact]
    public async Task Reload_OfAnOpenCircuit_PollyForgetsItAndOursStaysOpen()
    {
        using var breaker = NewBreaker(threshold: 2);
        await using var registry = new ResiliencePipelineRegistry<string>();
        using var reload = new CancellationTokenSource();
        using var reloadOurs = new CancellationTokenSource();
        var polly = registry.GetOrAddPipeline("polly", (builder, context) =>
        {
            context.AddReloadToken(reload.Token);
            builder.AddCircuitBreaker(Pair.Options(2));
        });
        var ours = registry.GetOrAddPipeline("ours", (builder, context) =>
        {
            context.AddReloadToken(reloadOurs.Token);
            builder.AddConsecutiveCircuitBreaker(breaker);
        });
        await FailAsync(polly, 2);
        await FailAsync(ours, 2);
        Assert.IsAssignableFrom<BrokenCircuitException>((await RunAsync(polly, static _ => new ValueTask<int>(7))).Exception);

        await reload.CancelAsync();
        await reloadOurs.CancelAsync();
        await SucceedAsync(polly);
        Assert.IsType<CircuitRejectedException>((await RunAsync(ours, static _ => new ValueTask<int>(7))).Exception);
    }

    [Fact]
    public async Task Reload_WithWhatShowsTheState_PollyFailsAndNeverReloadsAgainAndOursDoes()
    {
        using var breaker = NewBreaker();
        var state = new CircuitBreakerStateProvider();
        var polly = await ReloadTwiceAsync(builder =>
        {
            var options = Pair.Options(2);
            options.StateProvider = state;
            builder.AddCircuitBreaker(options);
        });
        var ours = await ReloadTwiceAsync(builder => builder.AddConsecutiveCircuitBreaker(breaker));
        Assert.Equal((2, 3), (polly, ours));
        Assert.Equal(CircuitState.Closed, breaker.State);
    }

    [Fact]
    public async Task Retry_HandledResult_IsDisposedByBoth()
    {
        var polly = Build<DisposableResult>(static builder => builder.AddRetry(new RetryStrategyOptions<DisposableResult>
        {
            Delay = TimeSpan.Zero,
            MaxRetryAttempts = 1,
            ShouldHandle = new PredicateBuilder<DisposableResult>().HandleResult(static one => !one.IsGood),
        }));
        var ours = Build<DisposableResult>(static builder => builder.AddBudgetedRetry(
            new RetryOptions { MaxAttempts = 2, InitialDelay = TimeSpan.Zero },
            new PredicateBuilder<DisposableResult>().HandleResult(static one => !one.IsGood)));
        foreach (var pipeline in new[] { polly, ours })
        {
            List<DisposableResult> made = [];
            await RunAsync(pipeline, _ =>
            {
                made.Add(new DisposableResult(IsGood: made.Count > 0));
                return new ValueTask<DisposableResult>(made[^1]);
            });
            Assert.Equal([1, 0], made.Select(static one => one.Disposed));
        }
    }

    [Fact]
    public async Task Hedging_LoserIgnoresItsToken_PollyWaitsForItAndOurTimeoutBoundsThat()
    {
        foreach (var isBounded in new[] { false, true })
        {
            var loser = new TaskCompletionSource<int>();
            var calls = 0;
            var pipeline = Build<int>(builder =>
            {
                builder.AddHedging(new HedgingStrategyOptions<int> { Delay = TimeSpan.Zero, MaxHedgedAttempts = 1 });
                if (isBounded)
                {
                    builder.AddBoundedTimeout(new TimeoutOptions { Timeout = TimeSpan.FromMinutes(1) });
                }
            });
            var pending = RunAsync(
                pipeline, _ => Interlocked.Increment(ref calls) == 1 ? new ValueTask<int>(loser.Task) : new ValueTask<int>(2));
            await HoldsAsync(() => Volatile.Read(ref calls) == 2);
            if (isBounded)
            {
                // The loser's token is cancelled, and it is given up at once.
                Assert.Equal(2, (await pending).Result);
                continue;
            }

            Time.Advance(TimeSpan.FromDays(1));
            Assert.False(pending.IsCompleted);
            loser.SetResult(1);
            Assert.Equal(2, (await pending).Result);
        }
    }

    [Fact]
    public async Task Timeout_WorkIgnoresItsToken_PollyYieldsItsLateResultAndOursTheTimeout()
    {
        var polly = Build<int>(static builder => builder.AddTimeout(TimeSpan.FromSeconds(1)));
        var ours = Build<int>(static builder => builder.AddBoundedTimeout(
            new TimeoutOptions { Timeout = TimeSpan.FromSeconds(1) }));
        var work = new TaskCompletionSource<int>();
        var theirs = RunAsync(polly, _ => new ValueTask<int>(work.Task));
        var bounded = RunAsync(ours, _ => new ValueTask<int>(work.Task));
        Time.Advance(Seconds(15));
        Assert.IsAssignableFrom<TimeoutRejectedException>((await bounded).Exception);
        Assert.False(theirs.IsCompleted);
        work.SetResult(3);
        Assert.Equal(3, (await theirs).Result);
    }

    /// <summary>How often the pipeline was configured when it was to be reloaded twice.</summary>
    private static async Task<int> ReloadTwiceAsync(Action<ResiliencePipelineBuilder> configure)
    {
        List<CancellationTokenSource> reloads = [];
        await using var registry = new ResiliencePipelineRegistry<string>();
        var pipeline = registry.GetOrAddPipeline("reloaded", (builder, context) =>
        {
            reloads.Add(new CancellationTokenSource());
            context.AddReloadToken(reloads[^1].Token);
            configure(builder);
        });
        for (var reload = 0; reload < 2; reload++)
        {
            try
            {
                await reloads[^1].CancelAsync();
            }
            catch (Exception)
            {
                // What the configuration throws comes out here; the pipeline goes on as it was.
            }
        }

        await SucceedAsync(pipeline);
        return reloads.Count;
    }

    /// <summary>Polly's breaker and ours, as alike as they can be made.</summary>
    private sealed class Pair
    {
        private readonly CircuitBreakerStateProvider _state = new();

        internal Pair(TimeProvider time, int pollyThroughput = 2)
        {
            var options = Options(pollyThroughput);
            options.StateProvider = _state;
            Breaker = new CircuitBreaker(new CircuitBreakerOptions { Name = "tested", FailureThreshold = 2 }, time);
            Polly = new ResiliencePipelineBuilder { TimeProvider = time }.AddCircuitBreaker(options).Build();
            Ours = new ResiliencePipelineBuilder { TimeProvider = time }.AddConsecutiveCircuitBreaker(Breaker).Build();
        }

        internal CircuitBreaker Breaker { get; }

        internal ResiliencePipeline Polly { get; }

        internal ResiliencePipeline Ours { get; }

        internal ResiliencePipeline[] Both => [Polly, Ours];

        internal (PollyState Polly, CircuitState Ours) States => (_state.CircuitState, Breaker.State);

        internal static CircuitBreakerStrategyOptions Options(int throughput) => new()
        {
            FailureRatio = 1,
            MinimumThroughput = throughput,
            BreakDuration = TimeSpan.FromSeconds(60),
        };
    }
}
