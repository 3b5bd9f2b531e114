using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Model;

/// <summary>
/// Counts the limits that the pool has set for validations and resets: it calls the factory first, and time must not pass before
/// it has set the limit, too.
/// </summary>
internal sealed class StageTimeProvider(ManualTimeProvider inner) : TimeProvider
{
    private int _limits;

    internal int Limits => Volatile.Read(ref _limits);

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => inner.LocalTimeZone;

    public override long GetTimestamp() => inner.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = inner.CreateTimer(callback, state, dueTime, period);
        if (dueTime.TotalMilliseconds is PoolSetup.ValidateTimeout or PoolSetup.ResetTimeout)
        {
            Interlocked.Increment(ref _limits);
        }

        return timer;
    }
}
