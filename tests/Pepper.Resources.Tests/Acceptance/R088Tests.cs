using System.Globalization;
using Microsoft.Extensions.Logging;
using Pepper.Resources.Recovery;
using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Lifecycle;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Acceptance;

/// <summary>The validation that closes requirement 088: each strategy with its defaults, on time that the test moves.</summary>
public sealed class R088Tests : IDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    private readonly ManualTimeProvider _time = new();
    private readonly ResourceMonitor _monitor = new();
    private readonly MetricRecorder _metrics;

    public R088Tests() => _metrics = new MetricRecorder(_monitor);

    public void Dispose()
    {
        _metrics.Dispose();
        _monitor.Dispose();
    }

    [Fact]
    public void Options_HaveTheDefaultsThatWereAskedFor()
    {
        var retry = new RetryOptions();
        Assert.Equal(
            (3, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), 2.0, true),
            (retry.MaxAttempts, retry.InitialDelay, retry.MaxDelay, retry.ExponentialBase, retry.Jitter));
        var breaker = new CircuitBreakerOptions();
        Assert.Equal(
            (5, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(5)),
            (breaker.FailureThreshold, breaker.ResetTimeout, breaker.HalfOpenTimeout));
        Assert.Equal([0, 1, 2, 3], Enum.GetValues<CircuitState>().Select(state => (int)state));
    }

    [Fact]
    public async Task Retry_WithItsDefaults_TriesThreeTimesAndWaitsWithJitterBelowTheCap()
    {
        var log = new LogRecorder<RetryStrategy>();
        var retry = new RetryStrategy(timeProvider: _time, monitor: _monitor, logger: log);
        var call = retry.ExecuteAsync<int>(static _ => throw new IOException("down")).AsTask();
        List<TimeSpan> waits = [];
        for (var i = 0; i < 2; i++)
        {
            await Eventually.HoldsAsync(() => _time.NextTimerDue is not null);
            waits.Add(_time.NextTimerDue!.Value);
            _time.Advance(waits[^1]);
        }

        var thrown = await Assert.ThrowsAsync<MaxRetriesExceededException>(() => call.WaitAsync(Guard));
        Assert.Equal(3, thrown.Failures.Count);
        Assert.Equal("down", thrown.InnerException?.Message);
        Assert.InRange(waits[0].TotalSeconds, 0.5, 1.5);
        Assert.InRange(waits[1].TotalSeconds, 1, 3);
        Assert.Equal(2, log.Entries.Count);
        Assert.All(log.Entries.Zip(waits), one => Assert.Equal(
            one.Second.TotalSeconds,
            TimeSpan.Parse(one.First.Fields["Delay"]!, CultureInfo.InvariantCulture).TotalSeconds,
            tolerance: 0.002));
        Assert.All(log.Entries, entry => Assert.Equal(LogLevel.Warning, entry.Level));
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            Assert.Equal(1, _metrics.Count($"pepperpy_retry_attempts_total{{attempt={attempt},success=false}}"));
        }

        Assert.Empty(_metrics.Series("pepperpy_retry_duration_seconds"));
        Assert.Equal(1, await retry.ExecuteAsync(static _ => new ValueTask<int>(1)));
        Assert.Equal(1, _metrics.Count("pepperpy_retry_duration_seconds{attempt=1,success=true}"));
    }

    [Fact]
    public async Task Breaker_WithItsDefaults_OpensTriesAndCloses()
    {
        using var breaker = new CircuitBreaker(timeProvider: _time, monitor: _monitor);
        ValueTask<int> FailAsync() => breaker.ExecuteAsync<int>(static _ => throw new IOException("down"));
        ValueTask<int> SucceedAsync() => breaker.ExecuteAsync(static _ => new ValueTask<int>(1));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(CircuitState.Closed, breaker.State);
            await Assert.ThrowsAsync<IOException>(() => FailAsync().AsTask());
        }

        _time.Advance(TimeSpan.FromSeconds(59));
        var rejected = await Assert.ThrowsAsync<CircuitOpenException>(() => SucceedAsync().AsTask());
        Assert.Equal(TimeSpan.FromSeconds(1), rejected.RetryAfter);
        Assert.IsType<IOException>(rejected.InnerException);

        _time.Advance(TimeSpan.FromSeconds(1));
        var trial = breaker.ExecuteAsync(static _ => new ValueTask<int>(new TaskCompletionSource<int>().Task)).AsTask();
        Assert.Equal(CircuitState.HalfOpen, breaker.State);
        await Assert.ThrowsAsync<CircuitOpenException>(() => SucceedAsync().AsTask());
        _time.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<ExecutionTimeoutException>(() => trial.WaitAsync(Guard));
        Assert.Equal(CircuitState.Open, breaker.State);
        Assert.Equal(2, _metrics.Observe("pepperpy_circuit_state")["pepperpy_circuit_state{name=default}"]);

        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(1, await SucceedAsync());
        Assert.Equal(CircuitState.Closed, breaker.State);
        Assert.Equal(2, _metrics.Count("pepperpy_circuit_transitions_total{name=default,to=open}"));
        Assert.Equal(2, _metrics.Count("pepperpy_circuit_transitions_total{name=default,to=half_open}"));
        Assert.Equal(1, _metrics.Count("pepperpy_circuit_transitions_total{name=default,to=closed}"));
    }

    [Fact]
    public async Task Fallbacks_AreTriedInOrder_AndTheFirstErrorIsWrappedWhenAllFail()
    {
        var log = new LogRecorder<FallbackStrategy<string>>();
        var fallback = new FallbackStrategy<string>(
            [static _ => throw new IOException("first"), static _ => throw new IOException("second")],
            monitor: _monitor, logger: log);

        var thrown = await Assert.ThrowsAsync<AllFallbacksFailedException>(
            () => fallback.ExecuteAsync(static _ => throw new IOException("primary")).AsTask());

        Assert.Equal("primary", thrown.InnerException?.Message);
        Assert.Equal(["primary", "first", "second"], thrown.Failures.Select(failure => failure.Message));
        Assert.Equal(
            [
                "Primary execution failed, trying fallbacks: primary", "Fallback 0 failed: first", "Fallback 1 failed: second",
            ],
            log.Entries.Select(entry => entry.Message));
        Assert.Equal(
            [
                "pepperpy_fallback_operations_total{index=0,success=false}",
                "pepperpy_fallback_operations_total{index=1,success=false}",
            ],
            _metrics.Series("pepperpy_fallback_operations_total"));
    }
}
