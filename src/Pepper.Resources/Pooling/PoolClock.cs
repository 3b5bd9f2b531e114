namespace Pepper.Resources.Pooling;

/// <summary>
/// Milliseconds of monotonic time, for deadlines, ages and the time of use. The system's own coarse counter costs a fifth of a
/// reading of the precise clock; any other provider is asked itself. Nothing is ever early: the present is rounded down, and a
/// deadline up.
/// </summary>
internal sealed class PoolClock
{
    private const int CoarseBy = 16;

    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(40);

    private readonly TimeProvider _timeProvider;
    private readonly long _origin;
    private readonly bool _isSystem;

    internal PoolClock(TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _origin = timeProvider.GetTimestamp();
        _isSystem = ReferenceEquals(timeProvider, TimeProvider.System);
    }

    /// <summary>The present, from 1 on: zero can stand for no time at all.</summary>
    internal long Now() =>
        _isSystem ? Environment.TickCount64 : (long)_timeProvider.GetElapsedTime(_origin).TotalMilliseconds + 1;

    /// <summary>
    /// The present for what must not seem older than it is: rounded up, and by as much as the system's counter may be behind.
    /// </summary>
    internal long NowAtLatest() =>
        _isSystem ? Environment.TickCount64 + CoarseBy : CeilingOf(_timeProvider.GetElapsedTime(_origin).Ticks) + 1;

    /// <summary>How long ago that was, to a millisecond.</summary>
    internal TimeSpan Since(long then) => TimeSpan.FromMilliseconds(Math.Max(0, Now() - then));

    /// <summary>The first millisecond at which so much time has passed since now, which has just been read.</summary>
    internal long Due(long now, TimeSpan time)
    {
        var milliseconds = (time.Ticks / TimeSpan.TicksPerMillisecond) + (time.Ticks % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1);
        if (_isSystem)
        {
            // The counter may be up to a millisecond behind.
            return now + milliseconds + 1;
        }

        var due = _timeProvider.GetElapsedTime(_origin).Ticks + Math.Min(time.Ticks, long.MaxValue / 2);
        return CeilingOf(due) + 1;
    }

    /// <summary>When a wait began that is due then, to a millisecond.</summary>
    internal long Start(long due, TimeSpan time)
    {
        var milliseconds = (time.Ticks / TimeSpan.TicksPerMillisecond) + (time.Ticks % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1);
        return due - milliseconds - (_isSystem ? 1 : 0);
    }

    /// <summary>How long to sleep until then.</summary>
    internal static TimeSpan Delay(long due, long now)
    {
        var left = due - now;
        return left <= 0 ? TimeSpan.Zero
            : left >= LongestDelay.TotalMilliseconds ? LongestDelay : TimeSpan.FromMilliseconds(left);
    }

    private static long CeilingOf(long ticks) => (ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;
}
