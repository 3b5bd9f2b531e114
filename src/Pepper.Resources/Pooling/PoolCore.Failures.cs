using Pepper.Resources.Monitoring;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Pooling;

/// <content>What a failed creation means for those who wait.</content>
internal sealed partial class PoolCore
{
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(30);

    // When what the pool makes by itself, and what callers ask for, may be tried again.
    private long _retryMinimumAt;
    private long _retryDemandAt;
    private long _retryProbeAt;
    private ITimer? _retryTimer;
    private long _retryAt = long.MaxValue;

    /// <summary>What a failed creation means. Not under the lock, as it asks the classifier.</summary>
    private FailureKind Classify(Exception failure) =>
        IsClosed ? FailureKind.Request : _recovery?.Classify(ResourceStage.Create, failure) ?? FailureKind.Resource;

    /// <summary>
    /// Takes those out of the queue for whom the creation was made. When nothing is lent that could come back, these are all who
    /// had queued before it began: another attempt for each in turn would only tell them later. Otherwise it is the first of
    /// them. Nobody, when it was a probe, which is no caller's, when there is to be another attempt first, or when what is lent
    /// is known to be good.
    /// </summary>
    private void NoteFailure_NeedsLock(in Creation creation, Exception failure, FailureKind kind, ref PoolTelling telling)
    {
        Interlocked.Increment(ref _createFailures);
        _lastCreateFailure = failure;
        if (_failuresInARow++ == 0)
        {
            BeginSampling_NeedsLock();
        }

        var now = TimeProvider.GetTimestamp();
        _retryMinimumAt = now + BackOff(FirstBackOff);
        _retryDemandAt = now + BackOff(_options.CreateBackOff);
        _recovery?.Fail_NeedsLock(creation.Permit, failure, kind, creation.OrderedAt, ref telling.Round);
        if (creation.Permit.IsTrial && kind == FailureKind.Request)
        {
            // It has neither closed nor opened the circuit: without a rest the next one would follow at once, for ever.
            _retryProbeAt = now + (long)(_recovery!.Options.Circuit.ResetTimeout.TotalSeconds * TimeProvider.TimestampFrequency);
        }

        var isSomethingToComeBack = IsSomethingToComeBack_NeedsLock();
        var isToldToNobody = creation.Purpose == CreatePurpose.Probe || (kind == FailureKind.Capacity && isSomethingToComeBack)
            || IsTriedAgain_NeedsLock(kind);
        if (!isToldToNobody)
        {
            while (_gate.Waiters.FirstBefore(creation.QueuedBefore) is { } first)
            {
                TakeOut_NeedsLock(first, AcquireOutcome.Failed);
                (telling.Failed ??= []).Add(first);
                if (isSomethingToComeBack)
                {
                    break;
                }
            }
        }

        RejectUnserved_NeedsLock(ref telling);
    }

    /// <summary>Whether another attempt is made, and paid for, before anybody is told.</summary>
    private bool IsTriedAgain_NeedsLock(FailureKind kind) =>
        _recovery is { } recovery && recovery.Circuit.IsClosed && _failuresInARow < recovery.Options.CreateAttempts
        && kind is FailureKind.Resource or FailureKind.Pool
        && !IsClosed && _gate.Waiters.Count > 0 && recovery.Budget.TryWithdraw();

    private void EndFailed(in Creation creation, Exception failure, FailureKind kind, in PoolTelling telling)
    {
        _monitor.RecordError("create", TypeLabel, failure);
        PoolLog.CreateFailed(_logger, Name, FailureText.Of(failure), failure);
        RecordSpan(creation, failure);
        Tell(telling, failure);
        if (kind == FailureKind.Pool)
        {
            BeginGenerationAfter(creation.Generation, failure);
        }

        SettleIfClosing();
        EnsureSupply();
        SignalProgress();
    }

    /// <summary>Whether a resource exists that may be lent to somebody else some time.</summary>
    private bool IsSomethingToComeBack_NeedsLock() => Usable_NeedsLock() > 0;

    /// <summary>How many there are that can be lent, now or later.</summary>
    private int Usable_NeedsLock() => _live - _creating - _hung - CountStates().Leaving;

    /// <summary>Whether a caller who finds nothing is told so at once, as creations rest after a failure.</summary>
    private bool IsFailingFast_NeedsLock() =>
        _options.FailFastOnBackOff && _creating == 0 && !IsSomethingToComeBack_NeedsLock() && IsBackingOff_NeedsLock();

    // Each caller gets an exception of its own: one that is thrown in two places shows neither.
    private ResourceException FailureFor(Exception failure) =>
        failure is ResourceTimeoutException timeout
            ? new ResourceTimeoutException(timeout.Message, timeout.Stage, timeout.Timeout, Name, Type, timeout.InnerException)
            : new ResourceInitializationException(
                $"Pool '{Name}': creating a resource failed: {FailureText.Of(failure)}", Name, Type, failure);

    private bool IsBelowMinimum_NeedsLock() =>
        _isStarted && _live < _minSize && !IsClosed
        && (_failuresInARow == 0 || TimeProvider.GetTimestamp() >= _retryMinimumAt);

    /// <summary>
    /// Whether callers have to wait before the pool tries again for them. If so, a timer sees to it that it does.
    /// </summary>
    private bool IsBackingOff_NeedsLock()
    {
        if (_failuresInARow == 0 || _options.CreateBackOff == TimeSpan.Zero)
        {
            return false;
        }

        var now = TimeProvider.GetTimestamp();
        if (now >= _retryDemandAt)
        {
            return false;
        }

        WakeAt_NeedsLock(_retryDemandAt);
        return true;
    }

    /// <summary>Sees to it that the pool looks again what it needs, at a time or before.</summary>
    private void WakeAt_NeedsLock(long at)
    {
        if (at < _retryAt && !IsDisposed)
        {
            _retryAt = at;
            var now = TimeProvider.GetTimestamp();
            SetRetryTimer_NeedsLock(at <= now ? TimeSpan.Zero : TimeProvider.GetElapsedTime(now, at));
        }
    }

    private void SetRetryTimer_NeedsLock(TimeSpan delay)
    {
        if (_retryTimer is not null)
        {
            _retryTimer.Change(delay, Timeout.InfiniteTimeSpan);
            return;
        }

        using (SuppressFlow())
        {
            _retryTimer = TimeProvider.CreateTimer(
                static state => ((PoolCore)state!).OnRetry(), this, delay, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnRetry()
    {
        using (_gate.Latch.EnterScope())
        {
            AssertInvariants_NeedsLock();
            _retryAt = long.MaxValue;
        }

        // A timer may be early by a little: then it is set again.
        EnsureSupply();
    }

    /// <summary>In units of the time provider: the first time, doubled with each failure in a row after the first.</summary>
    private long BackOff(TimeSpan first)
    {
        var time = first.TotalSeconds * Math.Pow(2, Math.Min(_failuresInARow - 1, 20));
        return (long)(Math.Min(time, LongestBackOff.TotalSeconds) * TimeProvider.TimestampFrequency);
    }
}
