namespace Pepper.Resources.Cleanup;

/// <summary>
/// Translates a provider's monotonic time into ticks of the scheduler's resolution, counted from its creation. The present is
/// rounded down and due times are rounded up, so that nothing is ever early. Thread safe: it never changes.
/// </summary>
internal sealed class CleanupClock
{
    // A system timer takes at most 49 days; the scheduler wakes and sets it again.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(40);

    private readonly TimeProvider _timeProvider;
    private readonly long _origin;
    private readonly long _frequency;
    private readonly long _unitsPerTimeSpanTick;
    private readonly long _unitsPerTick;

    internal CleanupClock(TimeProvider timeProvider, TimeSpan resolution)
    {
        _timeProvider = timeProvider;
        _origin = timeProvider.GetTimestamp();
        _frequency = timeProvider.TimestampFrequency;
        _unitsPerTimeSpanTick = _frequency % TimeSpan.TicksPerSecond == 0 ? _frequency / TimeSpan.TicksPerSecond : 0;
        _unitsPerTick = Math.Max(1, ToUnits(resolution));
    }

    /// <summary>The present in units of the provider since this clock was created.</summary>
    internal long Now() => Math.Max(0, _timeProvider.GetTimestamp() - _origin);

    internal long TickAt(long now) => now / _unitsPerTick;

    /// <summary>The first tick that is not before <paramref name="now"/> plus <paramref name="delay"/>.</summary>
    internal long TickAfter(long now, TimeSpan delay)
    {
        long units = ToUnits(delay);
        if (units > long.MaxValue - _unitsPerTick - now)
        {
            return long.MaxValue - 1;
        }

        return (now + units + _unitsPerTick - 1) / _unitsPerTick;
    }

    /// <summary>How long to sleep until a tick: whole milliseconds, rounded up, since system timers cut off what is
    /// below.</summary>
    internal TimeSpan DelayUntil(long tick, long now)
    {
        Int128 units = ((Int128)tick * _unitsPerTick) - now;
        if (units <= 0)
        {
            return TimeSpan.Zero;
        }

        Int128 milliseconds = ((units * 1000) + _frequency - 1) / _frequency;
        return milliseconds < (long)LongestDelay.TotalMilliseconds ? TimeSpan.FromMilliseconds((long)milliseconds) : LongestDelay;
    }

    private long ToUnits(TimeSpan time)
    {
        // 128-bit division costs more than all the rest of a schedule, and the usual clocks don't need it.
        if (_unitsPerTimeSpanTick > 0 && time.Ticks <= long.MaxValue / _unitsPerTimeSpanTick)
        {
            return time.Ticks * _unitsPerTimeSpanTick;
        }

        Int128 units = (((Int128)time.Ticks * _frequency) + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;
        return units > long.MaxValue ? long.MaxValue : (long)units;
    }
}
