using System.Collections.Concurrent;
using Pepper.Resources.Cleanup;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Cleanup;

public sealed class CleanupSchedulerTests : IAsyncDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private readonly ManualTimeProvider _time = new();
    private readonly ConcurrentQueue<string> _ran = new();
    private readonly SemaphoreSlim _ranOne = new(0);
    private readonly CleanupScheduler _scheduler;

    public CleanupSchedulerTests() => _scheduler = new CleanupScheduler(null, _time);

    public async ValueTask DisposeAsync()
    {
        await _scheduler.DisposeAsync();
        _ranOne.Dispose();
    }

    [Fact]
    public async Task Schedule_TimeComes_RunsOnceAndNotBefore()
    {
        _scheduler.Schedule("a", TimeSpan.FromSeconds(10), Record("a"));
        Assert.True(_scheduler.IsScheduled("a"));
        Assert.Equal(1, _scheduler.Count);

        _time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        Assert.True(_scheduler.IsScheduled("a"));
        Assert.Equal(0, _scheduler.Running);
        _time.Advance(TimeSpan.FromTicks(1));
        await RanAsync(1);

        Assert.False(_scheduler.IsScheduled("a"));
        await _scheduler.DisposeAsync();
        Assert.Equal("a", Assert.Single(_ran));
        Assert.Equal(1, _scheduler.CompletedCleanups);
    }

    [Fact]
    public async Task Schedule_BetweenTicks_IsLateByLessThanTheResolutionAndNeverEarly()
    {
        _time.Advance(TimeSpan.FromMilliseconds(3));
        _scheduler.Schedule("a", TimeSpan.FromMilliseconds(15), Record("a"));

        _time.Advance(TimeSpan.FromMilliseconds(16.9));
        Assert.True(_scheduler.IsScheduled("a"));
        _time.Advance(TimeSpan.FromMilliseconds(0.1));

        await RanAsync(1);
    }

    [Fact]
    public async Task Schedule_Zero_RunsAtOnceWithoutAnyTimer()
    {
        _scheduler.Schedule("a", TimeSpan.Zero, Record("a"));

        await RanAsync(1);
        Assert.Equal("a", Assert.Single(_ran));
    }

    [Fact]
    public async Task Schedule_ManyIds_SetsOneTimerForTheEarliestAndNoneWhenEmpty()
    {
        Assert.Equal(0, _time.ActiveTimers);
        for (int i = 50; i >= 1; i--)
        {
            _scheduler.Schedule($"id{i}", TimeSpan.FromMilliseconds(i * 10), Record($"id{i}"));
        }

        Assert.Equal(1, _time.ActiveTimers);
        Assert.Equal(TimeSpan.FromMilliseconds(10), _time.NextTimerDue);
        for (int i = 1; i <= 50; i++)
        {
            Assert.True(_scheduler.Cancel($"id{i}"));
        }

        Assert.Equal(0, _time.ActiveTimers);
        _time.Advance(TimeSpan.FromHours(1));
        await _scheduler.DisposeAsync();
        Assert.Empty(_ran);
    }

    [Fact]
    public async Task Schedule_OneWorker_RunsInOrderOfTime()
    {
        // Without a limit: an hour may pass while the worker, put aside by the system, is about to begin.
        await using var scheduler = new CleanupScheduler(
            new CleanupSchedulerOptions { MaxConcurrentCleanups = 1, CleanupTimeout = Timeout.InfiniteTimeSpan }, _time);
        foreach (int seconds in (int[])[300, 2, 86_400, 1, 4000])
        {
            scheduler.Schedule($"{seconds}", TimeSpan.FromSeconds(seconds), Record($"{seconds}"));
        }

        _time.Advance(TimeSpan.FromDays(2));
        await RanAsync(5);

        Assert.Equal("1 2 300 4000 86400", string.Join(' ', _ran));
    }

    [Fact]
    public async Task Schedule_CenturiesAhead_RunsThen()
    {
        var century = TimeSpan.FromDays(36_525);
        _scheduler.Schedule("a", century, Record("a"));
        _scheduler.Schedule("never", TimeSpan.MaxValue, Record("never"));

        _time.Advance(century - TimeSpan.FromMilliseconds(1));
        Assert.True(_scheduler.IsScheduled("a"));
        _time.Advance(TimeSpan.FromMilliseconds(1));

        await RanAsync(1);
        Assert.True(_scheduler.IsScheduled("never"));
    }

    [Fact]
    public async Task Schedule_SameId_ReplacesTimeAndCallback()
    {
        _scheduler.Schedule("a", TimeSpan.FromSeconds(1), Record("old"));
        _scheduler.Schedule("a", TimeSpan.FromSeconds(5), Record("new"));
        Assert.Equal(1, _scheduler.Count);

        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.True(_scheduler.IsScheduled("a"));
        _time.Advance(TimeSpan.FromSeconds(1));
        await RanAsync(1);
        _time.Advance(TimeSpan.FromHours(1));
        await _scheduler.DisposeAsync();

        Assert.Equal("new", Assert.Single(_ran));
    }

    [Fact]
    public async Task Schedule_SameIdWhileDueAndWaitingForAPlace_TheEarlierNeverRuns()
    {
        await using var scheduler = new CleanupScheduler(new CleanupSchedulerOptions { MaxConcurrentCleanups = 1 }, _time);
        var gate = new Gate();
        scheduler.Schedule("gate", TimeSpan.Zero, gate.RunAsync);
        await gate.Begun.WaitAsync(Guard);
        scheduler.Schedule("a", TimeSpan.FromSeconds(1), Record("old"));
        scheduler.Schedule("b", TimeSpan.FromSeconds(1), Record("b"));
        _time.Advance(TimeSpan.FromSeconds(1));

        scheduler.Schedule("a", TimeSpan.FromSeconds(5), Record("new"));
        gate.Open();
        await RanAsync(1);
        Assert.True(scheduler.IsScheduled("a"));
        _time.Advance(TimeSpan.FromSeconds(5));
        await RanAsync(1);

        Assert.Equal("b new", string.Join(' ', _ran));
    }

    [Fact]
    public async Task Schedule_SameIdWhileItRuns_IsAScheduleOfItsOwn()
    {
        var gate = new Gate();
        _scheduler.Schedule("a", TimeSpan.Zero, gate.RunAsync);
        await gate.Begun.WaitAsync(Guard);
        Assert.False(_scheduler.IsScheduled("a"));
        Assert.False(_scheduler.Cancel("a"));
        Assert.False(await _scheduler.CleanupAsync("a"));

        _scheduler.Schedule("a", TimeSpan.FromSeconds(1), Record("second"));
        gate.Open();
        _time.Advance(TimeSpan.FromSeconds(1));

        await RanAsync(1);
    }

    [Fact]
    public async Task Schedule_FromItsOwnCallback_RunsAgain()
    {
        int runs = 0;
        ValueTask Again(CancellationToken token)
        {
            if (++runs < 3)
            {
                _scheduler.Schedule("a", TimeSpan.FromSeconds(1), Again);
                Assert.False(_scheduler.Cancel("b"));
            }

            _ranOne.Release();
            return default;
        }

        _scheduler.Schedule("a", TimeSpan.FromSeconds(1), Again);
        for (int i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await RanAsync(1);
        }

        await _scheduler.DisposeAsync();
        Assert.Equal(3, runs);
        Assert.Equal(3, _scheduler.CompletedCleanups);
    }

    [Theory]
    [InlineData(-400)]
    [InlineData(400)]
    public async Task SetUtcNow_WallClockJumps_ChangesNothing(int days)
    {
        _scheduler.Schedule("a", TimeSpan.FromSeconds(10), Record("a"));

        _time.SetUtcNow(_time.GetUtcNow().AddDays(days));
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.True(_scheduler.IsScheduled("a"));
        _time.Advance(TimeSpan.FromSeconds(0.1));

        await RanAsync(1);
    }

    [Fact]
    public async Task Cancel_Scheduled_IsTrueOnceAndItNeverRuns()
    {
        _scheduler.Schedule("a", TimeSpan.FromSeconds(1), Record("a"));

        Assert.True(_scheduler.Cancel("a"));
        Assert.False(_scheduler.Cancel("a"));
        Assert.False(_scheduler.IsScheduled("a"));
        Assert.Equal(0, _scheduler.Count);
        _time.Advance(TimeSpan.FromSeconds(10));
        await _scheduler.DisposeAsync();

        Assert.Empty(_ran);
    }

    [Fact]
    public async Task Cancel_DueAndWaitingForAPlace_IsTrueAndItNeverRuns()
    {
        await using var scheduler = new CleanupScheduler(new CleanupSchedulerOptions { MaxConcurrentCleanups = 1 }, _time);
        var gate = new Gate();
        scheduler.Schedule("gate", TimeSpan.Zero, gate.RunAsync);
        await gate.Begun.WaitAsync(Guard);
        scheduler.Schedule("a", TimeSpan.Zero, Record("a"));
        scheduler.Schedule("b", TimeSpan.Zero, Record("b"));

        Assert.True(scheduler.Cancel("a"));
        gate.Open();
        await RanAsync(1);

        Assert.Equal("b", Assert.Single(_ran));
    }

    [Fact]
    public async Task CleanupAsync_Scheduled_RunsNowAndOnlyOnce()
    {
        _scheduler.Schedule("a", TimeSpan.FromSeconds(1), Record("a"));

        Assert.True(await _scheduler.CleanupAsync("a").AsTask().WaitAsync(Guard));
        Assert.False(await _scheduler.CleanupAsync("a"));
        _time.Advance(TimeSpan.FromSeconds(10));
        await _scheduler.DisposeAsync();

        Assert.Equal("a", Assert.Single(_ran));
        Assert.Equal(1, _scheduler.CompletedCleanups);
    }

    [Fact]
    public async Task CleanupAsync_UnknownId_IsFalse() => Assert.False(await _scheduler.CleanupAsync("nobody"));

    [Fact]
    public async Task CleanupAsync_CallbackThrows_ThrowsItToTheCaller()
    {
        _scheduler.Schedule("a", TimeSpan.FromSeconds(1), _ => throw new InvalidOperationException("broken"));

        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(
            () => _scheduler.CleanupAsync("a").AsTask().WaitAsync(Guard));

        Assert.Equal("broken", thrown.Message);
        Assert.Equal(1, _scheduler.FailedCleanups);
        Assert.False(_scheduler.IsScheduled("a"));
    }

    [Fact]
    public void Schedule_BadArguments_NamesThingValueAndLimit()
    {
        Assert.Throws<ArgumentNullException>(() => _scheduler.Schedule(null!, TimeSpan.Zero, Record("x")));
        Assert.Throws<ArgumentException>(() => _scheduler.Schedule("", TimeSpan.Zero, Record("x")));
        Assert.Throws<ArgumentNullException>(() => _scheduler.Schedule("x", TimeSpan.Zero, null!));
        Assert.Throws<ArgumentException>(() => _scheduler.IsScheduled(""));
        Assert.Throws<ArgumentException>(() => _scheduler.Cancel(""));
        Assert.Throws<ArgumentException>(() => { _ = _scheduler.CleanupAsync(""); });
        var thrown = Assert.Throws<ArgumentOutOfRangeException>(
            () => _scheduler.Schedule("orders/7", TimeSpan.FromSeconds(-3), Record("x")));
        Assert.Throws<ArgumentOutOfRangeException>(() => _scheduler.Schedule("x", Timeout.InfiniteTimeSpan, Record("x")));

        Assert.Contains("'orders/7' is -00:00:03", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("not negative", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(0, _scheduler.Count);
    }

    [Fact]
    public void Construct_BadOptions_ListsThemAllAtOnce()
    {
        var options = new CleanupSchedulerOptions
        {
            Resolution = TimeSpan.FromMinutes(2),
            MaxConcurrentCleanups = 0,
            CleanupTimeout = TimeSpan.Zero,
            CancellationGrace = TimeSpan.FromHours(1),
        };

        string message = Assert.Throws<ArgumentException>(() => new CleanupScheduler(options, _time)).Message;

        Assert.Contains("Resolution is 00:02:00", message, StringComparison.Ordinal);
        Assert.Contains("MaxConcurrentCleanups is 0", message, StringComparison.Ordinal);
        Assert.Contains("CleanupTimeout is 00:00:00", message, StringComparison.Ordinal);
        Assert.Contains("CancellationGrace is 01:00:00", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Construct_OptionsChangedLater_ChangesNothing()
    {
        var options = new CleanupSchedulerOptions { RunPendingOnDispose = true };
        var scheduler = new CleanupScheduler(options, _time);
        options.RunPendingOnDispose = false;
        scheduler.Schedule("a", TimeSpan.FromDays(1), Record("a"));

        await scheduler.DisposeAsync().AsTask().WaitAsync(Guard);

        Assert.Equal("a", Assert.Single(_ran));
    }

    private Func<CancellationToken, ValueTask> Record(string name) => _ =>
    {
        _ran.Enqueue(name);
        _ranOne.Release();
        return default;
    };

    private async Task RanAsync(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Assert.True(await _ranOne.WaitAsync(Guard));
        }
    }
}
