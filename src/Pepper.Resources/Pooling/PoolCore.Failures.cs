using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>What a failed creation means for those who wait.</content>
internal sealed partial class PoolCore
{
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(30);

    // When what the pool makes by itself, and what callers ask for, may be tried again.
    private long _retryMinimumAt;
    private long _retryDemandAt;
    private ITimer? _retryTimer;
    private bool _isRetrySet;

    /// <summary>
    /// Takes those out of the queue for whom the creation was made. When nothing is lent that could come back, these are all who
    /// had queued before it began: another attempt for each in turn would only tell them later. Otherwise it is the first of
    /// them.
    /// </summary>
    private List<PoolWaiter> NoteFailure_NeedsLock(Creation creation, Exception failure)
    {
        Interlocked.Increment(ref _createFailures);
        _lastCreateFailure = failure;
        _failuresInARow++;
        var now = TimeProvider.GetTimestamp();
        _retryMinimumAt = now + BackOff(FirstBackOff);
        _retryDemandAt = now + BackOff(_options.CreateBackOff);
        var isSomethingToComeBack = IsSomethingToComeBack_NeedsLock();
        List<PoolWaiter> concerned = [];
        while (_gate.Waiters.FirstBefore(creation.QueuedBefore) is { } first)
        {
            TakeOut_NeedsLock(first, AcquireOutcome.Failed);
            concerned.Add(first);
            if (isSomethingToComeBack)
            {
                break;
            }
        }

        return concerned;
    }

    /// <summary>Whether a resource exists that may be lent to somebody else some time.</summary>
    private bool IsSomethingToComeBack_NeedsLock() => _live - _creating - _hung - CountStates().Leaving > 0;

    /// <summary>Whether a caller who finds nothing is told so at once, as creations rest after a failure.</summary>
    private bool IsFailingFast_NeedsLock() =>
        _options.FailFastOnBackOff && _creating == 0 && !IsSomethingToComeBack_NeedsLock() && IsBackingOff_NeedsLock();

    private void Tell(List<PoolWaiter> concerned, Exception failure)
    {
        _monitor.RecordError("create", TypeLabel, failure);
        PoolLog.CreateFailed(_logger, Name, FailureText.Of(failure), failure);
        foreach (var waiter in concerned)
        {
            waiter.Fail(FailureFor(failure));
        }

        SettleIfClosing();
    }

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

        if (!_isRetrySet)
        {
            _isRetrySet = true;
            SetRetryTimer_NeedsLock(TimeProvider.GetElapsedTime(now, _retryDemandAt));
        }

        return true;
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
            _isRetrySet = false;
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
