using Pepper.Resources.Policies;

namespace Pepper.Resources.Pooling;

/// <summary>How a pool stands at one moment, and what it has counted since it was made.</summary>
internal readonly record struct PoolSample
{
    internal int InUse { get; init; }

    internal int Idle { get; init; }

    internal int Waiting { get; init; }

    internal long Acquires { get; init; }

    internal long Waited { get; init; }

    internal long TimedOut { get; init; }
}

/// <summary>
/// Makes of samples what sizing policies ask for, over the window that is running and the one before. How long all have waited
/// together is the integral of how many wait, as Little's law has it, so that no caller need be timed. Under the pool's lock.
/// </summary>
internal sealed class PoolObserver
{
    private static readonly TimeSpan WindowLength = TimeSpan.FromMinutes(30);

    private Window _window;
    private Window _before;
    private PoolSample _last;
    private long _lastAt;
    private bool _hasBegun;

    /// <summary>Adds a sample.</summary>
    /// <param name="timestamp">When it was taken.</param>
    /// <param name="frequency">The timestamps in a second.</param>
    /// <param name="sample">The sample.</param>
    internal void Note(long timestamp, long frequency, in PoolSample sample)
    {
        if (!_hasBegun)
        {
            // Whatever was asked of the pool before was asked for its first use, a moment ago.
            _hasBegun = true;
            _window = new Window { LeastIdle = int.MaxValue };
        }
        else
        {
            _window.Add((double)(timestamp - _lastAt) / frequency, _last, sample);
        }

        _window.Peak = Math.Max(_window.Peak, sample.InUse);
        _window.LeastIdle = Math.Min(_window.LeastIdle, sample.Idle);
        (_last, _lastAt) = (sample, timestamp);
        if (_window.Seconds >= WindowLength.TotalSeconds)
        {
            _before = _window;
            _window = new Window { Start = sample, Peak = sample.InUse, LeastIdle = sample.Idle };
        }
    }

    internal PoolObservation Read(int minSize, int maxSize)
    {
        if (!_hasBegun)
        {
            return new PoolObservation { MinSize = minSize, MaxSize = maxSize };
        }

        var hasBefore = _before.Seconds > 0;
        var start = hasBefore ? _before.Start : _window.Start;
        var seconds = _window.Seconds + _before.Seconds;
        return new PoolObservation
        {
            Interval = TimeSpan.FromSeconds(seconds),
            MinSize = minSize,
            MaxSize = maxSize,
            Acquires = _last.Acquires - start.Acquires,
            Waited = _last.Waited - start.Waited,
            TimedOut = _last.TimedOut - start.TimedOut,
            WaitTime = TimeSpan.FromSeconds(_window.WaitingSeconds + _before.WaitingSeconds),
            MeanInUse = seconds > 0 ? (_window.InUseSeconds + _before.InUseSeconds) / seconds : _last.InUse,
            PeakInUse = Math.Max(_window.Peak, _before.Peak),
            LeastIdle = hasBefore ? Math.Min(_window.LeastIdle, _before.LeastIdle) : _window.LeastIdle,
        };
    }

    private struct Window
    {
        internal PoolSample Start;
        internal double Seconds;
        internal double InUseSeconds;
        internal double WaitingSeconds;
        internal int Peak;
        internal int LeastIdle;

        internal void Add(double seconds, in PoolSample from, in PoolSample to)
        {
            Seconds += seconds;
            InUseSeconds += seconds * (from.InUse + to.InUse) / 2;
            WaitingSeconds += seconds * (from.Waiting + to.Waiting) / 2;
        }
    }
}
