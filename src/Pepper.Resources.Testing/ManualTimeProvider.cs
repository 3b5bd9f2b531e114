using System.Diagnostics;

namespace Pepper.Resources.Testing;

/// <summary>
/// A <see cref="TimeProvider"/> whose time stands still until a test moves it: <see cref="Advance"/> moves the monotonic time
/// and runs the timers that fall due on the way, <see cref="SetUtcNow"/> moves the wall clock alone.
/// </summary>
/// <remarks>
/// <para>All members are safe to use from any thread. Callbacks run on the thread that advances, one after another and outside
/// of any lock, each in the execution context that was captured when its timer was created (as the system's timers do).</para>
/// <para>Nothing runs by itself: a timer that is set to zero runs at the next <see cref="Advance"/>, even one by
/// <see cref="TimeSpan.Zero"/>. A callback may itself call <see cref="Advance"/>; the time goes on from where it is then. Two
/// calls that overlap on different threads both start from the time they find, so their spans are not added.</para>
/// </remarks>
public sealed class ManualTimeProvider : TimeProvider
{
    // Not zero, as no real monotonic clock reads zero and code under test may well take zero for "never".
    private const long FirstTimestamp = TimeSpan.TicksPerDay;

    private static readonly DateTimeOffset DefaultStart = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _lock = new();
    private readonly SortedSet<ManualTimer> _armed = new(ManualTimer.ByDueTime);
    private DateTimeOffset _utcAtFirstTimestamp;
    private long _now = FirstTimestamp;
    private long _created;

    /// <summary>Starts at 2026-01-01T00:00:00Z.</summary>
    public ManualTimeProvider()
        : this(DefaultStart)
    {
    }

    /// <summary>Starts at <paramref name="start"/>.</summary>
    /// <param name="start">What the wall clock shows at first; kept as UTC.</param>
    public ManualTimeProvider(DateTimeOffset start) => _utcAtFirstTimestamp = start.ToUniversalTime();

    /// <summary>Always <see cref="TimeSpan.TicksPerSecond"/>: one unit of <see cref="GetTimestamp"/> is 100 ns.</summary>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Always UTC, so that tests don't depend on where they run.</summary>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>The monotonic time that has passed since this provider was created.</summary>
    public TimeSpan Elapsed => new(GetTimestamp() - FirstTimestamp);

    /// <summary>How many timers are set to run (created, not disposed, and with a due time).</summary>
    public int ActiveTimers
    {
        get
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                return _armed.Count;
            }
        }
    }

    /// <summary>The time until the earliest timer is due, zero when one is due already, null when none is set.</summary>
    public TimeSpan? NextTimerDue
    {
        get
        {
            lock (_lock)
            {
                AssertInvariants_NeedsLock();
                return _armed.Min is { } next ? new TimeSpan(Math.Max(0, next.Due - _now)) : null;
            }
        }
    }

    /// <summary>The monotonic time in ticks of 100 ns. While a timer's callback runs, it is that timer's due time.</summary>
    public override long GetTimestamp()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            return _now;
        }
    }

    /// <summary>The wall clock: the start plus what has passed, or what <see cref="SetUtcNow"/> made of it.</summary>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            return UtcAt_NeedsLock(_now);
        }
    }

    /// <summary>Makes the wall clock jump, forwards or back. Monotonic time and timers stay as they are.</summary>
    /// <param name="value">What the wall clock shows from now on.</param>
    /// <exception cref="ArgumentOutOfRangeException">Too near to the earliest date to be kept.</exception>
    public void SetUtcNow(DateTimeOffset value)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            long passed = _now - FirstTimestamp;
            if (value.UtcTicks < passed)
            {
                throw new ArgumentOutOfRangeException(nameof(value), value,
                    $"The wall clock cannot be set to {value:O}: it must be at least {new TimeSpan(passed)} "
                    + $"(the time advanced so far) after {DateTimeOffset.MinValue:O}.");
            }

            _utcAtFirstTimestamp = new DateTimeOffset(value.UtcTicks - passed, TimeSpan.Zero);
        }
    }

    /// <summary>
    /// Moves time on and runs every timer that falls due on the way, in order of due time (of those due together, the one created
    /// first), periodic ones once for each period, and those that a callback sets within the span too.
    /// </summary>
    /// <param name="by">How far; zero runs only what is due already.</param>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or past the wall clock's last date.</exception>
    /// <exception cref="AggregateException">Callbacks threw; all the timers that were due have run nevertheless.</exception>
    /// <exception cref="InvalidOperationException">A timer sets itself to run at once for ever.</exception>
    public void Advance(TimeSpan by)
    {
        if (by < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(by), by,
                $"Monotonic time cannot be advanced by {by}: it must not be negative. Use SetUtcNow to set the wall clock back.");
        }

        long target = TargetOf(by);
        List<Exception>? failures = null;
        while (TakeNextDue(target) is { } timer)
        {
            try
            {
                timer.Run();
            }
            catch (Exception failure)
            {
                (failures ??= []).Add(failure);
            }
            finally
            {
                EndRun(timer);
            }
        }

        if (failures is not null)
        {
            throw new AggregateException($"{failures.Count} timer callback(s) threw while time advanced by {by}.", failures);
        }
    }

    /// <summary>Creates a timer that runs when <see cref="Advance"/> passes its due time.</summary>
    /// <param name="callback">Runs on the thread that advances.</param>
    /// <param name="state">Given to the callback.</param>
    /// <param name="dueTime">Time to the first run; <see cref="Timeout.InfiniteTimeSpan"/>: not set.</param>
    /// <param name="period">Time between runs; zero or <see cref="Timeout.InfiniteTimeSpan"/>: runs once.</param>
    /// <returns>The timer. Once disposed its <see cref="ITimer.Change"/> returns false and changes nothing.</returns>
    /// <exception cref="ArgumentNullException">No callback.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative (and not infinite) or above 4,294,967,294 ms.</exception>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        ManualTimer.Validate(dueTime, period);
        var timer = new ManualTimer(this, callback, state, Interlocked.Increment(ref _created));
        Change(timer, dueTime, period);
        return timer;
    }

    internal bool Change(ManualTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        ManualTimer.Validate(dueTime, period);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (timer.IsDisposed)
            {
                return false;
            }

            _armed.Remove(timer);
            timer.Period = ManualTimer.IsInfinite(period) || period < TimeSpan.FromMilliseconds(1) ? 0 : period.Ticks;
            if (!ManualTimer.IsInfinite(dueTime))
            {
                timer.Due = _now + Math.Max(0, dueTime.Ticks);
                _armed.Add(timer);
            }

            return true;
        }
    }

    /// <summary>Stops further runs; the task ends when the runs under way on other threads have.</summary>
    internal Task Dispose(ManualTimer timer)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            timer.IsDisposed = true;
            _armed.Remove(timer);
            if (timer.Running == 0)
            {
                return Task.CompletedTask;
            }

            timer.Ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return timer.Ended.Task;
        }
    }

    private long TargetOf(TimeSpan by)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            long left = DateTimeOffset.MaxValue.UtcTicks - UtcAt_NeedsLock(_now).UtcTicks;
            if (by.Ticks > left)
            {
                throw new ArgumentOutOfRangeException(nameof(by), by,
                    $"Time cannot be advanced by {by}: the wall clock would pass {DateTimeOffset.MaxValue:O}; "
                    + $"at most {new TimeSpan(left)}.");
            }

            return _now + by.Ticks;
        }
    }

    private ManualTimer? TakeNextDue(long target)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (_armed.Min is not { } timer || timer.Due > target)
            {
                _now = Math.Max(_now, target);
                return null;
            }

            timer.CountRunAt(Math.Max(_now, timer.Due));
            _armed.Remove(timer);
            _now = Math.Max(_now, timer.Due);
            if (timer.Period > 0)
            {
                timer.Due += timer.Period;
                _armed.Add(timer);
            }

            timer.Running++;
            return timer;
        }
    }

    private void EndRun(ManualTimer timer)
    {
        TaskCompletionSource? ended = null;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            if (--timer.Running == 0)
            {
                ended = timer.Ended;
            }
        }

        ended?.TrySetResult();
    }

    private DateTimeOffset UtcAt_NeedsLock(long timestamp) => _utcAtFirstTimestamp.AddTicks(timestamp - FirstTimestamp);

    [Conditional("DEBUG")]
    private void AssertInvariants_NeedsLock()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The lock is held.");
        Debug.Assert(_now >= FirstTimestamp, "Monotonic time never goes back.");
        Debug.Assert(_armed.Min is not { IsDisposed: true }, "A disposed timer is not set.");
    }
}
