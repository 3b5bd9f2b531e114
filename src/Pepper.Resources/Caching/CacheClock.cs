namespace Pepper.Resources.Caching;

/// <summary>
/// Monotonic time in ticks of 100 ns since some moment, never zero. The system's is its own coarse counter, which costs a fifth
/// of a reading of the precise clock; any other provider is asked itself.
/// </summary>
internal sealed class CacheClock(TimeProvider timeProvider)
{
    private readonly long _origin = timeProvider.GetTimestamp();
    private readonly bool _isSystem = ReferenceEquals(timeProvider, TimeProvider.System);

    internal long Now => _isSystem
        ? Environment.TickCount64 * TimeSpan.TicksPerMillisecond
        : timeProvider.GetElapsedTime(_origin).Ticks + 1;

    /// <summary>The moment so long after another; never past the end of time.</summary>
    internal static long After(long moment, TimeSpan time) =>
        time.Ticks > long.MaxValue - moment ? long.MaxValue : moment + time.Ticks;
}
