using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Pooling;

/// <content>What a failed creation means for those who wait.</content>
internal sealed partial class PoolCore
{
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
        _retryMinimumAt = TimeProvider.GetTimestamp()
            + (long)(BackOff(_failuresInARow).TotalSeconds * TimeProvider.TimestampFrequency);
        var isSomethingToComeBack = _live - _creating - _hung - CountStates().Leaving > 0;
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

    private static TimeSpan BackOff(int failures)
    {
        var time = FirstBackOff * Math.Pow(2, Math.Min(failures - 1, 20));
        return time < LongestBackOff ? time : LongestBackOff;
    }
}
