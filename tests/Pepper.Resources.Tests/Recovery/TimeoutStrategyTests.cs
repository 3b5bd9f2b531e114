using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Recovery;

public sealed class TimeoutStrategyTests : RecoveryTest
{
    private TimeoutStrategy NewTimeout(double seconds = 5, double grace = 0) => new(
        new TimeoutOptions { Name = "orders", Timeout = Seconds(seconds), CancellationGrace = Seconds(grace) }, Time);

    private sealed class Product : IAsyncDisposable
    {
        private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Disposed => _disposed.Task;

        public ValueTask DisposeAsync()
        {
            _disposed.TrySetResult();
            return default;
        }
    }

    [Fact]
    public async Task Execute_WorkEndsInTime_YieldsItsResult()
    {
        var work = new TaskCompletionSource<int>();
        var call = NewTimeout().ExecuteAsync(_ => new ValueTask<int>(work.Task)).AsTask();
        Time.Advance(Seconds(4.9));
        work.SetResult(3);

        Assert.Equal(3, await call.WaitAsync(Guard));
        Assert.Equal(0, Time.ActiveTimers);
    }

    [Fact]
    public async Task Execute_WorkObeysItsToken_ThrowsWithWhatItThrew()
    {
        var call = NewTimeout(grace: 60).ExecuteAsync(ObeyAsync).AsTask();
        Time.Advance(Seconds(5));

        var thrown = await Assert.ThrowsAsync<ExecutionTimeoutException>(() => call.WaitAsync(Guard));
        Assert.Equal(Seconds(5), thrown.Timeout);
        Assert.False(thrown.IsAbandoned);
        Assert.IsType<OperationCanceledException>(thrown.InnerException, exactMatch: false);
        Assert.Contains("'orders'", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("TimeoutOptions.Timeout", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_WorkIgnoresItsToken_IsAbandonedInTime()
    {
        var log = NewLog<TimeoutStrategy>();
        var timeout = new TimeoutStrategy(new TimeoutOptions { Timeout = TimeSpan.FromMilliseconds(100) }, Time, log);
        var call = timeout.ExecuteAsync(static _ => HangAsync()).AsTask();
        Time.Advance(TimeSpan.FromMilliseconds(100));

        var thrown = await Assert.ThrowsAsync<ExecutionTimeoutException>(() => call.WaitAsync(Guard));
        Assert.True(thrown.IsAbandoned);
        Assert.True(log.Has(1530, "abandoned"));
    }

    [Fact]
    public async Task Execute_Grace_IsGivenToWorkThatIgnoresItsToken()
    {
        var work = new TaskCompletionSource<int>();
        var call = NewTimeout(seconds: 5, grace: 2).ExecuteAsync(_ => new ValueTask<int>(work.Task)).AsTask();
        Time.Advance(Seconds(5));
        await Eventually.HoldsAsync(() => Time.NextTimerDue == Seconds(2));
        Assert.False(call.IsCompleted);
        Time.Advance(Seconds(2));

        Assert.True((await Assert.ThrowsAsync<ExecutionTimeoutException>(() => call.WaitAsync(Guard))).IsAbandoned);
    }

    [Fact]
    public async Task Execute_AbandonedWorkYieldsLate_ItsResultIsDisposed()
    {
        var work = new TaskCompletionSource<Product>();
        var call = NewTimeout().ExecuteAsync(_ => new ValueTask<Product>(work.Task)).AsTask();
        Time.Advance(Seconds(5));
        await Assert.ThrowsAsync<ExecutionTimeoutException>(() => call.WaitAsync(Guard));

        var product = new Product();
        work.SetResult(product);

        await product.Disposed.WaitAsync(Guard);
    }

    [Fact]
    public async Task Execute_AbandonedWorkFailsLate_IsLoggedAndObserved()
    {
        var log = NewLog<TimeoutStrategy>();
        var work = new TaskCompletionSource<int>();
        var call = new TimeoutStrategy(null, Time, log).ExecuteAsync(_ => new ValueTask<int>(work.Task)).AsTask();
        Time.Advance(Seconds(30));
        await Assert.ThrowsAsync<ExecutionTimeoutException>(() => call.WaitAsync(Guard));

        work.SetException(new FormatException("late"));

        await Eventually.HoldsAsync(() => log.Has(1531, "late"));
    }

    [Fact]
    public async Task Execute_CallerCancels_IsReleasedAtOnceWithItsToken()
    {
        using var stop = new CancellationTokenSource();
        var call = NewTimeout().ExecuteAsync(static _ => HangAsync(), stop.Token).AsTask();
        await stop.CancelAsync();

        var thrown = await Assert.ThrowsAsync<OperationCanceledException>(() => call.WaitAsync(Guard));
        Assert.Equal(stop.Token, thrown.CancellationToken);
        Assert.Equal(0, Time.ActiveTimers);
    }

    [Fact]
    public async Task Execute_CallerCancelsAfterTheTimeWasOver_CallerWins()
    {
        using var stop = new CancellationTokenSource();
        var work = new TaskCompletionSource<int>();
        var call = NewTimeout(seconds: 5, grace: 60).ExecuteAsync(_ => new ValueTask<int>(work.Task), stop.Token).AsTask();
        Time.Advance(Seconds(5));
        await stop.CancelAsync();
        work.SetCanceled();

        var thrown = await Assert.ThrowsAsync<OperationCanceledException>(() => call.WaitAsync(Guard));
        Assert.Equal(stop.Token, thrown.CancellationToken);
    }

    [Fact]
    public async Task Execute_CancelledBefore_DoesNotBegin() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => NewTimeout()
            .ExecuteAsync<int>(static _ => throw new FormatException(), new CancellationToken(canceled: true)).AsTask());

    [Fact]
    public async Task Execute_WorkFails_ThrowsItsFailure() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => NewTimeout().ExecuteAsync(static _ => FailAsync()).AsTask());

    [Fact]
    public async Task Execute_WorkCancelsItself_IsNotTakenForATimeout() =>
        await Assert.ThrowsAsync<TaskCanceledException>(() => NewTimeout()
            .ExecuteAsync<int>(static _ => throw new TaskCanceledException()).AsTask());

    [Fact]
    public async Task Execute_OneAfterAnother_EachHasItsWholeTime()
    {
        var timeout = NewTimeout(seconds: 5);
        for (var i = 0; i < 20; i++)
        {
            await timeout.ExecuteAsync(static _ => new ValueTask<int>(1));
            Time.Advance(Seconds(3));
        }

        CancellationToken token = default;
        var call = timeout.ExecuteAsync(given =>
        {
            token = given;
            return ObeyAsync(given);
        }).AsTask();
        Time.Advance(Seconds(4.9));
        Assert.False(token.IsCancellationRequested);
        Time.Advance(Seconds(0.1));
        Assert.True(token.IsCancellationRequested);
        await Assert.ThrowsAsync<ExecutionTimeoutException>(() => call.WaitAsync(Guard));
    }

    [Fact]
    public async Task Execute_RealTimeManyThreads_NobodyIsCancelledByAnothersTime()
    {
        var timeout = new TimeoutStrategy(new TimeoutOptions { Timeout = TimeSpan.FromMilliseconds(5) });
        using var stop = new CancellationTokenSource();
        await Parallel.ForAsync(0, 400, async (number, _) =>
        {
            // Every third call is of the sort that runs into its limit, just beside others that have just begun.
            if (number % 3 == 0)
            {
                await Assert.ThrowsAsync<ExecutionTimeoutException>(() => timeout.ExecuteAsync(ObeyAsync, stop.Token).AsTask());
                return;
            }

            var begun = TimeProvider.System.GetTimestamp();
            var isEarly = await timeout.ExecuteAsync(
                token => new ValueTask<bool>(
                    token.IsCancellationRequested && TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds < 4),
                stop.Token);
            Assert.False(isEarly);
        });
    }

    [Fact]
    public async Task Execute_CallerHasAContext_TheTimerKeepsNoneOfIt()
    {
        var local = new AsyncLocal<string> { Value = "mine" };
        var seen = new TaskCompletionSource<string?>();
        var timeout = NewTimeout();
        var call = timeout.ExecuteAsync(token =>
        {
            using (ExecutionContext.SuppressFlow())
            {
                token.UnsafeRegister(_ => seen.TrySetResult(local.Value), null);
            }

            return ObeyAsync(token);
        }).AsTask();
        RealThreads.Run(1, _ =>
        {
            local.Value = "the clock's";
            Time.Advance(Seconds(5));
        });

        Assert.NotEqual("mine", await seen.Task.WaitAsync(Guard));
        await Assert.ThrowsAsync<ExecutionTimeoutException>(() => call.WaitAsync(Guard));
    }

    [Fact]
    public void Constructor_FaultyOptions_ListsAllFaults()
    {
        var thrown = Assert.Throws<ArgumentException>(() => new TimeoutStrategy(new TimeoutOptions
        {
            Name = "",
            Timeout = TimeSpan.Zero,
            CancellationGrace = Seconds(-1),
        }));
        Assert.Contains("3 fault(s)", thrown.Message, StringComparison.Ordinal);
    }
}
