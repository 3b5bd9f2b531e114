using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>Half-open circuits: who may try, for how long, and what the result means.</summary>
public sealed class CircuitBreakerTrialTests : RecoveryTest
{
    private async Task<CircuitBreaker> NewTriableAsync(Action<CircuitBreakerOptions>? configure = null)
    {
        var breaker = NewBreaker(configure);
        await FailAsync(breaker, 5);
        Time.Advance(Seconds(60));
        return breaker;
    }

    [Fact]
    public async Task Execute_HundredCallersWhenTheBreakIsOver_OneTries()
    {
        using var breaker = await NewTriableAsync();
        var work = new TaskCompletionSource<int>();
        var begun = 0;
        var calls = Enumerable.Range(0, 100).Select(_ => Task.Run(async () => await breaker.TryExecuteAsync(_ =>
        {
            Interlocked.Increment(ref begun);
            return new ValueTask<int>(work.Task);
        }))).ToList();
        await Lifecycle.Eventually.HoldsAsync(
            () => calls.Count(call => call.IsCompleted) == 99 && Volatile.Read(ref begun) > 0);

        Assert.Equal(1, begun);
        Assert.Equal(CircuitState.HalfOpen, breaker.State);
        Assert.Equal(Seconds(5), (await RejectAsync(breaker)).RetryAfter);
        work.SetResult(1);
        var results = await Task.WhenAll(calls).WaitAsync(Guard);
        Assert.Equal(99, results.Count(result => result.IsRejected && result.State == CircuitState.HalfOpen));
        Assert.Equal(CircuitState.Closed, breaker.State);
    }

    [Fact]
    public async Task Execute_TrialFails_OpensAgain()
    {
        using var breaker = await NewTriableAsync();
        await FailAsync(breaker, 1, "still down");
        Assert.Equal("still down", (await RejectAsync(breaker)).InnerException?.Message);
        Assert.Equal(2, breaker.Statistics.Opened);
    }

    [Fact]
    public async Task Execute_TrialHangs_IsGivenUpAndTheNextMayTry()
    {
        using var breaker = await NewTriableAsync();
        var trial = breaker.ExecuteAsync(static _ => HangAsync()).AsTask();
        Time.Advance(Seconds(4.9));
        Assert.Equal(CircuitState.HalfOpen, breaker.State);
        Time.Advance(Seconds(0.1));

        Assert.Equal(CircuitState.Open, breaker.State);
        var thrown = await Assert.ThrowsAsync<ExecutionTimeoutException>(() => trial.WaitAsync(Guard));
        Assert.Contains("HalfOpenTimeout", thrown.Message, StringComparison.Ordinal);
        Assert.IsType<ExecutionTimeoutException>((await RejectAsync(breaker)).InnerException);
        Time.Advance(Seconds(60));
        await SucceedAsync(breaker);
        Assert.Equal((6L, 0L), (breaker.Statistics.Failures, breaker.Statistics.Stale));
    }

    [Fact]
    public async Task Execute_TrialHangsForAMonth_RetryAfterIsNeverNegative()
    {
        using var breaker = await NewTriableAsync();

        // A permit whose holder never ends it, as work does that blocks its thread.
        Assert.True(breaker.TryEnter(out var permit, out _));
        Time.Advance(TimeSpan.FromDays(30));

        Assert.Equal(CircuitState.Open, breaker.State);
        Assert.Equal(TimeSpan.Zero, breaker.Statistics.RetryAfter);
        await SucceedAsync(breaker);
        Assert.Equal(CircuitState.Closed, breaker.State);
        breaker.Fail(permit, new InvalidOperationException("late"));
        Assert.Equal((CircuitState.Closed, 6L, 0L), (breaker.State, breaker.Statistics.Failures, breaker.Statistics.Stale));
    }

    [Fact]
    public async Task Execute_TrialHangs_TheBreakBeginsWhenItsTimeWasOver()
    {
        using var breaker = await NewTriableAsync();
        Assert.True(breaker.TryEnter(out _, out _));
        Time.Advance(Seconds(5 + 59));
        Assert.Equal(Seconds(1), (await RejectAsync(breaker)).RetryAfter);
    }

    [Fact]
    public async Task Execute_TrialIsCancelledByItsCaller_TheNextTakesItsPlace()
    {
        using var breaker = await NewTriableAsync();
        using var stop = new CancellationTokenSource();
        var trial = breaker.ExecuteAsync(ObeyAsync, stop.Token).AsTask();
        await RejectAsync(breaker);

        await stop.CancelAsync();

        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => trial.WaitAsync(Guard));
        Assert.Equal(stop.Token, thrown.CancellationToken);
        Assert.Equal(CircuitState.HalfOpen, breaker.State);
        await FailAsync(breaker);
        Assert.Equal(CircuitState.Open, breaker.State);
    }

    [Fact]
    public async Task Execute_TrialEndsWithWhatDoesNotCount_TheNextTakesItsPlace()
    {
        using var breaker = await NewTriableAsync(
            options => options.IsFailure = static failure => failure is not FormatException);
        await Assert.ThrowsAsync<FormatException>(
            () => breaker.ExecuteAsync<int>(static _ => throw new FormatException()).AsTask());
        Assert.Equal(CircuitState.HalfOpen, breaker.State);
        await SucceedAsync(breaker);
        Assert.Equal(CircuitState.Closed, breaker.State);
    }

    [Fact]
    public async Task Execute_SuccessFromBeforeTheBreak_NeitherClosesNorHelpsTheTrial()
    {
        using var breaker = NewBreaker();
        var old = new TaskCompletionSource<int>();
        var stale = breaker.ExecuteAsync(_ => new ValueTask<int>(old.Task)).AsTask();
        await FailAsync(breaker, 5);
        Time.Advance(Seconds(60));
        var work = new TaskCompletionSource<int>();
        var trial = breaker.ExecuteAsync(_ => new ValueTask<int>(work.Task)).AsTask();

        old.SetResult(1);
        Assert.Equal(1, await stale.WaitAsync(Guard));

        Assert.Equal(CircuitState.HalfOpen, breaker.State);
        work.SetException(new InvalidOperationException());
        await Assert.ThrowsAsync<InvalidOperationException>(() => trial.WaitAsync(Guard));
        Assert.Equal(CircuitState.Open, breaker.State);
        Assert.Equal(1, breaker.Statistics.Stale);
    }

    [Fact]
    public async Task Execute_FailuresFromBeforeTheBreak_DoNotOpenTheClosedCircuit()
    {
        using var breaker = NewBreaker();
        var old = new TaskCompletionSource<int>();
        var stale = Enumerable.Range(0, 10)
            .Select(_ => breaker.ExecuteAsync(_ => new ValueTask<int>(old.Task)).AsTask()).ToList();
        await FailAsync(breaker, 5);
        Time.Advance(Seconds(60));
        await SucceedAsync(breaker);

        old.SetException(new InvalidOperationException());
        foreach (var call in stale)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => call.WaitAsync(Guard));
        }

        Assert.Equal((CircuitState.Closed, 0, 10L),
            (breaker.State, breaker.Statistics.FailuresInARow, breaker.Statistics.Stale));
    }

    [Fact]
    public async Task Execute_ThreeTrials_AsManyRunAndMustSucceed()
    {
        using var breaker = await NewTriableAsync(options => options.HalfOpenTrials = 3);
        var works = Enumerable.Range(0, 3).Select(_ => new TaskCompletionSource<int>()).ToList();
        var trials = works.Select(work => breaker.ExecuteAsync(_ => new ValueTask<int>(work.Task)).AsTask()).ToList();
        await RejectAsync(breaker);
        Assert.Equal(3, breaker.Statistics.Trials);

        works[0].SetResult(1);
        works[1].SetResult(1);
        await Task.WhenAll(trials.Take(2)).WaitAsync(Guard);
        Assert.Equal(CircuitState.HalfOpen, breaker.State);
        await RejectAsync(breaker);
        works[2].SetResult(1);
        await trials[2].WaitAsync(Guard);

        Assert.Equal(CircuitState.Closed, breaker.State);
    }

    [Fact]
    public async Task Execute_OneOfThreeTrialsFails_OpensAndTheOthersDoNotCount()
    {
        using var breaker = await NewTriableAsync(options => options.HalfOpenTrials = 3);
        var work = new TaskCompletionSource<int>();
        var other = breaker.ExecuteAsync(_ => new ValueTask<int>(work.Task)).AsTask();
        await FailAsync(breaker);

        work.SetResult(1);
        await other.WaitAsync(Guard);

        Assert.Equal((CircuitState.Open, 1L), (breaker.State, breaker.Statistics.Stale));
    }

    [Fact]
    public async Task Isolate_TrialUnderWay_ItsResultDoesNotCount()
    {
        using var breaker = await NewTriableAsync();
        var work = new TaskCompletionSource<int>();
        var trial = breaker.ExecuteAsync(_ => new ValueTask<int>(work.Task)).AsTask();
        breaker.Isolate();

        work.SetResult(1);
        await trial.WaitAsync(Guard);

        Assert.Equal(CircuitState.Isolated, breaker.State);
    }

    [Fact]
    public async Task Execute_TrialObeysItsToken_IsToldWhenItsTimeIsOver()
    {
        using var breaker = await NewTriableAsync();
        var trial = breaker.ExecuteAsync(ObeyAsync).AsTask();
        Time.Advance(Seconds(5));
        await Assert.ThrowsAsync<ExecutionTimeoutException>(() => trial.WaitAsync(Guard));
        Assert.Equal(0, Time.ActiveTimers);
    }
}
