namespace Pepper.Resources.Recovery;

/// <summary>Points in a provider's monotonic time, and how far they are apart. The wall clock has no part in it.</summary>
internal readonly struct MonotonicClock(TimeProvider provider)
{
    internal long Now => provider.GetTimestamp();

    internal long After(long timestamp, TimeSpan time)
    {
        Int128 units = (Int128)time.Ticks * provider.TimestampFrequency / TimeSpan.TicksPerSecond;
        return (long)Int128.Min(timestamp + units, long.MaxValue - 1);
    }

    /// <summary>From one point to a later one; zero when it is not later.</summary>
    internal TimeSpan Between(long from, long to) => to <= from ? TimeSpan.Zero : provider.GetElapsedTime(from, to);
}
