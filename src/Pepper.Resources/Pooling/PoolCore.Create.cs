using System.Diagnostics;
using Pepper.Resources.Monitoring;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Pooling;

/// <content>
/// Creation. It belongs to the pool: callers order it by waiting, but neither their deadline nor their cancellation ends it, and
/// what it yields goes to whoever waits longest then.
/// </content>
internal sealed partial class PoolCore
{
    private int _failuresInARow;
    private Exception? _lastCreateFailure;

    /// <summary>
    /// Starts as many creations as are needed, and allowed, now. Need is counted anew each time, so none is ever queued up.
    /// </summary>
    private void EnsureSupply()
    {
        Supply();
        _share?.Budget.Serve();
    }

    /// <summary>The same, without a look at what other pools under the same budget need.</summary>
    internal void Supply()
    {
        while (true)
        {
            Creation creation;
            bool isOrdered;
            PoolTelling telling = default;
            using (_gate.Latch.EnterScope())
            {
                AssertInvariants_NeedsLock();
                isOrdered = TryOrder_NeedsLock(ref telling, out creation);
                if (!isOrdered)
                {
                    RejectUnserved_NeedsLock(ref telling);
                }
            }

            Tell(telling);
            if (!isOrdered)
            {
                return;
            }

            Start(creation);
        }
    }

    private bool TryOrder_NeedsLock(ref PoolTelling telling, out Creation creation)
    {
        creation = default;
        if (WhatFor_NeedsLock(ref telling) is not { } purpose)
        {
            return NeedNoPlace_NeedsLock();
        }

        var payer = PayerOf_NeedsLock(purpose);
        if (payer?.TryReserve() == false)
        {
            return NeedNoPlace_NeedsLock();
        }

        var isDemanded = purpose == CreatePurpose.Demand || (purpose != CreatePurpose.Minimum && _gate.Waiters.Count > 0);
        if (!TryTakePlace_NeedsLock(isDemanded || (purpose == CreatePurpose.Probe && _isMissed)))
        {
            payer?.Release();
            LimitTrials_NeedsLock(purpose, ref telling);
            return false;
        }

        if (!TryEnterCircuit(ref telling, out var permit))
        {
            payer?.Release();
            _share?.Budget.GiveBack(_share, isEvicted: false);
            return false;
        }

        payer?.Pay();
        if (purpose == CreatePurpose.Demand)
        {
            _recovery?.Budget.Deposit();
        }

        foreach (var entry in _entries)
        {
            if (SlotState.Of(Volatile.Read(ref entry.Word)) == SlotState.Vacant)
            {
                Volatile.Write(ref entry.Word, SlotState.With(entry.Word, SlotState.Held));
                entry.Generation = _generation;
                _live++;
                _creating++;
                _isMissed = false;
                _trialsEndAt = null;
                _hedges += purpose == CreatePurpose.Hedge ? 1 : 0;
                creation = new Creation(
                    entry, _factory, _generation, _renewal, _gate.Waiters.NextSequence, purpose, isDemanded,
                    _gate.Waiters.BlockingCount > 0, permit, TimeProvider.GetTimestamp(), IsCheckedFirst_NeedsLock(permit),
                    purpose == CreatePurpose.Demand && _recovery is { Options.HedgeAfter: not null } ? new CreateWatch() : null);
                return true;
            }
        }

        Debug.Fail("A pool with fewer live resources than places has a vacant place.");
        return false;
    }

    private void Start(Creation creation)
    {
        if (creation.IsForBlockedThread && creation.Factory.IsSync)
        {
            // A thread of its own: callers that block may have taken every thread of the thread pool.
            var thread = new Thread(static state => ((Action)state!)())
            {
                IsBackground = true,
                Name = $"Pepper pool '{Name}' create",
            };
            thread.UnsafeStart((Action)(() => Run(creation)));
            return;
        }

        BackgroundWork.Queue(
            static state => state.Core.Run(state.Creation), (Core: this, Creation: creation), preferLocal: false);
    }

    /// <summary>Supervision begins first, so that a factory which blocks its thread is given up like any other.</summary>
    private void Run(Creation creation)
    {
        var source = new CancellationTokenSource();
        var token = source.Token;
        var made = new TaskCompletionSource<object>();
        _ = SuperviseAsync(creation, made.Task, source);
        _ = MakeAsync(creation, made, token);
    }

    private async Task MakeAsync(Creation creation, TaskCompletionSource<object> made, CancellationToken cancellationToken)
    {
        var context = new CreateContext(Name, creation.Generation, creation.IsDemanded);
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            made.SetResult(creation.IsForBlockedThread && creation.Factory.IsSync
                ? creation.Factory.Create(context, cancellationToken)
                : await creation.Factory.CreateAsync(context, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception failure)
        {
            made.SetException(failure);
        }
    }

    private async Task SuperviseAsync(Creation creation, Task<object> task, CancellationTokenSource source)
    {
        var started = TimeProvider.GetTimestamp();
        var (limit, knob) = LimitOf(creation);
        using var timer = CancelAfter(source, limit);
        using var hedge = HedgeAfter(creation.Watch);
        using var closing = _closing.Watch(source);
        try
        {
            var resource = await task.WaitAsync(source.Token).ConfigureAwait(false);
            if (!creation.IsCheckedFirst || await CheckFirstAsync(creation, resource).ConfigureAwait(false))
            {
                Complete(creation, resource, started);
            }
        }
        catch (OperationCanceledException) when (source.IsCancellationRequested)
        {
            var failure = new ResourceTimeoutException(
                IsClosed
                    ? $"Pool '{Name}' was closed while a resource was being created."
                    : $"Pool '{Name}': creating a resource took longer than {knob} ({limit}).",
                ResourceStage.Create, limit, Name, Type);
            await AwaitOverdueAsync(creation, task, failure, started).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            GiveUp(creation, failure, isHung: false);
        }
    }

    /// <summary>
    /// The token is cancelled, those who wait are told; a factory that heeds it ends now. One that does not keeps its place for a
    /// while, as what it makes may exist already; after that the place is free, and what comes later is destroyed.
    /// </summary>
    private async Task AwaitOverdueAsync(Creation creation, Task<object> task, Exception failure, long started)
    {
        MarkHung(creation, failure);
        object resource;
        try
        {
            resource = await task.WaitAsync(Within(_options.DestroyTimeout ?? Timeout.InfiniteTimeSpan), TimeProvider)
                .ConfigureAwait(false);
        }
        catch (Exception)
        {
            if (!task.IsFaulted)
            {
                // It may end at this very moment: what it makes is destroyed in any case.
                Interlocked.Increment(ref _abandoned);
                PoolLog.StageAbandoned(_logger, Name, "create", _options.EffectiveCreateTimeout, nameof(_options.CreateTimeout));
                TellAbandoned("create", _options.EffectiveCreateTimeout, nameof(_options.CreateTimeout));
                _ = DestroyLateAsync(creation, task);
            }

            GiveUp(creation, failure, isHung: true);
            return;
        }

        Complete(creation, resource, started, isHung: true);
    }

    private async Task DestroyLateAsync(Creation creation, Task<object> task)
    {
        try
        {
            var resource = await task.ConfigureAwait(false);
            Interlocked.Increment(ref _created);
            RunDestroy(creation.Factory, resource, DestroyReason.TooLate, entry: null);
        }
        catch (Exception)
        {
            // It failed in the end: nothing was made.
        }
    }

    private void Complete(Creation creation, object resource, long started, bool isHung = false)
    {
        var entry = creation.Entry;
        var now = TimeProvider.GetTimestamp();
        entry.Item = resource;
        if (_needsDetails)
        {
            var details = entry.NeedDetails();
            details.BornVersion = SlotState.VersionOf(entry.Word);
            details.ExpiresAt = ExpiryFrom(now);
            details.ExpiryReason = DestroyReason.MaxLifetime;
            details.CheckedAt = now;
        }

        TellCreated(started, now);
        PoolTelling telling = default;
        int size;
        PoolWaiter? waiter;
        long word;
        DestroyReason reason;
        using (_gate.Latch.EnterScope())
        {
            // In one step: a waiter whose creation no longer counts would be seen as one who needs another.
            AssertInvariants_NeedsLock();
            EndCreation_NeedsLock(creation, isHung);
            _failuresInARow = 0;
            if (!isHung)
            {
                telling.TooManyRecoveries = _recovery?.Succeed_NeedsLock(
                    creation.Permit, _options.MaxConcurrentCreates, ref telling.Round);
            }

            size = _live;
            if (creation.Renewal != _renewal)
            {
                ExpireBy(entry, _renewedAt);
            }

            waiter = Place_NeedsLock(entry, out word, out reason);
        }

        Interlocked.Increment(ref _created);
        Settle(entry, waiter, word, reason);
        Tell(telling);
        RecordSpan(creation, failure: null);
        RecordCreation(TimeProvider.GetElapsedTime(started, now), size);
        EnsureSupply();
        SignalProgress();
    }

    private void EndCreation_NeedsLock(in Creation creation, bool isHung)
    {
        if (isHung)
        {
            _hung--;
            return;
        }

        _creating--;
        EndWatch_NeedsLock(creation.Watch);
    }

    private void MarkHung(Creation creation, Exception failure)
    {
        TellCreateFailed(failure);
        var kind = Classify(failure);
        PoolTelling telling = default;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            EndCreation_NeedsLock(creation, isHung: false);
            _hung++;
            NoteFailure_NeedsLock(creation, failure, kind, ref telling);
        }

        EndFailed(creation, failure, kind, telling);
    }

    /// <summary>Nothing came of it: the place is free again.</summary>
    private void GiveUp(Creation creation, Exception failure, bool isHung)
    {
        var kind = FailureKind.Request;
        if (!isHung)
        {
            TellCreateFailed(failure);
            kind = Classify(failure);
        }

        PoolTelling telling = default;
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            EndCreation_NeedsLock(creation, isHung);
            _live--;
            GiveBackPlace_NeedsLock(creation.Entry);
            creation.Entry.Details?.Clear();
            Volatile.Write(ref creation.Entry.Word, SlotState.With(creation.Entry.Word, SlotState.Vacant));
            if (!isHung)
            {
                // In one step with the place: whoever sees it free must also see why, and whom it no longer serves.
                NoteFailure_NeedsLock(creation, failure, kind, ref telling);
            }
        }

        if (isHung)
        {
            EnsureSupply();
            SignalProgress();
        }
        else
        {
            EndFailed(creation, failure, kind, telling);
        }
    }

    private void RecordCreation(TimeSpan time, int size)
    {
        ResourceMonitor.Record(_monitor.Instruments.InitDuration, time, "type", TypeLabel);
        ResourceMonitor.Record(_monitor.Instruments.CreateTime, time, "pool", NameLabel);
        if (IsDatabase)
        {
            ResourceMonitor.Record(_monitor.Instruments.DbCreateTime, time, DatabasePoolName, NameLabel);
        }

        PoolLog.Created(_logger, Name, time.TotalMilliseconds, size, _maxSize);
    }

    private long ExpiryFrom(long now)
    {
        if (_options.MaxLifetime is not { } lifetime)
        {
            return long.MaxValue;
        }

#pragma warning disable CA5394 // Spreading expiries needs no secrecy.
        var share = 1 - (_options.LifetimeJitter * Random.Shared.NextDouble());
#pragma warning restore CA5394
        var units = lifetime.TotalSeconds * share * TimeProvider.TimestampFrequency;
        return units >= long.MaxValue - now ? long.MaxValue : now + (long)units;
    }

    /// <summary>One creation under way: for which place, by which factory, and who had queued when it began.</summary>
    private readonly record struct Creation(
        PoolEntry Entry,
        FactoryAdapter Factory,
        int Generation,
        int Renewal,
        uint QueuedBefore,
        CreatePurpose Purpose,
        bool IsDemanded,
        bool IsForBlockedThread,
        CircuitPermit Permit,
        long OrderedAt,
        bool IsCheckedFirst,
        CreateWatch? Watch);
}
