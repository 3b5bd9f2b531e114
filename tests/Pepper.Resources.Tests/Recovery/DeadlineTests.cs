using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>Timers that run early, or late for somebody who has gone.</summary>
public sealed class DeadlineTests
{
    /// <summary>Time whose only timer runs when the test says so, whatever it was set to.</summary>
    private sealed class LooseTime : TimeProvider, ITimer
    {
        private TimerCallback? _callback;
        private object? _state;

        public long Now { get; set; } = TimeSpan.TicksPerDay;

        public TimeSpan SetTo { get; private set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _callback = callback;
            _state = state;
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            SetTo = dueTime;
            return true;
        }

        public void Fire() => _callback!(_state);

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }

    [Fact]
    public void Timer_RunsEarly_IsSetAgainForWhatIsLeft()
    {
        using var time = new LooseTime();
        using var deadline = new Deadline(time);
        deadline.Begin(TimeSpan.FromSeconds(5), CancellationToken.None);
        time.Now += TimeSpan.FromMilliseconds(4999.5).Ticks;
        time.Fire();

        Assert.Equal((DeadlineState.Armed, TimeSpan.FromMilliseconds(1)), (deadline.State, time.SetTo));
        Assert.False(deadline.Token.IsCancellationRequested);
        time.Now += TimeSpan.FromMilliseconds(0.5).Ticks;
        time.Fire();
        Assert.Equal(DeadlineState.TimedOut, deadline.State);
        Assert.True(deadline.Token.IsCancellationRequested);
        Assert.False(deadline.TryEnd());
    }

    [Fact]
    public void Timer_KeptFromAnEarlierUse_IsSetAgainWhenItRuns()
    {
        using var time = new LooseTime();
        using var deadline = new Deadline(time);
        deadline.Begin(TimeSpan.FromSeconds(5), CancellationToken.None);
        Assert.True(deadline.TryEnd(keepsTimer: true));
        time.Now += TimeSpan.FromSeconds(3).Ticks;
        deadline.Begin(TimeSpan.FromSeconds(5), CancellationToken.None);
        Assert.Equal(TimeSpan.FromSeconds(5), time.SetTo);

        time.Now += TimeSpan.FromSeconds(2).Ticks;
        time.Fire();
        Assert.Equal((DeadlineState.Armed, TimeSpan.FromSeconds(3)), (deadline.State, time.SetTo));
        time.Now += TimeSpan.FromSeconds(3).Ticks;
        time.Fire();
        Assert.Equal(DeadlineState.TimedOut, deadline.State);
    }

    [Fact]
    public void Timer_KeptFromALongerUse_IsSetForTheShorter()
    {
        using var time = new LooseTime();
        using var deadline = new Deadline(time);
        deadline.Begin(TimeSpan.FromSeconds(5), CancellationToken.None);
        Assert.True(deadline.TryEnd(keepsTimer: true));
        deadline.Begin(TimeSpan.FromSeconds(1), CancellationToken.None);
        Assert.Equal(TimeSpan.FromSeconds(1), time.SetTo);
        Assert.True(deadline.TryEnd());
        Assert.Equal(Timeout.InfiniteTimeSpan, time.SetTo);
    }

    [Fact]
    public void Timer_RunsLateForAnEarlierUse_CancelsNobody()
    {
        using var time = new LooseTime();
        using var deadline = new Deadline(time);
        deadline.Begin(TimeSpan.FromSeconds(5), CancellationToken.None);
        Assert.True(deadline.TryEnd());
        time.Fire();
        Assert.Equal(DeadlineState.Idle, deadline.State);

        time.Now += TimeSpan.FromSeconds(5).Ticks;
        deadline.Begin(TimeSpan.FromSeconds(5), CancellationToken.None);
        time.Fire();

        Assert.Equal((DeadlineState.Armed, TimeSpan.FromSeconds(5)), (deadline.State, time.SetTo));
        Assert.True(deadline.TryEnd());
        Assert.False(deadline.Token.IsCancellationRequested);
    }

    [Fact]
    public async Task Caller_CancelsAfterTheUse_CancelsNobody()
    {
        using var stop = new CancellationTokenSource();
        using var time = new LooseTime();
        using var deadline = new Deadline(time);
        deadline.Begin(TimeSpan.FromSeconds(5), stop.Token);
        Assert.True(deadline.TryEnd());
        deadline.Begin(TimeSpan.FromSeconds(5), CancellationToken.None);

        await stop.CancelAsync();

        Assert.Equal(DeadlineState.Armed, deadline.State);
    }
}
