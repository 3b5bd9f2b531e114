namespace Pepper.Resources.Recovery;

/// <summary>
/// A <see cref="RetryStrategy"/> gave up. <see cref="Exception.InnerException"/> is the last failure, and
/// <see cref="Reason"/> says why there was no further attempt.
/// </summary>
/// <param name="message">What was tried how often, and which option bears on it.</param>
/// <param name="reason">Why there was no further attempt.</param>
/// <param name="failures">The failure of each attempt, in order; at least one.</param>
/// <param name="name">The name of the strategy.</param>
public sealed class MaxRetriesExceededException(
    string message, RetryStop reason, IReadOnlyList<Exception> failures, string? name = null)
    : ResourceException(message, name, null, failures[^1])
{
    /// <summary>Why there was no further attempt.</summary>
    public RetryStop Reason { get; } = reason;

    /// <summary>How many attempts were made.</summary>
    public int Attempts => Failures.Count;

    /// <summary>The failure of each attempt, in order.</summary>
    public IReadOnlyList<Exception> Failures { get; } = failures;
}

/// <summary>
/// A <see cref="CircuitBreaker"/> rejected the call, which did not begin. <see cref="Exception.InnerException"/> is the failure
/// that opened the circuit, if one did.
/// </summary>
/// <param name="message">Why the circuit is open.</param>
/// <param name="state">How the circuit stood.</param>
/// <param name="retryAfter">
/// When a call may be a trial: never negative; <see cref="Timeout.InfiniteTimeSpan"/> when the circuit is isolated.
/// </param>
/// <param name="name">The name of the circuit.</param>
/// <param name="innerException">The failure that opened it, if one did.</param>
public sealed class CircuitOpenException(
    string message, CircuitState state, TimeSpan retryAfter, string? name = null, Exception? innerException = null)
    : ResourceException(message, name, null, innerException)
{
    /// <summary>How the circuit stood: open, half-open with all its trials under way, or isolated.</summary>
    public CircuitState State { get; } = state;

    /// <summary>
    /// After how much time a call may be a trial: never negative. When trials are under way, the time after which the oldest of
    /// them is given up. <see cref="Timeout.InfiniteTimeSpan"/> when the circuit is isolated.
    /// </summary>
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>
/// The primary and every fallback failed. <see cref="Exception.InnerException"/> is the failure of the primary.
/// </summary>
/// <param name="message">What was tried.</param>
/// <param name="failures">All failures: the primary's, then those of the fallbacks in order; at least one.</param>
/// <param name="name">The name of the strategy.</param>
public sealed class AllFallbacksFailedException(string message, IReadOnlyList<Exception> failures, string? name = null)
    : ResourceException(message, name, null, failures[0])
{
    /// <summary>All failures: the primary's, then those of the fallbacks in order.</summary>
    public IReadOnlyList<Exception> Failures { get; } = failures;
}

/// <summary>
/// Work did not end in its time. It was told through its token; if it goes on all the same, nobody waits for it, and what it
/// yields is disposed.
/// </summary>
/// <param name="message">What took too long, its limit, and the option that sets it.</param>
/// <param name="timeout">The limit.</param>
/// <param name="isAbandoned">Whether the work had not ended when this was thrown.</param>
/// <param name="name">The name of the strategy.</param>
/// <param name="innerException">What the work threw when its token was cancelled, if it ended.</param>
public sealed class ExecutionTimeoutException(
    string message, TimeSpan timeout, bool isAbandoned, string? name = null, Exception? innerException = null)
    : ResourceException(message, name, null, innerException)
{
    /// <summary>The limit.</summary>
    public TimeSpan Timeout { get; } = timeout;

    /// <summary>Whether the work had not ended when this was thrown.</summary>
    public bool IsAbandoned { get; } = isAbandoned;
}
