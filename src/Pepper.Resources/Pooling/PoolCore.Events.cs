namespace Pepper.Resources.Pooling;

/// <content>Telling what happened, to those who have subscribed.</content>
internal sealed partial class PoolCore
{
    private readonly PoolEvents _events;
    private int _isDrainTold;

    /// <summary>Null when nobody listens: then the rest of the expression that tells an event costs nothing.</summary>
    private PoolEvents? Events => _events.IfHeard;

    internal IDisposable Subscribe(Action<PoolEvent> handler) => _events.Subscribe(handler) ?? throw ClosedException();

    /// <summary>Before anybody can have it, so that nothing else is told of it earlier.</summary>
    private void TellCreated(long started, long now) =>
        Events?.Raise(
            PoolEventKind.Created,
            $"A resource was created in {TimeProvider.GetElapsedTime(started, now).TotalMilliseconds:0.###} ms.");

    private void TellCreateFailed(Exception failure) =>
        Events?.Raise(
            PoolEventKind.CreateFailed, $"Creating a resource failed: {FailureText.Of(failure)}", failure);

    private void TellUnfit(PoolEntry entry, ResourceStage stage, Exception? failure)
    {
        var isReset = stage == ResourceStage.Reset;
        Events?.Raise(
            isReset ? PoolEventKind.ResetFailed : PoolEventKind.ValidationFailed,
            (isReset ? "A resource cannot be reused after its reset" : "A resource did not pass its validation")
            + (failure is null ? "." : $": {FailureText.Of(failure)}"),
            failure);
        NoteUnfit(entry, stage, failure);
    }

    private void TellAbandoned(string stage, TimeSpan limit, string knob) =>
        Events?.Raise(PoolEventKind.StageAbandoned, $"{stage} did not end within {limit} and was abandoned ({knob}).");

    private void TellDestroyed(DestroyReason reason, Exception? failure) =>
        Events?.Raise(
            PoolEventKind.Destroyed,
            $"A resource was destroyed, reason {reason.ToLabel()}"
            + (failure is null ? "." : $", which failed: {FailureText.Of(failure)}"),
            failure,
            reason);

    private void TellInvalidated(PoolEntry entry, Exception? cause)
    {
        if (Events is { } events)
        {
            var text = cause is null ? "no cause given" : FailureText.Of(cause);
            events.Raise(
                PoolEventKind.Invalidated, $"A holder invalidated its resource: {text}", cause,
                lease: Describe(entry));
        }
    }

    private void TellLeakReturned(PoolEntry entry, TimeSpan age)
    {
        if (Events is { } events)
        {
            // The entry is held: what it knows of the holder is still there, but no longer the time.
            var lease = Describe(entry) with
            {
                Age = age,
                Since = TimeProvider.GetUtcNow() - age,
                IsSuspectedLeak = true,
            };
            events.Raise(PoolEventKind.LeakReturned, $"A suspected leak was returned: {lease}", lease: lease);
        }
    }

    /// <summary>Under the lock, so that the order of such events is that of the changes.</summary>
    private void TellGate_NeedsLock(long before)
    {
        var begun = _gate.Word & ~before;
        var ended = before & ~_gate.Word;
        if ((begun & PausedFlag) != 0)
        {
            Events?.Raise(PoolEventKind.Paused, "The pool is paused.");
        }
        else if ((begun & DrainingFlag) != 0)
        {
            Events?.Raise(PoolEventKind.Draining, "The pool is being drained, and takes no new callers.");
        }
        else if ((ended & PausedFlag) != 0)
        {
            Events?.Raise(PoolEventKind.Resumed, "The pool lends again.");
        }
    }

    private void TellResized_NeedsLock(int minSize, int maxSize)
    {
        if (minSize != _minSize || maxSize != _maxSize)
        {
            Events?.Raise(PoolEventKind.Resized, $"Resized from {_minSize} to {_maxSize}, to {minSize} to {maxSize}.");
        }
    }

    private void TellDrained()
    {
        // Several may have asked for the one drain.
        if (Interlocked.Exchange(ref _isDrainTold, 1) == 0)
        {
            Events?.Raise(PoolEventKind.Drained, "The pool is drained.");
        }
    }
}
