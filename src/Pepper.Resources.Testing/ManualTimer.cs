namespace Pepper.Resources.Testing;

/// <summary>A timer of a <see cref="ManualTimeProvider"/>, whose lock protects everything here that can change.</summary>
internal sealed class ManualTimer : ITimer
{
    /// <summary>In order of due time; of those due together, the one created first.</summary>
    internal static readonly IComparer<ManualTimer> ByDueTime = Comparer<ManualTimer>.Create(static (left, right) =>
        left.Due != right.Due ? left.Due.CompareTo(right.Due) : left._number.CompareTo(right._number));

    private const long LongestMilliseconds = 0xfffffffe;
    private const int MostRunsAtOneInstant = 100_000;

    private readonly ManualTimeProvider _provider;
    private readonly TimerCallback _callback;
    private readonly object? _state;
    private readonly long _number;
    private readonly ExecutionContext? _context = ExecutionContext.Capture();
    private long _lastRun = -1;
    private int _runsAtLastRun;

    internal ManualTimer(ManualTimeProvider provider, TimerCallback callback, object? state, long number)
    {
        _provider = provider;
        _callback = callback;
        _state = state;
        _number = number;
    }

    internal long Due { get; set; }

    internal long Period { get; set; }

    internal bool IsDisposed { get; set; }

    internal int Running { get; set; }

    internal TaskCompletionSource? Ended { get; set; }

    public bool Change(TimeSpan dueTime, TimeSpan period) => _provider.Change(this, dueTime, period);

    public void Dispose() => _ = _provider.Dispose(this);

    public ValueTask DisposeAsync() => new(_provider.Dispose(this));

    // Fractions of a millisecond are cut off before the comparison, as the system's timers do.
    internal static bool IsInfinite(TimeSpan time) => (long)time.TotalMilliseconds == -1;

    internal static void Validate(TimeSpan dueTime, TimeSpan period)
    {
        Validate(dueTime, nameof(dueTime));
        Validate(period, nameof(period));
    }

    internal void Run()
    {
        if (_context is null)
        {
            _callback(_state);
        }
        else
        {
            ExecutionContext.Run(_context, static timer => ((ManualTimer)timer!).Invoke(), this);
        }
    }

    /// <summary>Throws when the timer runs over and over while time stands still: the test would never end.</summary>
    internal void CountRunAt(long now)
    {
        _runsAtLastRun = now == _lastRun ? _runsAtLastRun + 1 : 1;
        _lastRun = now;
        if (_runsAtLastRun > MostRunsAtOneInstant)
        {
            _runsAtLastRun = 0;
            throw new InvalidOperationException(
                $"A timer ran {MostRunsAtOneInstant} times at one instant: its callback sets it to run at once each time, "
                + "so time cannot go on.");
        }
    }

    private static void Validate(TimeSpan time, string name)
    {
        long milliseconds = (long)time.TotalMilliseconds;
        if (milliseconds is < -1 or > LongestMilliseconds)
        {
            throw new ArgumentOutOfRangeException(name, time,
                $"{name} is {time}; it must be from zero to {LongestMilliseconds} ms, or Timeout.InfiniteTimeSpan.");
        }
    }

    private void Invoke() => _callback(_state);
}
