using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>What operators do to a pool: sizes, pause, warm-up, drain and disposal.</content>
internal sealed partial class PoolCore
{
    private Task? _disposal;

    internal void Resize(int minSize, int maxSize)
    {
        ResourcePoolOptionsValidator.ValidateSizes(Name, minSize, maxSize);
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            ThrowIfDisposed();
            GrowPlaces_NeedsLock(maxSize);
            TellResized_NeedsLock(minSize, maxSize);
            _minSize = minSize;
            _maxSize = maxSize;
        }

        PoolLog.Changed(_logger, Name, $"resized to {minSize} to {maxSize}");
        TrimExcess();
        ServeQueue();

        // A warm-up may have what it waits for: fewer are enough now.
        SignalProgress();
    }

    internal void Pause()
    {
        if (IsClosed)
        {
            // A pause would keep those who still wait from being served, and with them the drain from ending.
            throw ClosedException();
        }

        ChangeGate(PausedFlag, 0, "paused");
    }

    internal void Resume()
    {
        ChangeGate(0, PausedFlag, "resumed");
        ServeQueue();
    }

    internal async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        long failures;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            if (IsClosed)
            {
                throw ClosedException();
            }

            StartMaintenance_NeedsLock();
            failures = Interlocked.Read(ref _createFailures);
            _retryMinimumAt = 0;
        }

        // Found under the lock, made without it: what a failure says is others' code.
        Func<Exception>? refusal = null;
        await WaitUntilAsync(
            () => (refusal = WhyNotWarm_NeedsLock(failures)) is not null || IsWarm_NeedsLock(), cancellationToken, EnsureSupply)
            .ConfigureAwait(false);
        if (refusal is not null)
        {
            throw refusal();
        }
    }

    private bool IsWarm_NeedsLock() => _live - _creating - _hung >= _minSize;

    private Func<Exception>? WhyNotWarm_NeedsLock(long failuresBefore)
    {
        var isPatient = _options.PatientWarmUp;
        return !isPatient && Interlocked.Read(ref _createFailures) != failuresBefore && _lastCreateFailure is { } failure
            ? () => FailureFor(failure)
            : IsClosed ? ClosedException
            : !isPatient && _recovery is { Circuit.IsClosed: false } && !IsWarm_NeedsLock() ? CircuitOpen
            : null;
    }

    internal async Task DrainAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        ChangeGate(DrainingFlag, PausedFlag, "draining");
        ServeQueue();

        // A warm-up waits in vain from now on, also while callers are served still.
        SignalProgress();
        using var deadline = new CancellationTokenSource(Within(timeout), TimeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await WaitUntilAsync(() => _gate.Waiters.Count == 0 && _live == 0, linked.Token).ConfigureAwait(false);
            PoolLog.Changed(_logger, Name, "drained");
            TellDrained();
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var holders = GetLeases();
            throw new ResourceBusyException(
                $"Pool '{Name}' was not drained within {timeout}: {holders.Count} lease(s) are out and {_live} resource(s) live. "
                + $"Holders: {string.Join("; ", holders.Take(5))}. Their return destroys what they hold.",
                holders, Name, Type);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>
    /// Closes for good. Those who wait are told; what is lent is destroyed when it comes back, which is not waited for.
    /// </summary>
    internal Task DisposeAsync()
    {
        List<PoolWaiter> told = [];
        Task disposal;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            if (_disposal is null)
            {
                Close_NeedsLock(told);
                _disposal = BackgroundWork.Run(FinishDisposalAsync);
            }

            disposal = _disposal;
        }

        foreach (var waiter in told)
        {
            waiter.Fail(ClosedException());
        }

        return disposal;
    }

    private void Close_NeedsLock(List<PoolWaiter> told)
    {
        SetGate_NeedsLock(DisposedFlag);
        while (_gate.Waiters.First is { } waiter)
        {
            TakeOut_NeedsLock(waiter, AcquireOutcome.Rejected);
            told.Add(waiter);
        }

        _tickTimer?.Dispose();
        _retryTimer?.Dispose();
        _deadlineTimer?.Dispose();
        _shedTimer?.Dispose();
    }

    private async Task FinishDisposalAsync()
    {
        // What factories have registered on the token runs here, and may take its time.
        _closing.CancelAll();
        SettleIfClosing();
        await WaitUntilAsync(() => _live == CountStates().InUse, CancellationToken.None).ConfigureAwait(false);
        _monitor.Sources.Remove(this);
        _recovery?.End();
        PoolLog.Changed(_logger, Name, "disposed");
        _events.End(PoolEventKind.Disposed, "The pool is disposed.");
    }

    /// <summary>
    /// Waits until what is asked under the lock is so. It is asked again whenever a creation or a destruction has ended.
    /// </summary>
    private async Task WaitUntilAsync(Func<bool> isSo_NeedsLock, CancellationToken cancellationToken, Action? urge = null)
    {
        while (true)
        {
            Task progress;
            using (_gate.Latch.EnterScope())
            {
                AssertInvariants_NeedsLock();
                if (isSo_NeedsLock())
                {
                    return;
                }

                progress = NextProgress_NeedsLock();
            }

            urge?.Invoke();
            SettleIfClosing(isSignalled: false);
            await progress.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Once the pool is closed and nobody waits any more, what is idle is destroyed, and who waits for the end looks again.
    /// </summary>
    private void SettleIfClosing(bool isSignalled = true)
    {
        YieldPoint.Reach();
        var gate = Volatile.Read(ref _gate.Word);
        if ((gate & (DrainingFlag | DisposedFlag)) == 0 || (gate & WaitingMask) != 0)
        {
            return;
        }

        // Nobody will come for what is still being made.
        _closing.CancelAll();
        foreach (var entry in Volatile.Read(ref _entries))
        {
            var word = Volatile.Read(ref entry.Word);
            if (SlotState.Of(word) == SlotState.Idle && entry.TryMove(word, SlotState.With(word, SlotState.Destroying)))
            {
                StartDestroy(entry, DestroyReason.PoolClosed);
            }
        }

        if (isSignalled)
        {
            SignalProgress();
        }
    }

    /// <summary>
    /// After the pool was made smaller: idle resources go first, then lent ones are marked, as many as there are too many.
    /// </summary>
    private void TrimExcess()
    {
        List<PoolEntry> idle = [];
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            var excess = _live - _maxSize - CountStates().Leaving;
            foreach (var entry in _entries)
            {
                var word = Volatile.Read(ref entry.Word);
                if (excess > 0
                    && SlotState.Of(word) == SlotState.Idle
                    && entry.TryMove(word, SlotState.With(word, SlotState.Destroying)))
                {
                    idle.Add(entry);
                    excess--;
                }
            }

            foreach (var entry in _entries)
            {
                excess -= excess > 0 && TryRetire_NeedsLock(entry, idle) ? 1 : 0;
            }
        }

        foreach (var entry in idle)
        {
            StartDestroy(entry, DestroyReason.Resized);
        }
    }

    /// <summary>
    /// Takes a lent entry out of service at its return; one that has just come back at once. What is held is seen by who
    /// publishes it.
    /// </summary>
    private static bool TryRetire_NeedsLock(PoolEntry entry, List<PoolEntry> idle)
    {
        while (true)
        {
            var word = Volatile.Read(ref entry.Word);
            if (SlotState.Of(word) == SlotState.Idle)
            {
                if (entry.TryMove(word, SlotState.With(word, SlotState.Destroying)))
                {
                    idle.Add(entry);
                    return true;
                }
            }
            else if (SlotState.Of(word) == SlotState.InUse)
            {
                entry.DoomReason = DestroyReason.Resized;
                if (entry.TryMove(word, SlotState.Doom(word)))
                {
                    return true;
                }
            }
            else
            {
                return false;
            }
        }
    }

    private void GrowPlaces_NeedsLock(int maxSize)
    {
        if (maxSize <= _entries.Length)
        {
            return;
        }

        // Copy on write: a claim goes on with the array it has, which holds all that it could find.
        var entries = new PoolEntry[maxSize];
        _entries.CopyTo(entries, 0);
        AddPlaces(entries, from: _entries.Length);
        Volatile.Write(ref _entries, entries);
    }

    private void ChangeGate(long flagsToSet, long flagsToClear, string change)
    {
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            ThrowIfDisposed();
            var before = _gate.Word;
            SetGate_NeedsLock(flagsToSet, flagsToClear);
            if (_gate.Word != before)
            {
                TellGate_NeedsLock(before);
                BeginShedding_NeedsLock();
            }
        }

        PoolLog.Changed(_logger, Name, change);
    }

    private void ThrowIfDisposed()
    {
        if (IsDisposed)
        {
            throw ClosedException();
        }
    }
}
