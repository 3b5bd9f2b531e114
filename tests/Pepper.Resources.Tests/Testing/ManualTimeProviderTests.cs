using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Testing;

public sealed class ManualTimeProviderTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Construct_Default_StartsAtTheFirstOf2026()
    {
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), _time.GetUtcNow());
        Assert.Equal(TimeSpan.TicksPerSecond, _time.TimestampFrequency);
        Assert.Equal(TimeZoneInfo.Utc, _time.LocalTimeZone);
        Assert.Equal(0, _time.ActiveTimers);
        Assert.Null(_time.NextTimerDue);
    }

    [Fact]
    public void Construct_StartWithOffset_IsKeptAsUtc()
    {
        var time = new ManualTimeProvider(new DateTimeOffset(2030, 5, 1, 12, 0, 0, TimeSpan.FromHours(2)));

        Assert.Equal(new DateTimeOffset(2030, 5, 1, 10, 0, 0, TimeSpan.Zero), time.GetUtcNow());
        Assert.Equal(TimeSpan.Zero, time.GetUtcNow().Offset);
    }

    [Fact]
    public void Advance_NoTimers_MovesBothClocks()
    {
        long before = _time.GetTimestamp();
        DateTimeOffset utc = _time.GetUtcNow();

        _time.Advance(TimeSpan.FromSeconds(90));

        Assert.Equal(TimeSpan.FromSeconds(90), _time.GetElapsedTime(before));
        Assert.Equal(utc.AddSeconds(90), _time.GetUtcNow());
        Assert.Equal(TimeSpan.FromSeconds(90), _time.Elapsed);
    }

    [Fact]
    public void Advance_Negative_ThrowsAndNamesTheWayBack()
    {
        var thrown = Assert.Throws<ArgumentOutOfRangeException>(() => _time.Advance(TimeSpan.FromTicks(-1)));

        Assert.Contains("SetUtcNow", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Advance_PastTheLastDate_ThrowsAndMovesNothing()
    {
        long before = _time.GetTimestamp();

        Assert.Throws<ArgumentOutOfRangeException>(() => _time.Advance(TimeSpan.MaxValue));

        Assert.Equal(before, _time.GetTimestamp());
    }

    [Fact]
    public void Advance_SeveralDue_RunsInOrderOfDueTimeThenCreation()
    {
        List<string> ran = [];
        using ITimer late = Once(5, () => ran.Add("late"));
        using ITimer first = Once(2, () => ran.Add("first"));
        using ITimer second = Once(2, () => ran.Add("second"));
        using ITimer beyond = Once(11, () => ran.Add("beyond"));

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(["first", "second", "late"], ran);
        Assert.Equal(1, _time.ActiveTimers);
        Assert.Equal(TimeSpan.FromSeconds(1), _time.NextTimerDue);
    }

    [Fact]
    public void Advance_Callback_ReadsItsDueTimeOnTheAdvancingThread()
    {
        long start = _time.GetTimestamp();
        TimeSpan read = default;
        int thread = 0;
        using ITimer timer = Once(3, () =>
        {
            read = _time.GetElapsedTime(start);
            thread = Environment.CurrentManagedThreadId;
        });

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(TimeSpan.FromSeconds(3), read);
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
        Assert.Equal(TimeSpan.FromSeconds(10), _time.GetElapsedTime(start));
    }

    [Fact]
    public void Advance_PeriodicTimer_RunsAtEachPeriod()
    {
        long start = _time.GetTimestamp();
        List<double> ran = [];
        using ITimer timer = _time.CreateTimer(_ => ran.Add(_time.GetElapsedTime(start).TotalSeconds), null,
            TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));

        _time.Advance(TimeSpan.FromSeconds(8));

        Assert.Equal([1, 3, 5, 7], ran);
        Assert.Equal(TimeSpan.FromSeconds(1), _time.NextTimerDue);
    }

    [Fact]
    public void Advance_CallbackSetsATimerWithinTheSpan_RunsItToo()
    {
        long start = _time.GetTimestamp();
        TimeSpan ranAt = default;
        using ITimer inner = Once(Timeout.InfiniteTimeSpan, () => ranAt = _time.GetElapsedTime(start));
        using ITimer outer = Once(2, () => inner.Change(TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan));

        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(TimeSpan.FromSeconds(5), ranAt);
    }

    [Fact]
    public void Advance_FromACallback_GoesOnFromThere()
    {
        long start = _time.GetTimestamp();
        List<double> ran = [];
        using ITimer outer = Once(1, () =>
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            ran.Add(_time.GetElapsedTime(start).TotalSeconds);
        });
        using ITimer inner = Once(2, () => ran.Add(_time.GetElapsedTime(start).TotalSeconds));

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal([2, 3], ran);
        Assert.Equal(TimeSpan.FromSeconds(3), _time.GetElapsedTime(start));
    }

    [Fact]
    public void Advance_CallbackThrows_RunsTheOthersThenThrowsThemAll()
    {
        bool ran = false;
        using ITimer first = Once(1, () => throw new InvalidOperationException("first"));
        using ITimer second = Once(2, () => ran = true);
        using ITimer third = Once(3, () => throw new NotSupportedException("third"));

        var thrown = Assert.Throws<AggregateException>(() => _time.Advance(TimeSpan.FromSeconds(4)));

        Assert.True(ran);
        Assert.Equal("first, third", string.Join(", ", thrown.InnerExceptions.Select(e => e.Message)));
        Assert.Equal(TimeSpan.FromSeconds(4), _time.Elapsed);
    }

    [Fact]
    public void Advance_TimerThatAlwaysSetsItselfToRunAtOnce_ThrowsInsteadOfHanging()
    {
        ITimer? timer = null;
        timer = Once(0, () => timer!.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
        using (timer)
        {
            Assert.Throws<InvalidOperationException>(() => _time.Advance(TimeSpan.Zero));
        }
    }

    [Fact]
    public void Advance_Callback_HoldsNoLock()
    {
        int timers = -1;
        using ITimer timer = Once(1, () =>
        {
            var other = new Thread(() => timers = _time.ActiveTimers);
            other.Start();
            Assert.True(other.Join(Guard));
        });

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(0, timers);
    }

    [Fact]
    public void Advance_Callback_RunsInTheContextOfItsCreator()
    {
        var local = new AsyncLocal<string> { Value = "creator" };
        string? seen = null;
        using ITimer timer = Once(1, () => seen = local.Value);
        local.Value = "advancer";

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("creator", seen);
        Assert.Equal("advancer", local.Value);
    }

    [Theory]
    [InlineData(86_400)]
    [InlineData(-86_400)]
    public void SetUtcNow_Jump_LeavesMonotonicTimeAndTimersAlone(int seconds)
    {
        long start = _time.GetTimestamp();
        DateTimeOffset jumped = _time.GetUtcNow().AddSeconds(seconds);
        bool ran = false;
        using ITimer timer = Once(10, () => ran = true);

        _time.SetUtcNow(jumped);

        Assert.Equal(jumped, _time.GetUtcNow());
        Assert.Equal(start, _time.GetTimestamp());
        Assert.Equal(TimeSpan.FromSeconds(10), _time.NextTimerDue);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(ran);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(ran);
        Assert.Equal(jumped.AddSeconds(10), _time.GetUtcNow());
    }

    [Fact]
    public void SetUtcNow_BeforeWhatHasPassed_ThrowsAndNamesTheLimit()
    {
        _time.Advance(TimeSpan.FromDays(3));

        var thrown = Assert.Throws<ArgumentOutOfRangeException>(() => _time.SetUtcNow(DateTimeOffset.MinValue));

        Assert.Contains("3.00:00:00", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CreateTimer_ZeroDueTime_RunsAtTheNextAdvance()
    {
        bool ran = false;
        using ITimer timer = Once(0, () => ran = true);

        Assert.False(ran);
        Assert.Equal(TimeSpan.Zero, _time.NextTimerDue);
        _time.Advance(TimeSpan.Zero);
        Assert.True(ran);
    }

    [Fact]
    public void CreateTimer_NoCallback_Throws() =>
        Assert.Throws<ArgumentNullException>(() => _time.CreateTimer(null!, null, TimeSpan.Zero, TimeSpan.Zero));

    [Theory]
    [InlineData(-2, 0, "dueTime")]
    [InlineData(4_294_967_295, 0, "dueTime")]
    [InlineData(0, -2, "period")]
    [InlineData(0, 4_294_967_295, "period")]
    public void CreateTimer_TimeOutOfRange_ThrowsAndNamesIt(long dueTime, long period, string name)
    {
        TimeSpan due = TimeSpan.FromMilliseconds((double)dueTime);
        TimeSpan each = TimeSpan.FromMilliseconds((double)period);

        var created = Assert.Throws<ArgumentOutOfRangeException>(() => _time.CreateTimer(_ => { }, null, due, each));
        using ITimer timer = Once(1, () => { });
        var changed = Assert.Throws<ArgumentOutOfRangeException>(() => timer.Change(due, each));

        Assert.Equal(name, created.ParamName);
        Assert.Equal(name, changed.ParamName);
        Assert.Contains("4294967294", created.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(1), _time.NextTimerDue);
    }

    [Fact]
    public void Change_SetTimer_RunsAtTheNewTimeOnly()
    {
        int runs = 0;
        using ITimer timer = Once(1, () => runs++);

        Assert.True(timer.Change(TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(0, runs);
        _time.Advance(TimeSpan.FromSeconds(100));

        Assert.Equal(1, runs);
    }

    [Fact]
    public void Change_Infinite_StopsAPeriodicTimer()
    {
        int runs = 0;
        using ITimer timer = _time.CreateTimer(_ => runs++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.True(timer.Change(Timeout.InfiniteTimeSpan, TimeSpan.FromSeconds(1)));
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(2, runs);
        Assert.Equal(0, _time.ActiveTimers);
    }

    [Fact]
    public async Task Dispose_Twice_StopsTheTimerAndHarmsNothing()
    {
        int runs = 0;
        ITimer timer = _time.CreateTimer(_ => runs++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        timer.Dispose();
        timer.Dispose();
        await timer.DisposeAsync();
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(0, runs);
        Assert.Equal(0, _time.ActiveTimers);
        Assert.False(timer.Change(TimeSpan.Zero, TimeSpan.Zero));
        Assert.Equal(0, _time.ActiveTimers);
    }

    [Fact]
    public async Task DisposeAsync_WhileTheCallbackRuns_WaitsForItsEnd()
    {
        using var begun = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        ITimer timer = Once(1, () =>
        {
            begun.Set();
            Assert.True(goOn.Wait(Guard));
        });
        Task advancing = Task.Run(() => _time.Advance(TimeSpan.FromSeconds(1)));
        Assert.True(begun.Wait(Guard));

        Task disposing = timer.DisposeAsync().AsTask();

        Assert.False(disposing.IsCompleted);
        goOn.Set();
        await disposing.WaitAsync(Guard);
        await advancing.WaitAsync(Guard);
    }

    [Fact]
    public async Task TaskDelay_OnTheProvider_EndsAtItsTime()
    {
        Task delay = Task.Delay(TimeSpan.FromSeconds(10), _time);

        _time.Advance(TimeSpan.FromSeconds(9.999));
        Assert.False(delay.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        await delay.WaitAsync(Guard);
    }

    [Fact]
    public void CancellationTokenSource_OnTheProvider_IsCancelledAtItsTime()
    {
        using var source = new CancellationTokenSource(TimeSpan.FromSeconds(10), _time);

        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(source.IsCancellationRequested);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(source.IsCancellationRequested);
    }

    [Fact]
    public async Task TaskWaitAsync_OnTheProvider_TimesOutAtItsTime()
    {
        Task waiting = new TaskCompletionSource().Task.WaitAsync(TimeSpan.FromSeconds(10), _time);

        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAsync<TimeoutException>(() => waiting.WaitAsync(Guard));
    }

    [Fact]
    public async Task Advance_TimersChangedFromManyThreads_RunsEachOnce()
    {
        const int PerThread = 500;
        int runs = 0;
        int droppedRuns = 0;
        Task[] creators = [.. Enumerable.Range(0, 4).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            for (int i = 0; i < PerThread; i++)
            {
                _ = Once(random.Next(1000), () => Interlocked.Increment(ref runs));
                ITimer dropped = Once(10_000, () => Interlocked.Increment(ref droppedRuns));
                dropped.Change(TimeSpan.FromSeconds(20_000), Timeout.InfiniteTimeSpan);
                _time.Advance(TimeSpan.FromMilliseconds(i % 10));
                dropped.Dispose();
            }
        }))];
        await Task.WhenAll(creators).WaitAsync(Guard);

        _time.Advance(TimeSpan.FromSeconds(1000));

        Assert.Equal(4 * PerThread, runs);
        Assert.Equal(0, droppedRuns);
        Assert.Equal(0, _time.ActiveTimers);
    }

    private ITimer Once(double seconds, Action run) => Once(TimeSpan.FromSeconds(seconds), run);

    private ITimer Once(TimeSpan due, Action run) => _time.CreateTimer(_ => run(), null, due, Timeout.InfiniteTimeSpan);
}
