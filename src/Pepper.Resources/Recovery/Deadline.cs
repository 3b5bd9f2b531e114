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
    private const long Unset = long.MaxValue;

    private readonly TimeProvider _timeProvider;
    private readonly MonotonicClock _clock;
    private readonly CancellationTokenSource _source = new();
    private readonly ITimer _timer;
    private CancellationTokenRegistration _registration;
    private TaskCompletionSource? _stopped;
    private long _due;

    // For when the timer is set. It stays so after work that took no time, as setting it costs more than all the rest: when it
    // runs, it looks whether somebody is due, and sets itself again if that is later.
    private long _setFor = Unset;

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
        var now = _timeProvider.GetTimestamp();
        Volatile.Write(ref _due, _clock.After(now, timeout));

        // A full fence: a timer that runs now sees that this is armed, or this sees that the timer has run.
        Interlocked.Exchange(ref _word, (use << StateBits) | (long)DeadlineState.Armed);
        SetTimer(now);
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
    /// <param name="keepsTimer">Whether the timer stays set, for the next use.</param>
    internal bool TryEnd(bool keepsTimer = false)
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

        if (!keepsTimer)
        {
            Volatile.Write(ref _setFor, Unset);
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

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
        Interlocked.Exchange(ref _setFor, Unset);
        var word = Volatile.Read(ref _word);
        if ((DeadlineState)(word & StateMask) != DeadlineState.Armed)
        {
            return;
        }

        // It was set for an earlier use, or is early by less than a timer can tell: timers cut off what is below a millisecond.
        var now = _timeProvider.GetTimestamp();
        if (_clock.Between(now, Volatile.Read(ref _due)) > TimeSpan.Zero)
        {
            SetTimer(now);
            return;
        }

        Stop(DeadlineState.TimedOut, word);
    }

    private void SetTimer(long now)
    {
        var due = Volatile.Read(ref _due);
        var setFor = Volatile.Read(ref _setFor);
        while (due < setFor)
        {
            var seen = Interlocked.CompareExchange(ref _setFor, due, setFor);
            if (seen == setFor)
            {
                Change(now, due);
                return;
            }

            setFor = seen;
        }
    }

    // Two may set it at the same time: whoever does it last must have set it for what it is said to be set for.
    private void Change(long now, long due)
    {
        for (var setFor = due; setFor != Unset; due = setFor)
        {
            var wait = TimeSpan.FromMilliseconds(Math.Ceiling(_clock.Between(now, due).TotalMilliseconds));
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
            setFor = Volatile.Read(ref _setFor);
            if (setFor == due)
            {
                return;
            }
        }
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
