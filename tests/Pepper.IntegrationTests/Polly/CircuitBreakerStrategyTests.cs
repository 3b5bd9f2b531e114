using Pepper.Resources.Polly;
using Pepper.Resources.Recovery;
using Polly;
using Polly.CircuitBreaker;
using CircuitState = Pepper.Resources.Recovery.CircuitState;

namespace Pepper.IntegrationTests.Polly;

/// <summary>Our circuit breaker in Polly's pipelines.</summary>
public sealed class CircuitBreakerStrategyTests : PollyTest
{
    private static readonly CircuitBreakerOptions Two = new() { Name = "prices", FailureThreshold = 2 };

    [Fact]
    public async Task Execute_FailuresInARow_OpensAndRejectsWithWhatPollysUsersCatch()
    {
        var pipeline = Build(static builder => builder.AddConsecutiveCircuitBreaker(Two));
        await FailAsync(pipeline, 1);
        await SucceedAsync(pipeline);
        await FailAsync(pipeline, 2);
        Time.Advance(Seconds(10));

        var thrown = await Assert.ThrowsAsync<CircuitRejectedException>(
            () => pipeline.ExecuteAsync(static _ => new ValueTask<int>(7)).AsTask());
        BrokenCircuitException polly = thrown;
        Assert.Equal(Seconds(50), polly.RetryAfter);
        Assert.Same(thrown.Rejection, polly.InnerException);
        Assert.Equal((CircuitState.Open, "down"), (thrown.Rejection.State, thrown.Rejection.InnerException?.Message));
        Assert.Equal(("tested", "prices"), (polly.TelemetrySource?.PipelineName, polly.TelemetrySource?.StrategyName));
    }

    [Fact]
    public async Task Execute_TrialAfterTheBreak_ClosesAndTelemetryHasPollysNames()
    {
        var pipeline = Build(static builder => builder.AddConsecutiveCircuitBreaker(Two));
        await FailAsync(pipeline, 2);
        Time.Advance(Seconds(60));
        await SucceedAsync(pipeline);

        await HoldsAsync(() => Telemetry.Names.Count == 3);
        Assert.Equal(["OnCircuitOpened", "OnCircuitHalfOpened", "OnCircuitClosed"], Telemetry.Names);
        Assert.All(Telemetry.Strategies, static name => Assert.Equal("prices", name));
        var opened = Assert.Single(Telemetry.Of<OnCircuitOpenedArguments<object>>("OnCircuitOpened"));
        Assert.Equal((Seconds(60), false, "down"), (opened.BreakDuration, opened.IsManual, opened.Outcome.Exception?.Message));
    }

    [Fact]
    public async Task Execute_ResultThatIsHandled_CountsAsAFailure()
    {
        using var breaker = NewBreaker(threshold: 2);
        var pipeline = Build<int>(builder => builder.AddConsecutiveCircuitBreaker(
            breaker, new PredicateBuilder<int>().Handle<IOException>().HandleResult(503)));
        Assert.Equal(503, (await RunAsync(pipeline, static _ => new ValueTask<int>(503))).Result);
        Assert.Equal(200, (await RunAsync(pipeline, static _ => new ValueTask<int>(200))).Result);
        Assert.Equal(0, breaker.Statistics.FailuresInARow);
        await RunAsync(pipeline, static _ => new ValueTask<int>(503));
        await RunAsync(pipeline, static _ => new ValueTask<int>(503));

        var rejected = Assert.IsType<CircuitRejectedException>((await RunAsync(pipeline, static _ => new(200))).Exception);
        var cause = Assert.IsType<HandledResultException>(rejected.Rejection.InnerException);
        Assert.Null(cause.Result);
    }

    [Fact]
    public async Task Execute_ExceptionThatIsNotHandled_IsNeutral()
    {
        using var breaker = NewBreaker(threshold: 2);
        var pipeline = Build(builder => builder.AddConsecutiveCircuitBreaker(
            breaker, new PredicateBuilder().Handle<IOException>()));
        await FailAsync(pipeline, 1);
        await RunAsync<int>(pipeline, static _ => throw new FormatException());
        Assert.Equal((1, 1L), (breaker.Statistics.FailuresInARow, breaker.Statistics.Neutral));
    }

    [Fact]
    public async Task Execute_PredicateThrows_TheFailureCountsAndNothingIsThrown()
    {
        using var breaker = NewBreaker();
        var pipeline = Build(builder => builder.AddConsecutiveCircuitBreaker(breaker, static _ => throw new FormatException()));
        await FailAsync(pipeline, 1);
        await SucceedAsync(pipeline);
        Assert.Equal((1L, 1L), (breaker.Statistics.Failures, breaker.Statistics.Successes));
    }

    [Fact]
    public async Task Execute_Isolated_RejectsWithPollysOwnException()
    {
        using var breaker = NewBreaker();
        var pipeline = Build(builder => builder.AddConsecutiveCircuitBreaker(breaker));
        breaker.Isolate("maintenance");
        var outcome = await RunAsync(pipeline, static _ => new ValueTask<int>(7));
        var isolated = Assert.IsType<IsolatedCircuitException>(outcome.Exception);
        Assert.Contains("maintenance", isolated.Message, StringComparison.Ordinal);
        Assert.IsType<CircuitOpenException>(isolated.InnerException);
        breaker.Reset();
        await SucceedAsync(pipeline);
        await HoldsAsync(() => Telemetry.Names.Count == 2);
        Assert.True(Assert.Single(Telemetry.Of<OnCircuitOpenedArguments<object>>("OnCircuitOpened")).IsManual);
        Assert.True(Assert.Single(Telemetry.Of<OnCircuitClosedArguments<object>>("OnCircuitClosed")).IsManual);
    }

    [Fact]
    public async Task Execute_CancelledBeforehand_DoesNotEnter()
    {
        using var breaker = NewBreaker();
        var pipeline = Build(builder => builder.AddConsecutiveCircuitBreaker(breaker));
        var context = ResilienceContextPool.Shared.Get(new CancellationToken(canceled: true));
        var outcome = await pipeline.ExecuteOutcomeAsync(
            static (_, _) => Outcome.FromResultAsValueTask(7), context, 0);
        ResilienceContextPool.Shared.Return(context);
        Assert.IsAssignableFrom<OperationCanceledException>(outcome.Exception);
        Assert.Equal(0, breaker.Statistics.Successes);
    }

    [Fact]
    public async Task Execute_BreakerDisposed_YieldsThatAsAnOutcome()
    {
        var breaker = NewBreaker();
        var pipeline = Build(builder => builder.AddConsecutiveCircuitBreaker(breaker));
        breaker.Dispose();
        Assert.IsType<ObjectDisposedException>((await RunAsync(pipeline, static _ => new ValueTask<int>(7))).Exception);
    }

    [Fact]
    public void Execute_Synchronously_Works()
    {
        var pipeline = Build(static builder => builder.AddConsecutiveCircuitBreaker(Two));
        Assert.Equal(7, pipeline.Execute(static () => 7));
        Assert.Throws<IOException>(() => pipeline.Execute(static () => throw new IOException()));
        Assert.Throws<IOException>(() => pipeline.Execute(static () => throw new IOException()));
        Assert.Throws<CircuitRejectedException>(() => pipeline.Execute(static () => 7));
    }

    [Fact]
    public void Add_FaultyOptions_TellsAllFaultsAtOnceAndAtOnce()
    {
        var thrown = Assert.Throws<ArgumentException>(() => new ResiliencePipelineBuilder().AddConsecutiveCircuitBreaker(
            new CircuitBreakerOptions { FailureThreshold = 0, ResetTimeout = TimeSpan.Zero }));
        Assert.Contains("FailureThreshold", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("ResetTimeout", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_OptionsChangedLater_HasNoEffect()
    {
        var options = Two.Copy();
        var builder = new ResiliencePipelineBuilder { TimeProvider = Time }.AddConsecutiveCircuitBreaker(options);
        options.FailureThreshold = 100;
        var pipeline = builder.Build();
        await FailAsync(pipeline, 2);
        Assert.IsType<CircuitRejectedException>((await RunAsync(pipeline, static _ => new ValueTask<int>(7))).Exception);
    }
}
