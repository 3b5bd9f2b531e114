using System.Globalization;
using Microsoft.Extensions.Logging;
using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Lifecycle;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Recovery;

public sealed class RetryStrategyTests : RecoveryTest
{
    private sealed class BusyException(TimeSpan? retryAfter = null, bool? mayRetry = null) : Exception("busy"), IRetryHint
    {
        public TimeSpan? RetryAfter => retryAfter;

        public bool? MayRetry => mayRetry;
    }

    [Fact]
    public async Task Execute_FirstAttemptSucceeds_WaitsForNothing()
    {
        Assert.Equal(5, await NewRetry().ExecuteAsync(static _ => new ValueTask<int>(5)));
        Assert.Equal(0, Time.ActiveTimers);
    }

    [Fact]
    public async Task Execute_FailsTwice_WaitsOneThenTwoSeconds()
    {
        var attempts = 0;
        var call = NewRetry().ExecuteAsync(_ => ++attempts < 3 ? FailAsync() : new ValueTask<int>(attempts)).AsTask();

        await PassAsync(Seconds(1));
        await PassAsync(Seconds(2));

        Assert.Equal(3, await call.WaitAsync(Guard));
    }

    [Fact]
    public async Task Execute_AllAttemptsFail_ThrowsWithEveryFailureAndTheLastInside()
    {
        var attempts = 0;
        var call = NewRetry(options => options.Name = "orders")
            .ExecuteAsync(_ => FailAsync((++attempts).ToString(CultureInfo.InvariantCulture))).AsTask();
        await PassAsync(Seconds(1));
        await PassAsync(Seconds(2));

        var thrown = await Assert.ThrowsAsync<MaxRetriesExceededException>(() => call.WaitAsync(Guard));
        Assert.Equal(["1", "2", "3"], thrown.Failures.Select(failure => failure.Message));
        Assert.Equal(3, thrown.Attempts);
        Assert.Same(thrown.Failures[2], thrown.InnerException);
        Assert.Equal(RetryStop.AttemptsUsedUp, thrown.Reason);
        Assert.Contains("'orders'", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("MaxAttempts", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TryExecute_AllAttemptsFail_ReturnsTheFailure()
    {
        var result = await NewRetry(options => options.MaxAttempts = 1).TryExecuteAsync(_ => FailAsync());

        Assert.False(result.IsSuccess);
        Assert.Equal(1, result.Attempts);
        Assert.IsType<MaxRetriesExceededException>(result.Failure);
        Assert.Same(result.Failure, Assert.Throws<InvalidOperationException>(() => result.Value).InnerException);
        Assert.Equal(3, (await NewRetry().TryExecuteAsync(static _ => new ValueTask<int>(3))).Value);
    }

    [Fact]
    public async Task Execute_FailureThatAnotherAttemptCannotChange_IsThrownAsItIs()
    {
        var attempts = 0;

        await Assert.ThrowsAsync<ArgumentException>(() => NewRetry().ExecuteAsync<int>(_ =>
        {
            attempts++;
            throw new ArgumentException("wrong");
        }).AsTask());
        await Assert.ThrowsAsync<CircuitOpenException>(() => NewRetry().ExecuteAsync<int>(_ =>
            throw new CircuitOpenException("open", CircuitState.Open, Seconds(1))).AsTask());

        Assert.Equal(1, attempts);
    }

    [Fact]
    public async Task Execute_ShouldRetry_Decides()
    {
        List<RetryFailure> asked = [];
        var retry = NewRetry(options =>
        {
            options.InitialDelay = TimeSpan.Zero;
            options.ShouldRetry = failure =>
            {
                asked.Add(failure);
                return failure.Attempt < 2;
            };
        });

        await Assert.ThrowsAsync<InvalidOperationException>(() => retry.ExecuteAsync(_ => FailAsync()).AsTask());

        Assert.Equal([1, 2], asked.Select(failure => failure.Attempt));
        Assert.All(asked, failure => Assert.True(failure.IsIdempotent));
    }

    [Fact]
    public async Task Execute_ShouldRetryThrows_ThrowsTheFailureOfTheWork() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            NewRetry(options => options.ShouldRetry = static _ => throw new FormatException()).ExecuteAsync(_ => FailAsync())
                .AsTask());

    [Fact]
    public async Task Execute_WorkWithSideEffects_IsNotRepeated()
    {
        var attempts = 0;
        var retry = NewRetry(options => options.IsIdempotent = false);

        await Assert.ThrowsAsync<InvalidOperationException>(() => retry.ExecuteAsync(_ =>
        {
            attempts++;
            return FailAsync();
        }).AsTask());

        Assert.Equal(1, attempts);
    }

    [Fact]
    public async Task Execute_WorkWithSideEffectsThatSaysItHadNone_IsRepeated()
    {
        var attempts = 0;
        var retry = NewRetry(options => (options.IsIdempotent, options.InitialDelay) = (false, TimeSpan.Zero));

        Assert.Equal(2, await retry.ExecuteAsync<int>(
            _ => ++attempts < 2 ? throw new BusyException(mayRetry: true) : new ValueTask<int>(attempts)));
    }

    [Fact]
    public async Task Execute_FailureSaysMayNotRetry_IsNotRepeated() =>
        await Assert.ThrowsAsync<BusyException>(() =>
            NewRetry().ExecuteAsync<int>(_ => throw new BusyException(mayRetry: false)).AsTask());

    [Theory]
    [InlineData(0.5, 1)]
    [InlineData(7, 7)]
    public async Task Execute_ServerSaysRetryAfter_WaitsAtLeastThatLong(double asked, double waited)
    {
        var attempts = 0;
        var call = NewRetry().ExecuteAsync<int>(_ => ++attempts == 1
            ? throw new InvalidOperationException("outer", new BusyException(Seconds(asked)))
            : new ValueTask<int>(attempts)).AsTask();

        await PassAsync(Seconds(waited));

        Assert.Equal(2, await call.WaitAsync(Guard));
    }

    [Fact]
    public async Task Execute_ServerAsksForMoreThanTheCap_GivesUpAtOnce()
    {
        var retry = NewRetry(options => options.RetryAfter = static _ => TimeSpan.FromMinutes(2));

        var thrown = await Assert.ThrowsAsync<MaxRetriesExceededException>(() => retry.ExecuteAsync(_ => FailAsync()).AsTask());

        Assert.Equal(RetryStop.RetryAfterTooLong, thrown.Reason);
        Assert.Contains("00:02:00", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(0, Time.ActiveTimers);
    }

    [Fact]
    public async Task Execute_DelayGenerator_IsCappedByMaxDelay()
    {
        var attempts = 0;
        var call = NewRetry(options => options.DelayGenerator = static failure => failure.Attempt == 1
            ? TimeSpan.FromHours(1)
            : null).ExecuteAsync(_ => ++attempts < 3 ? FailAsync() : new ValueTask<int>(attempts)).AsTask();

        await PassAsync(Seconds(30));
        await PassAsync(Seconds(2));

        Assert.Equal(3, await call.WaitAsync(Guard));
    }

    [Fact]
    public async Task Execute_MaxElapsedTimeWouldPass_GivesUp()
    {
        var retry = NewRetry(options => (options.MaxAttempts, options.MaxElapsedTime) = (10, Seconds(2.5)));
        var call = retry.ExecuteAsync(_ => FailAsync()).AsTask();
        await PassAsync(Seconds(1));

        var thrown = await Assert.ThrowsAsync<MaxRetriesExceededException>(() => call.WaitAsync(Guard));
        Assert.Equal(RetryStop.TimeUsedUp, thrown.Reason);
        Assert.Equal(2, thrown.Attempts);
    }

    [Fact]
    public async Task Execute_CallerCancelsTheWait_EndsAtOnceWithTheCallersToken()
    {
        using var stop = new CancellationTokenSource();
        var attempts = 0;
        var call = NewRetry().ExecuteAsync(_ =>
        {
            attempts++;
            return FailAsync();
        }, stop.Token).AsTask();
        await Eventually.HoldsAsync(() => Time.ActiveTimers == 1);

        await stop.CancelAsync();

        var thrown = await Assert.ThrowsAsync<OperationCanceledException>(() => call.WaitAsync(Guard));
        Assert.Equal(stop.Token, thrown.CancellationToken);
        Assert.Equal("broken", thrown.InnerException?.Message);
        Time.Advance(Seconds(60));
        Assert.Equal(1, attempts);
    }

    [Fact]
    public async Task Execute_CallerCancelsTheWork_IsNotRetried()
    {
        using var stop = new CancellationTokenSource();
        using var metrics = new MetricRecorder(Monitor);
        var call = NewRetry().ExecuteAsync(ObeyAsync, stop.Token).AsTask();

        await stop.CancelAsync();

        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Guard));
        Assert.Equal(stop.Token, thrown.CancellationToken);
        Assert.Empty(metrics.Series("pepperpy_retry_attempts_total"));
    }

    [Fact]
    public async Task Execute_CancelledBefore_DoesNotBegin()
    {
        var begun = false;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => NewRetry().ExecuteAsync(_ =>
        {
            begun = true;
            return new ValueTask<int>(1);
        }, new CancellationToken(canceled: true)).AsTask());
        Assert.False(begun);
    }

    [Fact]
    public async Task Execute_ItsOwnTimeoutLooksLikeCancellation_IsRetried()
    {
        var attempts = 0;
        var retry = NewRetry(options => options.InitialDelay = TimeSpan.Zero);

        Assert.Equal(2, await retry.ExecuteAsync<int>(
            _ => ++attempts == 1 ? throw new TaskCanceledException() : new ValueTask<int>(attempts)));
    }

    [Fact]
    public async Task Execute_DisposableResult_IsHandedOverUntouched()
    {
        using var result = new MemoryStream();
        var got = await NewRetry().ExecuteAsync(_ => new ValueTask<MemoryStream>(result));
        Assert.True(got.CanRead);
    }

    [Fact]
    public async Task Execute_WallClockJumps_ChangesNoDelay()
    {
        var attempts = 0;
        var call = NewRetry().ExecuteAsync(_ => ++attempts == 1 ? FailAsync() : new ValueTask<int>(attempts)).AsTask();
        await Eventually.HoldsAsync(() => Time.ActiveTimers == 1);
        Time.SetUtcNow(Time.GetUtcNow().AddYears(-1));
        await PassAsync(Seconds(1));
        Assert.Equal(2, await call.WaitAsync(Guard));
    }

    [Fact]
    public async Task Execute_Retries_AreWarnedOfAndMeasured()
    {
        var log = NewLog<RetryStrategy>(throws: true);
        using var metrics = new MetricRecorder(Monitor);
        var attempts = 0;
        var retry = new RetryStrategy(new RetryOptions { Name = "orders", Jitter = false }, Time, Monitor, log);
        var call = retry.ExecuteAsync(_ => ++attempts == 1 ? FailAsync() : new ValueTask<int>(attempts)).AsTask();
        await PassAsync(Seconds(1));
        await call.WaitAsync(Guard);

        var warning = Assert.Single(log.Entries);
        Assert.Equal((1500, LogLevel.Warning), (warning.Id, warning.Level));
        Assert.Equal("00:00:01", warning.Fields["Delay"]);
        Assert.Equal("1", warning.Fields["Attempt"]);
        Assert.Equal("broken", warning.Fields["Error"]);
        Assert.Equal(
            ["pepperpy_retry_attempts_total{attempt=1,success=false}"], metrics.Series("pepperpy_retry_attempts_total"));
        Assert.Equal(
            ["pepperpy_retry_duration_seconds{attempt=2,success=true}"], metrics.Series("pepperpy_retry_duration_seconds"));
    }

    [Theory]
    [InlineData(RetryJitter.Proportional, 0, 0.5, 1)]
    [InlineData(RetryJitter.Proportional, 0.9999999, 1.5, 3)]
    [InlineData(RetryJitter.Full, 0, 0, 0)]
    [InlineData(RetryJitter.Full, 0.5, 0.5, 1)]
    [InlineData(RetryJitter.Decorrelated, 0, 1, 1)]
    [InlineData(RetryJitter.Decorrelated, 0.5, 2, 3.5)]
    public void Delay_Jitter_IsByItsFormula(RetryJitter kind, double random, double first, double second)
    {
        var options = new RetryOptions { JitterKind = kind, NextRandom = () => random };

        var one = RetryDelay.After(1, TimeSpan.Zero, options);
        Assert.Equal(first, one.TotalSeconds, 5);
        Assert.Equal(second, RetryDelay.After(2, one, options).TotalSeconds, 5);
    }

    [Fact]
    public void Delay_AnyAttemptAnyJitter_IsNeverAboveTheCap()
    {
        foreach (var kind in Enum.GetValues<RetryJitter>())
        {
            var options = new RetryOptions { JitterKind = kind, ExponentialBase = 100, NextRandom = static () => 0.9999 };
            var delay = TimeSpan.Zero;
            for (var attempt = 1; attempt <= 1000; attempt++)
            {
                delay = RetryDelay.After(attempt, delay, options);
                Assert.InRange(delay, TimeSpan.Zero, options.MaxDelay);
            }

            Assert.InRange(delay, Seconds(29.9), Seconds(30));
        }
    }

    [Fact]
    public void Constructor_FaultyOptions_ListsAllFaults()
    {
        var thrown = Assert.Throws<ArgumentException>(() => new RetryStrategy(new RetryOptions
        {
            Name = " ",
            MaxAttempts = 0,
            InitialDelay = Seconds(-1),
            ExponentialBase = double.NaN,
            MaxElapsedTime = TimeSpan.Zero,
            JitterKind = (RetryJitter)9,
        }));
        Assert.Contains("6 fault(s)", thrown.Message, StringComparison.Ordinal);
    }
}
