using Microsoft.Extensions.Logging;
using Pepper.Resources.Cleanup;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Cleanup;

public sealed class CleanupSchedulerRunningTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLogger<CleanupScheduler> _logger = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_CallbackThrows_IsLoggedAndCountedAndTheOthersRun(bool synchronously)
    {
        var scheduler = Create(new CleanupSchedulerOptions { MaxConcurrentCleanups = 1 });
        var after = new Gate();
        after.Open();
        scheduler.Schedule("bad", TimeSpan.FromSeconds(1), async _ =>
        {
            if (!synchronously)
            {
                await Task.Yield();
            }

            throw new InvalidOperationException("broken pipe");
        });
        scheduler.Schedule("worse", TimeSpan.FromSeconds(1), _ => throw new InvalidOperationException("broken pipe"));
        scheduler.Schedule("good", TimeSpan.FromSeconds(1), after.RunAsync);

        _time.Advance(TimeSpan.FromSeconds(1));
        await after.Begun.WaitAsync(Guard);
        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);

        Assert.Equal(2, scheduler.FailedCleanups);
        Assert.Equal(1, scheduler.CompletedCleanups);
        Assert.Equal(2, _logger.Entries.Count);
        Assert.All(_logger.Entries, entry =>
        {
            Assert.Equal((1400, LogLevel.Warning), (entry.Id, entry.Level));
            Assert.Contains("broken pipe", entry.Message, StringComparison.Ordinal);
            Assert.IsType<InvalidOperationException>(entry.Exception);
        });
    }

    [Fact]
    public async Task Run_LoggerThrows_TheOthersRun()
    {
        var logger = new RecordingLogger<CleanupScheduler> { Throws = true };
        var scheduler = new CleanupScheduler(new CleanupSchedulerOptions { MaxConcurrentCleanups = 1 }, _time, logger);
        var after = new Gate();
        after.Open();
        scheduler.Schedule("bad", TimeSpan.Zero, _ => throw new InvalidOperationException("broken"));
        scheduler.Schedule("good", TimeSpan.Zero, after.RunAsync);

        await after.Begun.WaitAsync(Guard);
        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);

        Assert.Single(logger.Entries);
        Assert.Equal(1, scheduler.CompletedCleanups);
    }

    [Fact]
    public async Task Run_ObeysItsToken_EndsAtTheTimeLimitAsFailed()
    {
        var scheduler = Create();
        var gate = new Gate(obeysToken: true);
        scheduler.Schedule("slow", TimeSpan.Zero, gate.RunAsync);
        await gate.Begun.WaitAsync(Guard);

        _time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(gate.Token.IsCancellationRequested);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(gate.Token.IsCancellationRequested);
        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);

        Assert.Equal((1, 0), (scheduler.FailedCleanups, scheduler.AbandonedCleanups));
        Assert.Contains(_logger.Entries, entry => entry.Id == 1401);
        Assert.Contains(_logger.Entries, entry => entry.Id == 1400 && entry.Exception is OperationCanceledException);
    }

    [Fact]
    public async Task Run_IgnoresItsToken_IsAbandonedAndFreesItsPlace()
    {
        var scheduler = Create(new CleanupSchedulerOptions { MaxConcurrentCleanups = 1 });
        var hung = new Gate();
        var next = new Gate();
        next.Open();
        scheduler.Schedule("hung", TimeSpan.Zero, hung.RunAsync);
        await hung.Begun.WaitAsync(Guard);
        scheduler.Schedule("next", TimeSpan.Zero, next.RunAsync);

        _time.Advance(TimeSpan.FromSeconds(30.9));
        Assert.Equal((1, 0), (scheduler.Running, scheduler.AbandonedCleanups));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        await next.Begun.WaitAsync(Guard);
        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);

        Assert.Equal((1, 1, 0), (scheduler.AbandonedCleanups, scheduler.CompletedCleanups, scheduler.FailedCleanups));
        Assert.Contains(_logger.Entries, entry => entry.Id == 1402 && entry.Message.Contains("hung", StringComparison.Ordinal));
        hung.Open();
    }

    [Fact]
    public async Task Run_BlocksItsThread_IsAbandonedAndFreesItsPlaceOnce()
    {
        var scheduler = Create(new CleanupSchedulerOptions { MaxConcurrentCleanups = 1 });
        using var begun = new SemaphoreSlim(0);
        using var goOn = new ManualResetEventSlim();
        using var ended = new SemaphoreSlim(0);
        scheduler.Schedule("blocks", TimeSpan.Zero, _ =>
        {
            begun.Release();
            goOn.Wait(Guard, CancellationToken.None);
            ended.Release();
            return default;
        });
        Assert.True(await begun.WaitAsync(Guard));

        _time.Advance(TimeSpan.FromSeconds(31));
        var first = new Gate();
        scheduler.Schedule("first", TimeSpan.Zero, first.RunAsync);
        await first.Begun.WaitAsync(Guard);
        var second = new Gate();
        second.Open();
        scheduler.Schedule("second", TimeSpan.Zero, second.RunAsync);
        goOn.Set();
        Assert.True(await ended.WaitAsync(Guard));

        Assert.True(scheduler.IsScheduled("second"), "The one place is taken.");
        first.Open();
        await second.Begun.WaitAsync(Guard);
        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);
        Assert.Equal((2, 1), (scheduler.CompletedCleanups, scheduler.AbandonedCleanups));
    }

    [Fact]
    public async Task Run_TokenRegistrationThrows_IsLoggedAndHarmsNothing()
    {
        var scheduler = Create();
        var gate = new Gate(obeysToken: true);
        scheduler.Schedule("slow", TimeSpan.Zero, async token =>
        {
            _ = token.Register(() => throw new InvalidOperationException("registered"));
            await gate.RunAsync(token);
        });
        await gate.Begun.WaitAsync(Guard);

        _time.Advance(TimeSpan.FromSeconds(30));
        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);

        Assert.Equal(1, scheduler.FailedCleanups);
        var guard = System.Diagnostics.Stopwatch.StartNew();
        while (_logger.Entries.All(entry => entry.Id != 1404))
        {
            Assert.True(guard.Elapsed < Guard, "The failed cancellation is logged.");
            await Task.Yield();
        }
    }

    [Fact]
    public async Task Run_TimeGoesOnWhileTheTimerIsBeingSet_RunsAllTheSame()
    {
        var time = new HastyTimeProvider(_time);
        await using var scheduler = new CleanupScheduler(null, time, _logger);
        var passed = new Gate();
        var almost = new Gate();
        passed.Open();
        almost.Open();

        time.OnceBeforeChange = TimeSpan.FromSeconds(2);
        scheduler.Schedule("passed", TimeSpan.FromSeconds(1), passed.RunAsync);
        await passed.Begun.WaitAsync(Guard);
        time.OnceBeforeChange = TimeSpan.FromSeconds(2);
        scheduler.Schedule("almost", TimeSpan.FromSeconds(3), almost.RunAsync);
        _time.Advance(TimeSpan.FromSeconds(1));

        await almost.Begun.WaitAsync(Guard);
    }

    [Fact]
    public async Task Run_NoTimeLimit_IsNeitherCancelledNorAbandoned()
    {
        var scheduler = Create(new CleanupSchedulerOptions { CleanupTimeout = Timeout.InfiniteTimeSpan });
        var gate = new Gate();
        scheduler.Schedule("long", TimeSpan.Zero, gate.RunAsync);
        await gate.Begun.WaitAsync(Guard);

        _time.Advance(TimeSpan.FromDays(1000));
        Assert.False(gate.Token.CanBeCanceled);
        Assert.Equal(1, scheduler.Running);
        gate.Open();
        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);

        Assert.Equal(1, scheduler.CompletedCleanups);
    }

    [Fact]
    public async Task CleanupAsync_PastItsLimit_ThrowsTimeoutThatNamesTheKnob()
    {
        var scheduler = Create();
        var hung = new Gate();
        var obedient = new Gate(obeysToken: true);
        scheduler.Schedule("hung", TimeSpan.FromDays(1), hung.RunAsync);
        scheduler.Schedule("obedient", TimeSpan.FromDays(1), obedient.RunAsync);
        Task<bool> first = scheduler.CleanupAsync("hung").AsTask();
        Task<bool> second = scheduler.CleanupAsync("obedient").AsTask();
        await Task.WhenAll(hung.Begun, obedient.Begun).WaitAsync(Guard);

        _time.Advance(TimeSpan.FromSeconds(30));
        var cancelled = await Assert.ThrowsAsync<TimeoutException>(() => second.WaitAsync(Guard, TimeProvider.System));
        Assert.False(first.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        var abandoned = await Assert.ThrowsAsync<TimeoutException>(() => first.WaitAsync(Guard, TimeProvider.System));

        Assert.IsAssignableFrom<OperationCanceledException>(cancelled.InnerException);
        Assert.Contains("'hung' did not end within 00:00:30", abandoned.Message, StringComparison.Ordinal);
        Assert.Contains("CleanupSchedulerOptions.CleanupTimeout", abandoned.Message, StringComparison.Ordinal);
        hung.Open();
        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);
    }

    [Fact]
    public async Task Run_Burst_KeepsToMaxConcurrentCleanups()
    {
        const int Cleanups = 200;
        var scheduler = Create(new CleanupSchedulerOptions { MaxConcurrentCleanups = 3 });
        int now = 0;
        int most = 0;
        using var ended = new CountdownEvent(Cleanups);
        for (int i = 0; i < Cleanups; i++)
        {
            bool isAsynchronous = i % 2 == 0;
            scheduler.Schedule($"{i}", TimeSpan.FromSeconds(1), async _ =>
            {
                int running = Interlocked.Increment(ref now);
                InterlockedMax(ref most, running);
                if (isAsynchronous)
                {
                    await Task.Yield();
                }

                Interlocked.Decrement(ref now);
                ended.Signal();
            });
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        await Task.Run(() => Assert.True(ended.Wait(Guard)));
        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);

        Assert.InRange(most, 1, 3);
        Assert.Equal(Cleanups, scheduler.CompletedCleanups);
        Assert.Equal((0, 0), (scheduler.Running, scheduler.Count));
    }

    [Fact]
    public async Task Run_Callback_SeesNobodysExecutionContext()
    {
        var local = new AsyncLocal<string?> { Value = "creator" };
        var scheduler = Create(new CleanupSchedulerOptions { MaxConcurrentCleanups = 1 });
        local.Value = "caller";
        var seen = new System.Collections.Concurrent.ConcurrentQueue<string?>();
        using var ran = new SemaphoreSlim(0);
        foreach (string id in (string[])["a", "b", "c"])
        {
            scheduler.Schedule(id, TimeSpan.FromSeconds(1), _ =>
            {
                seen.Enqueue(local.Value);
                local.Value = id;
                ran.Release();
                return default;
            });
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        for (int i = 0; i < 3; i++)
        {
            Assert.True(await ran.WaitAsync(Guard));
        }

        Assert.All(seen, Assert.Null);
        await scheduler.DisposeAsync();
    }

    [Fact]
    public async Task Run_BurstOfSynchronousCleanups_LeavesNoTimerSetAfterwards()
    {
        var scheduler = Create();
        using var ended = new CountdownEvent(5000);
        for (int i = 0; i < 5000; i++)
        {
            scheduler.Schedule($"{i}", TimeSpan.FromMilliseconds(i), _ =>
            {
                ended.Signal();
                return default;
            });
        }

        _time.Advance(TimeSpan.FromSeconds(5));
        await Task.Run(() => Assert.True(ended.Wait(Guard)));
        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);

        Assert.Equal(5000, scheduler.CompletedCleanups);
        Assert.Equal(0, _time.ActiveTimers);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    private CleanupScheduler Create(CleanupSchedulerOptions? options = null) => new(options, _time, _logger);

    /// <summary>Lets time go on just before a timer is set, as when the thread that sets it is put aside.</summary>
    private sealed class HastyTimeProvider(ManualTimeProvider inner) : TimeProvider
    {
        public TimeSpan? OnceBeforeChange { get; set; }

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new HastyTimer(this, inner.CreateTimer(callback, state, dueTime, period));

        private bool Change(ITimer timer, TimeSpan dueTime, TimeSpan period)
        {
            if (OnceBeforeChange is { } by)
            {
                OnceBeforeChange = null;
                inner.Advance(by);
            }

            return timer.Change(dueTime, period);
        }

        private sealed class HastyTimer(HastyTimeProvider provider, ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => provider.Change(timer, dueTime, period);

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
