using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Manual time that lets a test do something in the very midst of what reads it.</summary>
internal sealed class HookedTimeProvider(ManualTimeProvider inner) : TimeProvider
{
    private Action? _onTimestamp;

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override long GetTimestamp()
    {
        Interlocked.Exchange(ref _onTimestamp, null)?.Invoke();
        return inner.GetTimestamp();
    }

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);

    /// <summary>Runs once, before the next reading of the time.</summary>
    internal void OnNextTimestamp(Action action) => Volatile.Write(ref _onTimestamp, action);
}
