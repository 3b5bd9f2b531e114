using System.Runtime.InteropServices;

namespace Pepper.Resources.Recovery;

/// <summary>
/// A call whose attempts somebody else runs and waits between; <see cref="RetryStrategy.Begin"/> makes it. It decides whether
/// there is another attempt, and when.
/// </summary>
/// <remarks>
/// It changes as the call goes on, so keep it in one place and do not copy it. Not thread safe. The caller's own cancellation is
/// no failure: end the call without telling it. A call whose first attempt succeeds costs no allocation.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
public struct RetryCall
{
    private readonly RetryStrategy? _strategy;
    private RetryCourse _course;

    internal RetryCall(RetryStrategy strategy, in RetryCourse course)
    {
        _strategy = strategy;
        _course = course;
        Failure = null;
    }

    /// <summary>How many attempts have failed.</summary>
    public readonly int FailedAttempts => _course.FailedAttempts;

    /// <summary>
    /// What <see cref="RetryStrategy.ExecuteAsync{TResult}"/> would throw, once there is no further attempt:
    /// <see cref="MaxRetriesExceededException"/>, or the failure itself when it was not worth another; until then <c>null</c>.
    /// </summary>
    public Exception? Failure { get; private set; }

    /// <summary>Tells of an attempt that failed, and asks for another, which takes it from the budget.</summary>
    /// <param name="failure">What went wrong.</param>
    /// <param name="delay">How long to wait before the next attempt: zero or more; zero also when there is none.</param>
    /// <returns>Whether there is another attempt; if not, <see cref="Failure"/> says why.</returns>
    /// <exception cref="InvalidOperationException">It is a <c>default</c> value, or there was no further attempt.</exception>
    public bool TryFail(Exception failure, out TimeSpan delay)
    {
        ArgumentNullException.ThrowIfNull(failure);
        if (_strategy is null || Failure is not null)
        {
            throw new InvalidOperationException("The call has ended, or was not begun by RetryStrategy.Begin.", failure);
        }

        _course.Add(failure);
        Failure = _strategy.Settle(ref _course);
        delay = Failure is null ? _course.Delay : TimeSpan.Zero;
        _course.AttemptBegun = Failure is null ? _strategy.AttemptAfter(delay) : 0;
        return Failure is null;
    }

    /// <summary>Tells that the attempt succeeded, for the metrics.</summary>
    public readonly void Succeed() => _strategy?.RecordSuccess(_course, _course.FailedAttempts + 1);
}
