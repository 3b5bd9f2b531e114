using Pepper.Resources.Polly;
using Pepper.Resources.Recovery;
using Polly;
using Polly.Retry;
using Polly.Telemetry;

namespace Pepper.IntegrationTests.Polly;

/// <summary>Our retry with its budget in Polly's pipelines.</summary>
public sealed class BudgetedRetryStrategyTests : PollyTest
{
    private static RetryOptions Options(RetryBudget? budget = null) =>
        new() { Name = "prices", Jitter = false, Budget = budget };

    [Fact]
    public async Task Execute_FailsTwice_IsRepeatedAfterOurDelaysAndReportedAsPollyDoes()
    {
        var pipeline = Build(static builder => builder.AddBudgetedRetry(Options()));
        var attempts = 0;
        var pending = RunAsync(pipeline, _ => ++attempts < 3 ? FailAsync() : new ValueTask<int>(7));
        await PassAsync(Seconds(1));
        await PassAsync(Seconds(2));
        Assert.Equal(7, (await pending).Result);

        Assert.Equal(["OnRetry", "OnRetry"], Telemetry.Names);
        Assert.Equal(
            [(0, Seconds(1)), (1, Seconds(2))],
            Telemetry.Of<OnRetryArguments<object>>("OnRetry").Select(one => (one.AttemptNumber, one.RetryDelay)));
        Assert.Equal(
            [(0, true), (1, true), (2, false)],
            Telemetry.Of<ExecutionAttemptArguments>("ExecutionAttempt").Select(one => (one.AttemptNumber, one.Handled)));
        Assert.Equal(
            [ResilienceEventSeverity.Warning, ResilienceEventSeverity.Warning, ResilienceEventSeverity.Information],
            Telemetry.SeveritiesOf("ExecutionAttempt"));
    }

    [Fact]
    public async Task Execute_GivesUp_YieldsTheLastOutcomeAsItIs()
    {
        var pipeline = Build(static builder => builder.AddBudgetedRetry(new RetryOptions { InitialDelay = TimeSpan.Zero }));
        var attempts = 0;
        var outcome = await RunAsync(pipeline, _ => FailAsync($"{++attempts}"));
        Assert.Equal("3", Assert.IsType<IOException>(outcome.Exception).Message);
        Assert.Equal(ResilienceEventSeverity.Error, Telemetry.SeveritiesOf("ExecutionAttempt")[^1]);
    }

    [Fact]
    public async Task Execute_BudgetIsUsedUp_StopsAndSaysSo()
    {
        var budget = new RetryBudget(new RetryBudgetOptions { Capacity = 1, Ratio = 0, MinimumPerSecond = 0 }, Time);
        var pipeline = Build(builder => builder.AddBudgetedRetry(new RetryOptions { InitialDelay = TimeSpan.Zero, Budget = budget }));
        var attempts = 0;
        var outcome = await RunAsync(pipeline, _ => FailAsync($"{++attempts}"));
        Assert.Equal("2", outcome.Exception?.Message);
        Assert.Equal(["OnRetry", "OnRetryStopped"], Telemetry.Names);
        Assert.Equal([RetryStop.BudgetRefused], Telemetry.Of<RetryStop>("OnRetryStopped"));
        Assert.Equal(1, budget.Refused);
    }

    [Fact]
    public async Task Execute_HandledResults_AreRepeatedAndDisposedButForTheLast()
    {
        var pipeline = Build<DisposableResult>(static builder => builder.AddBudgetedRetry(
            new RetryOptions { InitialDelay = TimeSpan.Zero },
            static args => ValueTask.FromResult(args.Outcome.Result?.IsGood == false)));
        List<DisposableResult> results = [];
        var outcome = await RunAsync(pipeline, _ =>
        {
            results.Add(new DisposableResult(IsGood: false));
            return new ValueTask<DisposableResult>(results[^1]);
        });
        Assert.Same(results[2], outcome.Result);
        Assert.Equal([1, 1, 0], results.Select(static one => one.Disposed));
    }

    [Fact]
    public async Task Execute_HandledResult_RetryAfterCanReadIt()
    {
        var pipeline = Build<int>(static builder => builder.AddBudgetedRetry(
            new RetryOptions
            {
                MaxAttempts = 2,
                RetryAfter = static failure => failure is HandledResultException { Result: int seconds }
                    ? TimeSpan.FromSeconds(seconds) : null,
            },
            new PredicateBuilder<int>().HandleResult(17)));
        var pending = RunAsync(pipeline, static _ => new ValueTask<int>(17));
        await PassAsync(Seconds(17));
        Assert.Equal(17, (await pending).Result);
    }

    [Fact]
    public async Task Execute_ShouldHandleSaysSo_AlsoErrorsOfTheProgramAreRepeated()
    {
        var attempts = 0;
        var options = new RetryOptions { InitialDelay = TimeSpan.Zero };
        var byDefault = Build(builder => builder.AddBudgetedRetry(options));
        await RunAsync<int>(byDefault, _ => throw new ArgumentException($"{++attempts}"));
        Assert.Equal(1, attempts);
        var asked = Build(builder => builder.AddBudgetedRetry(options, new PredicateBuilder().Handle<ArgumentException>()));
        await RunAsync<int>(asked, _ => throw new ArgumentException($"{++attempts}"));
        Assert.Equal(4, attempts);
        await RunAsync(asked, _ => FailAsync($"{++attempts}"));
        Assert.Equal(5, attempts);
    }

    [Fact]
    public async Task Execute_PredicateThrows_IsNotRepeatedAndNothingIsThrown()
    {
        var attempts = 0;
        var pipeline = Build(static builder => builder.AddBudgetedRetry(Options(), static _ => throw new FormatException()));
        Assert.IsType<IOException>((await RunAsync(pipeline, _ => FailAsync($"{++attempts}"))).Exception);
        Assert.Equal(1, attempts);
    }

    [Fact]
    public async Task Execute_CancelledDuringTheDelay_IsNotExecutedAgain()
    {
        var pipeline = Build(static builder => builder.AddBudgetedRetry(Options()));
        using var stop = new CancellationTokenSource();
        var attempts = 0;
        var pending = RunAsync(pipeline, _ => FailAsync($"{++attempts}"), stop.Token);
        await HoldsAsync(() => Time.NextTimerDue is not null);
        await stop.CancelAsync();
        var cancelled = Assert.IsAssignableFrom<OperationCanceledException>((await pending).Exception);
        Assert.Equal((stop.Token, 1), (cancelled.CancellationToken, attempts));
    }

    [Fact]
    public async Task Execute_BreakerInside_ItsRejectionIsNotRepeated()
    {
        using var breaker = NewBreaker(threshold: 2);
        var pipeline = Build(builder => builder
            .AddBudgetedRetry(new RetryOptions { MaxAttempts = 10, InitialDelay = TimeSpan.Zero })
            .AddConsecutiveCircuitBreaker(breaker));
        var attempts = 0;
        Assert.IsType<CircuitRejectedException>((await RunAsync(pipeline, _ => FailAsync($"{++attempts}"))).Exception);
        Assert.Equal(2, attempts);
    }

    [Fact]
    public void Execute_Synchronously_WaitsAndRepeats()
    {
        var pipeline = new ResiliencePipelineBuilder().AddBudgetedRetry(
            new RetryOptions { InitialDelay = TimeSpan.FromMilliseconds(1), Jitter = false }).Build();
        var attempts = 0;
        Assert.Equal(7, pipeline.Execute(() => ++attempts < 3 ? throw new IOException() : 7));
    }

    [Fact]
    public void Add_FaultyOptions_TellsAllFaultsAtOnce()
    {
        var thrown = Assert.Throws<ArgumentException>(() => new ResiliencePipelineBuilder<int>().AddBudgetedRetry(
            new RetryOptions { MaxAttempts = 0, ExponentialBase = 0 }));
        Assert.Contains("MaxAttempts", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("ExponentialBase", thrown.Message, StringComparison.Ordinal);
    }
}
