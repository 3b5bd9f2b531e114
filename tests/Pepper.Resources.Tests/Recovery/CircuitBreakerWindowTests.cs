using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>Circuits that watch ratios of failures and of slow calls.</summary>
public sealed class CircuitBreakerWindowTests : RecoveryTest
{
    private CircuitBreaker NewRatio(double ratio = 0.5) => NewBreaker(options =>
        (options.FailureThreshold, options.FailureRatio, options.MinimumCalls) = (int.MaxValue, ratio, 10));

    private CircuitBreaker NewSlow() => NewBreaker(options =>
        (options.SlowCallThreshold, options.MinimumCalls) = (Seconds(2), 4));

    private async Task RunAsync(CircuitBreaker breaker, double seconds) => await breaker.ExecuteAsync(_ =>
    {
        Time.Advance(Seconds(seconds));
        return new ValueTask<int>(1);
    });

    [Fact]
    public async Task Execute_HalfOfTheCallsFail_Opens()
    {
        using var breaker = NewRatio();
        for (var i = 0; i < 4; i++)
        {
            await SucceedAsync(breaker);
            await FailAsync(breaker);
        }

        await SucceedAsync(breaker);
        Assert.Equal(CircuitState.Closed, breaker.State);
        await FailAsync(breaker);
        Assert.Equal(CircuitState.Open, breaker.State);
    }

    [Fact]
    public async Task Execute_TooFewCalls_StaysClosed()
    {
        using var breaker = NewRatio();
        await FailAsync(breaker, 9);
        Assert.Equal(CircuitState.Closed, breaker.State);
    }

    [Fact]
    public async Task Execute_FailuresBeyondTheWindow_AreForgotten()
    {
        using var breaker = NewRatio();
        await FailAsync(breaker, 9);
        Time.Advance(Seconds(31));
        await FailAsync(breaker, 9);
        Assert.Equal(CircuitState.Closed, breaker.State);
        Time.Advance(Seconds(20));
        await FailAsync(breaker);
        Assert.Equal(CircuitState.Open, breaker.State);
    }

    [Fact]
    public async Task Execute_AfterTheBreak_TheWindowIsEmpty()
    {
        using var breaker = NewRatio();
        await FailAsync(breaker, 10);
        Time.Advance(Seconds(60));
        await SucceedAsync(breaker);
        await FailAsync(breaker, 9);
        Assert.Equal(CircuitState.Closed, breaker.State);
    }

    [Fact]
    public async Task Execute_HalfOfTheCallsAreSlow_Opens()
    {
        using var breaker = NewSlow();
        await RunAsync(breaker, 0.1);
        await RunAsync(breaker, 2);
        await RunAsync(breaker, 1.9);
        Assert.Equal(CircuitState.Closed, breaker.State);

        await RunAsync(breaker, 3);

        Assert.Equal(CircuitState.Open, breaker.State);
        Assert.Equal(2, breaker.Statistics.SlowCalls);
        Assert.Contains("SlowCallThreshold", (await RejectAsync(breaker)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_SlowTrial_OpensAgain()
    {
        using var breaker = NewSlow();
        await FailAsync(breaker, 5);
        Time.Advance(Seconds(60));
        await RunAsync(breaker, 3);
        Assert.Equal(CircuitState.Open, breaker.State);
        Time.Advance(Seconds(60));
        await RunAsync(breaker, 1);
        Assert.Equal(CircuitState.Closed, breaker.State);
    }

    [Fact]
    public async Task Reconfigure_RatioIsTurnedOn_CountsFromThenOn()
    {
        using var breaker = NewBreaker(options => options.FailureThreshold = int.MaxValue);
        await FailAsync(breaker, 20);
        breaker.Reconfigure(new CircuitBreakerOptions { FailureThreshold = int.MaxValue, FailureRatio = 1, MinimumCalls = 3 });
        await FailAsync(breaker, 2);
        Assert.Equal(CircuitState.Closed, breaker.State);
        await FailAsync(breaker);
        Assert.Equal(CircuitState.Open, breaker.State);
    }
}
