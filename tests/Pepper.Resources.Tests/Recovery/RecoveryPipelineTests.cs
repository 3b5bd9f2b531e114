using System.Diagnostics;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>The strategies around each other: fallback, total timeout, retry, breaker, attempt timeout.</summary>
public sealed class RecoveryPipelineTests : RecoveryTest
{
    private TimeoutStrategy NewTimeout(string name, double seconds) =>
        new(new TimeoutOptions { Name = name, Timeout = Seconds(seconds) }, Time);

    private RecoveryPipeline NewPipeline(CircuitBreaker? breaker = null, int attempts = 3, double total = 60) => new(
        NewTimeout("total", total), NewRetry(options => options.MaxAttempts = attempts), breaker, NewTimeout("attempt", 5));

    [Fact]
    public async Task Execute_AttemptHangs_CountsForTheBreakerAndIsRetried()
    {
        using var breaker = NewBreaker();
        var attempts = 0;
        var call = NewPipeline(breaker).Idempotent
            .ExecuteAsync(_ => ++attempts == 1 ? HangAsync() : new ValueTask<int>(attempts)).AsTask();
        Time.Advance(Seconds(5));
        await Lifecycle.Eventually.HoldsAsync(() => breaker.Statistics.Failures == 1);
        await Lifecycle.Eventually.HoldsAsync(() => Time.NextTimerDue == Seconds(1));
        Time.Advance(Seconds(1));

        Assert.Equal(2, await call.WaitAsync(Guard));
        Assert.Equal(0, breaker.Statistics.FailuresInARow);
    }

    [Fact]
    public async Task Execute_EachAttempt_IsSeenByTheBreakerAndItsRejectionIsNotRetried()
    {
        using var breaker = NewBreaker(options => options.FailureThreshold = 2);
        var attempts = 0;
        var call = NewPipeline(breaker, attempts: 10).Idempotent.ExecuteAsync(_ =>
        {
            attempts++;
            return FailAsync();
        }).AsTask();
        await Lifecycle.Eventually.HoldsAsync(() => Time.NextTimerDue == Seconds(1));
        Time.Advance(Seconds(1));
        await Lifecycle.Eventually.HoldsAsync(() => Time.NextTimerDue == Seconds(2));
        Time.Advance(Seconds(2));

        await Assert.ThrowsAsync<CircuitOpenException>(() => call.WaitAsync(Guard));
        Assert.Equal(2, attempts);
    }

    [Fact]
    public async Task Execute_TotalTimeIsOver_EndsAWaitToo()
    {
        var call = NewPipeline(attempts: 100, total: 10).Idempotent.ExecuteAsync(static _ => FailAsync()).AsTask();
        foreach (var wait in new[] { 1, 2, 4 })
        {
            await Lifecycle.Eventually.HoldsAsync(() => Time.NextTimerDue == Seconds(Math.Min(wait, 10)));
            Time.Advance(Seconds(wait));
        }

        await Lifecycle.Eventually.HoldsAsync(() => Time.NextTimerDue == Seconds(3));
        Time.Advance(Seconds(3));

        var thrown = await Assert.ThrowsAsync<ExecutionTimeoutException>(() => call.WaitAsync(Guard));
        Assert.Contains("'total'", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_TotalTimeIsOver_IsNoFailureOfTheBreaker()
    {
        using var breaker = NewBreaker();
        var pipeline = new RecoveryPipeline(NewTimeout("total", 3), NewRetry(), breaker);
        var call = pipeline.ExecuteAsync(ObeyAsync).AsTask();
        Time.Advance(Seconds(3));
        await Assert.ThrowsAsync<ExecutionTimeoutException>(() => call.WaitAsync(Guard));
        await Lifecycle.Eventually.HoldsAsync(() => breaker.Statistics.Neutral == 1);
        Assert.Equal(0, breaker.Statistics.Failures);
    }

    [Fact]
    public async Task Execute_WorkThatIsNotSaidToBeIdempotent_RunsOnce()
    {
        var attempts = 0;
        await Assert.ThrowsAsync<InvalidOperationException>(() => NewPipeline().ExecuteAsync(_ =>
        {
            attempts++;
            return FailAsync();
        }).AsTask());
        Assert.Equal(1, attempts);
    }

    [Fact]
    public async Task Execute_CallerCancels_NothingElseIsTried()
    {
        using var stop = new CancellationTokenSource();
        using var breaker = NewBreaker();
        var pipeline = NewPipeline(breaker).WithFallback(
            new FallbackStrategy<int>([static _ => new ValueTask<int>(9)], null, Monitor));
        var call = pipeline.Idempotent.ExecuteAsync(ObeyAsync, stop.Token).AsTask();
        await stop.CancelAsync();

        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Guard));
        Assert.Equal(stop.Token, thrown.CancellationToken);
        await Lifecycle.Eventually.HoldsAsync(() => breaker.Statistics.Neutral == 1);
    }

    [Fact]
    public async Task Execute_EverythingFails_TheFallbackServesAndSaysSo()
    {
        var pipeline = NewPipeline(attempts: 1).WithFallback(
            new FallbackStrategy<int>([static _ => new ValueTask<int>(9)], null, Monitor));

        var result = await pipeline.Idempotent.TryExecuteAsync(static _ => FailAsync());

        Assert.Equal((9, 0), (result.Value, result.ServedBy));
        Assert.IsType<MaxRetriesExceededException>(Assert.Single(result.Failures));
        Assert.Equal(9, await pipeline.ExecuteAsync(static _ => FailAsync()));
    }

    [Fact]
    public async Task Execute_NoStrategies_RunsTheWork() =>
        Assert.Equal(3, await new RecoveryPipeline().ExecuteAsync(static (state, _) => new ValueTask<int>(state), 3));

    [Fact]
    public async Task Execute_InASpan_MarksWhatRecoveryDid()
    {
        using var breaker = NewBreaker(options => options.FailureThreshold = 1);
        var retry = NewRetry(options => options.InitialDelay = TimeSpan.Zero);
        var pipeline = new RecoveryPipeline(retry: retry, breaker: breaker)
            .WithFallback(new FallbackStrategy<int>([static _ => new ValueTask<int>(9)], null, Monitor));
        using var span = new Activity("request") { IsAllDataRequested = true };
        span.Start();

        await pipeline.Idempotent.ExecuteAsync(static _ => FailAsync());

        Assert.Equal(["recovery.retry", "recovery.rejected", "recovery.fallback"], span.Events.Select(one => one.Name));
    }
}
