using Pepper.Resources.Recovery;
using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Lifecycle;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>What the tests of recovery share: time that they move, a monitor of their own, and failures to meet.</summary>
public abstract class RecoveryTest : IDisposable
{
    protected static TimeSpan Guard { get; } = TimeSpan.FromSeconds(30);

    protected ManualTimeProvider Time { get; } = new();

    protected ResourceMonitor Monitor { get; } = new();

    public void Dispose()
    {
        Monitor.Dispose();
        GC.SuppressFinalize(this);
    }

    internal static LogRecorder<T> NewLog<T>(bool throws = false) => new() { Throws = throws };

    protected static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    protected static ValueTask<int> FailAsync(string message = "broken") =>
        ValueTask.FromException<int>(new InvalidOperationException(message));

    /// <summary>Work that never ends and ignores its token.</summary>
    protected static ValueTask<int> HangAsync() => new(new TaskCompletionSource<int>().Task);

    /// <summary>Work that ends only when its token is cancelled.</summary>
    protected static async ValueTask<int> ObeyAsync(CancellationToken token)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
        return 0;
    }

    /// <summary>Fails a call through the circuit.</summary>
    protected static async Task FailAsync(CircuitBreaker breaker, int times = 1, string message = "broken")
    {
        for (var i = 0; i < times; i++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => breaker.ExecuteAsync(_ => FailAsync(message)).AsTask());
        }
    }

    protected static async Task SucceedAsync(CircuitBreaker breaker, int times = 1)
    {
        for (var i = 0; i < times; i++)
        {
            Assert.Equal(7, await breaker.ExecuteAsync(static _ => new ValueTask<int>(7)));
        }
    }

    protected static async Task<CircuitOpenException> RejectAsync(CircuitBreaker breaker) =>
        await Assert.ThrowsAsync<CircuitOpenException>(() => breaker.ExecuteAsync(static _ => new ValueTask<int>(7)).AsTask());

    /// <summary>Waits for a wait of that length to begin, and lets it pass.</summary>
    protected async Task PassAsync(TimeSpan wait)
    {
        await Eventually.HoldsAsync(() => Time.NextTimerDue is not null);
        Assert.Equal(wait, Time.NextTimerDue);
        Time.Advance(wait);
    }

    protected CircuitBreaker NewBreaker(Action<CircuitBreakerOptions>? configure = null)
    {
        var options = new CircuitBreakerOptions();
        configure?.Invoke(options);
        return new CircuitBreaker(options, Time, Monitor);
    }

    protected RetryStrategy NewRetry(Action<RetryOptions>? configure = null)
    {
        var options = new RetryOptions { Jitter = false };
        configure?.Invoke(options);
        return new RetryStrategy(options, Time, Monitor);
    }
}
