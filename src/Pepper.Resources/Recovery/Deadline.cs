namespace Pepper.Resources.Recovery;

/// <summary>Why a deadline's token was cancelled.</summary>
internal enum DeadlineState
{
    /// <summary>It belongs to nobody.</summary>
    Idle = 0,

    /// <summary>Somebody's work runs under it.</summary>
    Armed = 1,

    /// <summary>Its time is over.</summary>
    TimedOut = 2,

    /// <summary>The caller's own token was cancelled first.</summary>
    Cancelled = 3,
}

/// <summary>
/// A token that is cancelled when a time is over or the caller's token is cancelled, whichever comes first. It is used again
/// after work that ended in time, which therefore costs no allocation. One call has it at a time.
/// </summary>
internal sealed class Deadline : IDisposable
{
    private const int StateBits = 2;
    private const long StateMask = (1 << StateBits) - 1;

    private readonly TimeProvider _timeProvider;
    private readonly MonotonicClock _clock;
    private readonly CancellationTokenSource _source = new();
    private readonly ITimer _timer;
    private CancellationTokenRegistration _registration;
    private TaskCompletionSource? _stopped;
    private long _due;

    // The number of the use above the state: a timer that ran late for one use cannot end the next.
    private long _word;

    internal Deadline(TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _clock = new MonotonicClock(timeProvider);

        // A timer keeps the context that it is made in, and this one outlives the call that makes it.
        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
        {
            _timer = timeProvider.CreateTimer(
                static deadline => ((Deadline)deadline!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    internal CancellationToken Token => _source.Token;

    internal DeadlineState State => (DeadlineState)(Volatile.Read(ref _word) & StateMask);

    internal void Begin(TimeSpan timeout, CancellationToken caller)
    {
        var use = (Volatile.Read(ref _word) >> StateBits) + 1;
        Volatile.Write(ref _due, _clock.After(_timeProvider.GetTimestamp(), timeout));
        Volatile.Write(ref _word, (use << StateBits) | (long)DeadlineState.Armed);
        _timer.Change(timeout, Timeout.InfiniteTimeSpan);
        if (caller.CanBeCanceled)
        {
            _registration = caller.UnsafeRegister(
                static deadline => ((Deadline)deadline!).Stop(DeadlineState.Cancelled), this);
        }
    }

    /// <summary>Ends when the token has been cancelled.</summary>
    internal Task WhenStopped()
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _stopped, stopped);
        if (State != DeadlineState.Armed)
        {
            stopped.TrySetResult();
        }

        return stopped.Task;
    }

    /// <summary>The use is over; true when there can be another.</summary>
    internal bool TryEnd()
    {
        var registration = _registration;
        _registration = default;
        _stopped = null;

        // A callback that has begun may come to its end at any time, and must not meet another call.
        var isQuiet = registration == default || registration.Unregister();
        var word = Volatile.Read(ref _word);
        if (!isQuiet || (DeadlineState)(word & StateMask) != DeadlineState.Armed
            || Interlocked.CompareExchange(ref _word, word & ~StateMask, word) != word)
        {
            Dispose();
            return false;
        }

        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (_source.TryReset())
        {
            return true;
        }

        Dispose();
        return false;
    }

    /// <summary>Ends the timer. The token stays as it is: abandoned work may look at it for ever.</summary>
    public void Dispose() => _timer.Dispose();

    private void OnTimer()
    {
        var word = Volatile.Read(ref _word);
        if ((DeadlineState)(word & StateMask) != DeadlineState.Armed)
        {
            return;
        }

        var left = _clock.Between(_timeProvider.GetTimestamp(), Volatile.Read(ref _due));
        if (left > TimeSpan.Zero)
        {
            // Set for an earlier use, or early by less than a timer can tell: timers cut off what is below a millisecond.
            _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
            return;
        }

        Stop(DeadlineState.TimedOut, word);
    }

    private void Stop(DeadlineState state) => Stop(state, Volatile.Read(ref _word));

    private void Stop(DeadlineState state, long word)
    {
        if ((DeadlineState)(word & StateMask) != DeadlineState.Armed
            || Interlocked.CompareExchange(ref _word, (word & ~StateMask) | (long)state, word) != word)
        {
            return;
        }

        _ = CancelAsync();
        Volatile.Read(ref _stopped)?.TrySetResult();
    }

    // What is registered on the token is the user's: it runs on the thread pool, and what it throws is its own.
    private async Task CancelAsync()
    {
        try
        {
            await _source.CancelAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The work that registered it is told by its token all the same.
        }
    }
}
