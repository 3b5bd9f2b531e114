using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>Work that completes synchronously and succeeds costs no allocation, through any strategy.</summary>
public sealed class RecoveryAllocationTests : IDisposable
{
    private static readonly Func<object, CancellationToken, ValueTask<int>> Work = static (_, _) => new ValueTask<int>(1);

    private readonly ResourceMonitor _monitor = new();
    private readonly object _state = new();

    public void Dispose() => _monitor.Dispose();

    // The least of several rounds, as the runtime may allocate something of its own in any of them.
    private static long Least(Func<ValueTask<int>> call)
    {
        var least = long.MaxValue;
        for (var round = 0; round < 10; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 200; i++)
            {
                Assert.True(call().IsCompletedSuccessfully);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    [Fact]
    public void Execute_Retry_AllocatesNothing()
    {
        var retry = new RetryStrategy(new RetryOptions { Budget = new RetryBudget() }, monitor: _monitor);
        Assert.Equal(0, Least(() => retry.ExecuteAsync(Work, _state)));
    }

    [Fact]
    public void Execute_Breaker_AllocatesNothing()
    {
        using var breaker = new CircuitBreaker(monitor: _monitor);
        Assert.Equal(0, Least(() => breaker.ExecuteAsync(Work, _state)));
    }

    [Fact]
    public void Execute_BreakerThatWatchesRatios_AllocatesNothing()
    {
        using var breaker = new CircuitBreaker(
            new CircuitBreakerOptions { FailureRatio = 0.5, SlowCallThreshold = TimeSpan.FromHours(1) }, monitor: _monitor);
        Assert.Equal(0, Least(() => breaker.ExecuteAsync(Work, _state)));
    }

    [Fact]
    public void TryExecute_OpenBreaker_AllocatesNothing()
    {
        using var breaker = new CircuitBreaker(monitor: _monitor);
        breaker.Isolate();
        Assert.Equal(0, Least(() =>
        {
            var result = breaker.TryExecuteAsync(Work, _state);
            return new ValueTask<int>(
                result.IsCompletedSuccessfully && result.Result.IsRejected ? 1 : throw new FormatException());
        }));
    }

    [Fact]
    public void TryEnter_Breaker_AllocatesNothing()
    {
        using var breaker = new CircuitBreaker(monitor: _monitor);
        Assert.Equal(0, Least(() =>
        {
            Assert.True(breaker.TryEnter(out var call));
            call.Succeed();
            return new ValueTask<int>(1);
        }));
        breaker.Isolate();
        Assert.Equal(0, Least(() => new ValueTask<int>(breaker.TryEnter(out _) ? throw new FormatException() : 1)));
    }

    [Fact]
    public void Execute_WorkWithoutAResult_AllocatesNothing()
    {
        Func<CancellationToken, ValueTask> work = static _ => default;
        var retry = new RetryStrategy(monitor: _monitor);
        using var breaker = new CircuitBreaker(monitor: _monitor);
        Assert.Equal(0, Least(() => Done(retry.ExecuteAsync(work))));
        Assert.Equal(0, Least(() => Done(breaker.ExecuteAsync(work))));

        static ValueTask<int> Done(ValueTask call) =>
            call.IsCompletedSuccessfully ? new ValueTask<int>(1) : throw new FormatException();
    }

    [Fact]
    public void Begin_Retry_AllocatesNothing()
    {
        var retry = new RetryStrategy(new RetryOptions { Budget = new RetryBudget() }, monitor: _monitor);
        Assert.Equal(0, Least(() =>
        {
            retry.Begin().Succeed();
            return new ValueTask<int>(1);
        }));
    }

    [Fact]
    public void Execute_KeyedBreakers_AllocatesNothing()
    {
        using var breakers = new KeyedCircuitBreakers<string>(monitor: _monitor);
        Assert.Equal(0, Least(() => breakers.ExecuteAsync("key", Work, _state)));
    }

    [Fact]
    public void Execute_Timeout_AllocatesNothing()
    {
        var timeout = new TimeoutStrategy();
        using var stop = new CancellationTokenSource();
        Assert.Equal(0, Least(() => timeout.ExecuteAsync(Work, _state)));
        Assert.Equal(0, Least(() => timeout.ExecuteAsync(Work, _state, stop.Token)));
    }

    [Fact]
    public void Execute_Fallback_AllocatesNothing()
    {
        var fallback = new FallbackStrategy<int>([static _ => new ValueTask<int>(2)], monitor: _monitor);
        Assert.Equal(0, Least(() => fallback.ExecuteAsync(Work, _state)));
    }

    [Fact]
    public void Execute_WholePipeline_AllocatesNothing()
    {
        using var breaker = new CircuitBreaker(monitor: _monitor);
        var pipeline = new RecoveryPipeline(
                new TimeoutStrategy(), new RetryStrategy(monitor: _monitor), breaker, new TimeoutStrategy())
            .WithFallback(new FallbackStrategy<int>([static _ => new ValueTask<int>(2)], monitor: _monitor)).Idempotent;
        Assert.Equal(0, Least(() => pipeline.ExecuteAsync(Work, _state)));
    }
}
