namespace Pepper.Resources.Recovery;

/// <summary>Points in a provider's monotonic time, and how far they are apart. The wall clock has no part in it.</summary>
internal readonly struct MonotonicClock(TimeProvider provider)
{
    private const long LongTime = 30 * TimeSpan.TicksPerDay;

    // Dividing 128 bits takes longer than all else that a deadline does, and clocks mostly count whole parts of a tick.
    private readonly long _unitsPerTick = provider.TimestampFrequency is var frequency and <= 100 * TimeSpan.TicksPerSecond
        && frequency % TimeSpan.TicksPerSecond == 0 ? frequency / TimeSpan.TicksPerSecond : 0;

    internal long Now => provider.GetTimestamp();

    internal long After(long timestamp, TimeSpan time)
    {
        if (_unitsPerTick > 0 && (ulong)time.Ticks <= LongTime && (ulong)timestamp <= long.MaxValue / 2)
        {
            return timestamp + (time.Ticks * _unitsPerTick);
        }

        Int128 units = (Int128)time.Ticks * provider.TimestampFrequency / TimeSpan.TicksPerSecond;
        return (long)Int128.Min(timestamp + units, long.MaxValue - 1);
    }

    /// <summary>From one point to a later one; zero when it is not later.</summary>
    internal TimeSpan Between(long from, long to) => to <= from ? TimeSpan.Zero : provider.GetElapsedTime(from, to);
}
