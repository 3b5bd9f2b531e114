using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Stress;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>Calls whose outcome is told by hand.</summary>
public sealed class CircuitPermitTests : RecoveryTest
{
    private static CircuitCall Enter(CircuitBreaker breaker)
    {
        Assert.True(breaker.TryEnter(out var call));
        Assert.False(call.IsRejected);
        Assert.Null(call.ToException());
        return call;
    }

    private CircuitBreaker NewTriable()
    {
        var breaker = NewBreaker(static options => options.FailureThreshold = 1);
        Enter(breaker).Fail(new IOException("down"));
        Time.Advance(Seconds(60));
        return breaker;
    }

    [Fact]
    public void Succeed_Call_IsCountedAndForgetsTheFailuresBefore()
    {
        using var breaker = NewBreaker();
        Enter(breaker).Fail(new IOException());
        Assert.Equal(1, breaker.Statistics.FailuresInARow);
        Enter(breaker).Succeed();
        Assert.Equal((0, 1L, 1L),
            (breaker.Statistics.FailuresInARow, breaker.Statistics.Successes, breaker.Statistics.Failures));
    }

    [Fact]
    public void Fail_AsOftenAsTheThreshold_OpensAndSaysWhy()
    {
        using var breaker = NewBreaker(static options => options.FailureThreshold = 3);
        var cause = new IOException("down");
        for (var i = 0; i < 3; i++)
        {
            Enter(breaker).Fail(cause);
        }

        Assert.False(breaker.TryEnter(out var call));
        Assert.True(call.IsRejected);
        Assert.False(call.IsTrial);
        Assert.Equal(Seconds(60), call.RetryAfter);
        var thrown = call.ToException();
        Assert.NotNull(thrown);
        Assert.Same(cause, thrown.InnerException);
        Assert.Equal((CircuitState.Open, Seconds(60)), (thrown.State, thrown.RetryAfter));
        call.Succeed();
        call.Fail(cause);
        call.Abandon();
        Assert.Equal((CircuitState.Open, 3L, 0L, 0L), (breaker.State, breaker.Statistics.Failures,
            breaker.Statistics.Successes, breaker.Statistics.Neutral));
    }

    [Fact]
    public void Fail_WithoutACause_CountsAndTheRejectionSaysThatNoneWasTold()
    {
        using var breaker = NewBreaker(static options => options.FailureThreshold = 1);
        Enter(breaker).Fail();
        Assert.False(breaker.TryEnter(out var call));
        Assert.Contains("no cause was told", call.ToException()!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fail_WithWhatDoesNotCount_IsNeutral()
    {
        using var breaker = NewBreaker(static options =>
        {
            options.FailureThreshold = 1;
            options.IsFailure = static failure => failure is not FormatException;
        });
        Enter(breaker).Fail(new FormatException());
        Assert.Equal((CircuitState.Closed, 1L), (breaker.State, breaker.Statistics.Neutral));
    }

    [Fact]
    public void End_Twice_ChangesNothing()
    {
        using var breaker = NewBreaker(static options => options.FailureThreshold = 2);
        var call = Enter(breaker);
        var copy = call;
        call.Fail(new IOException());
        copy.Fail(new IOException());
        call.Succeed();
        copy.Abandon();
        copy.Dispose();
        Assert.Equal((CircuitState.Closed, 1, 1L, 0L, 0L), (breaker.State, breaker.Statistics.FailuresInARow,
            breaker.Statistics.Failures, breaker.Statistics.Successes, breaker.Statistics.Neutral));
        Assert.Equal(call, copy);
        Assert.NotEqual(call, Enter(breaker));
    }

    [Fact]
    public void End_StaleCopyWhileTheNextCallIsUnderWay_DoesNotEndThat()
    {
        using var breaker = NewBreaker(static options => options.FailureThreshold = 1);
        var stale = Enter(breaker);
        stale.Succeed();

        // On one thread the second call has the first one's place.
        var next = Enter(breaker);
        stale.Fail(new IOException());
        Assert.Equal(CircuitState.Closed, breaker.State);
        next.Fail(new IOException());
        Assert.Equal((CircuitState.Open, 1L, 1L),
            (breaker.State, breaker.Statistics.Successes, breaker.Statistics.Failures));
    }

    [Fact]
    public void End_Default_DoesNothing()
    {
        CircuitCall call = default;
        call.Succeed();
        call.Fail(new IOException());
        call.Abandon();
        call.Dispose();
        Assert.Equal((false, false, TimeSpan.Zero), (call.IsRejected, call.IsTrial, call.RetryAfter));
        Assert.Null(call.ToException());
    }

    [Fact]
    public async Task End_FromManyThreadsAtOnce_CountsOnce()
    {
        using var breaker = NewBreaker(static options => options.FailureThreshold = int.MaxValue);
        var rounds = 0;
        foreach (var round in Rounds.UpTo(2_000))
        {
            rounds++;
            var call = Enter(breaker);
            using var start = new Barrier(2);
            await Task.WhenAll(Task.Run(() => EndAsync(call.Succeed)), Task.Run(() => EndAsync(() => call.Fail())))
                .WaitAsync(Guard);

            void EndAsync(Action end)
            {
                start.SignalAndWait();
                end();
            }
        }

        Assert.Equal(rounds, breaker.Statistics.Successes + breaker.Statistics.Failures);
    }

    [Fact]
    public void Trial_Succeeds_Closes()
    {
        using var breaker = NewTriable();
        var trial = Enter(breaker);
        Assert.True(trial.IsTrial);
        Assert.False(breaker.TryEnter(out var other));
        Assert.Equal((CircuitState.HalfOpen, Seconds(5)), (other.ToException()!.State, other.RetryAfter));
        trial.Succeed();
        Assert.Equal((CircuitState.Closed, false), (breaker.State, trial.IsTrial));
    }

    [Fact]
    public void Trial_Abandoned_TheNextTakesItsPlace()
    {
        using var breaker = NewTriable();
        using (var trial = Enter(breaker))
        {
            Assert.True(trial.IsTrial);
        }

        Assert.Equal(CircuitState.HalfOpen, breaker.State);
        Enter(breaker).Fail(new IOException("still down"));
        Assert.Equal(CircuitState.Open, breaker.State);
    }

    [Fact]
    public void Trial_NotEndedInItsTime_HasFailedWhateverIsToldLater()
    {
        using var breaker = NewTriable();
        var trial = Enter(breaker);
        Time.Advance(Seconds(5));
        Assert.Equal(CircuitState.Open, breaker.State);
        trial.Succeed();
        Assert.Equal((CircuitState.Open, 2L), (breaker.State, breaker.Statistics.Opened));
        Time.Advance(Seconds(60));
        Enter(breaker).Succeed();
        Assert.Equal(CircuitState.Closed, breaker.State);
    }

    [Fact]
    public void End_AfterATransition_IsStale()
    {
        using var breaker = NewBreaker(static options => options.FailureThreshold = 1);
        var old = Enter(breaker);
        Enter(breaker).Fail(new IOException());
        Time.Advance(Seconds(60));
        Enter(breaker).Succeed();
        old.Fail(new IOException("late"));
        Assert.Equal((CircuitState.Closed, 1L), (breaker.State, breaker.Statistics.Stale));
    }

    [Fact]
    public void TryEnter_Disposed_Throws()
    {
        var breaker = NewBreaker();
        breaker.Dispose();
        Assert.Throws<ObjectDisposedException>(() => breaker.TryEnter(out _));
    }
}
