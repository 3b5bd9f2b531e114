using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>Retries whose attempts are run by hand.</summary>
public sealed class RetryCallTests : RecoveryTest
{
    [Fact]
    public void TryFail_UntilTheAttemptsAreUsedUp_TellsEachDelayAndThenWhy()
    {
        var call = NewRetry().Begin();
        var (first, second, last) = (new IOException("1"), new IOException("2"), new IOException("3"));
        Assert.True(call.TryFail(first, out var delay));
        Assert.Equal(Seconds(1), delay);
        Assert.True(call.TryFail(second, out delay));
        Assert.Equal(Seconds(2), delay);
        Assert.Null(call.Failure);
        Assert.False(call.TryFail(last, out delay));
        Assert.Equal((TimeSpan.Zero, 3), (delay, call.FailedAttempts));
        var thrown = Assert.IsType<MaxRetriesExceededException>(call.Failure);
        Assert.Equal([first, second, last], thrown.Failures);
        Assert.Throws<InvalidOperationException>(() => call.TryFail(last, out _));
    }

    [Fact]
    public void TryFail_WithWhatIsNotWorthAnother_TellsItAsItIs()
    {
        var call = NewRetry().Begin();
        var failure = new ArgumentException("wrong");
        Assert.False(call.TryFail(failure, out _));
        Assert.Same(failure, call.Failure);
    }

    [Fact]
    public void TryFail_BudgetRefuses_SaysSo()
    {
        var budget = new RetryBudget(new RetryBudgetOptions { Capacity = 1, MinimumPerSecond = 0, Ratio = 0 }, Time);
        var call = NewRetry(options => options.Budget = budget).Begin();
        Assert.True(call.TryFail(new IOException(), out _));
        Assert.False(call.TryFail(new IOException(), out _));
        Assert.Equal(RetryStop.BudgetRefused, Assert.IsType<MaxRetriesExceededException>(call.Failure).Reason);
        Assert.Equal((1L, 1L), (budget.Granted, budget.Refused));
    }

    [Fact]
    public void TryFail_Default_Throws()
    {
        RetryCall call = default;
        call.Succeed();
        Assert.Equal(0, call.FailedAttempts);
        Assert.Throws<InvalidOperationException>(() => call.TryFail(new IOException(), out _));
    }

    [Fact]
    public void Succeed_AfterAFailure_MeasuresTheAttemptWithoutTheWait()
    {
        using var metrics = new Monitoring.MetricRecorder(Monitor);
        var call = NewRetry().Begin();
        Assert.True(call.TryFail(new IOException(), out var delay));
        Time.Advance(delay + Seconds(0.25));
        call.Succeed();
        Assert.Equal(0.25, metrics.Sum("pepperpy_retry_duration_seconds{attempt=2,success=true}"), 3);
        Assert.Equal(1, metrics.Count("pepperpy_retry_attempts_total{attempt=1,success=false}"));
    }
}
