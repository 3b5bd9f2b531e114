using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <summary>
/// Runs work again when it failed, after delays that grow, are spread by chance and never exceed a cap. Whoever hands work to it
/// says that the work may run more than once, unless <see cref="RetryOptions.IsIdempotent"/> is false.
/// </summary>
/// <remarks>
/// Safe from any thread; it holds no state of calls and needs no disposal. Work that completes synchronously and succeeds costs
/// no allocation. The caller's own cancellation is never retried, and ends a wait at once. Delays are of monotonic time.
/// </remarks>
public sealed class RetryStrategy
{
    private readonly RetryOptions _options;
    private readonly RetryPolicy _policy;
    private readonly TimeProvider _timeProvider;
    private readonly MonotonicClock _clock;
    private readonly RecoveryInstruments _instruments;
    private readonly ILogger _logger;

    /// <summary>Makes a strategy.</summary>
    /// <param name="options">Attempts and delays; they are copied. Default: a default <see cref="RetryOptions"/>.</param>
    /// <param name="timeProvider">Where it takes the time from. Default: the system's.</param>
    /// <param name="monitor">Where it is seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where it warns of each retry. Default: nowhere.</param>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public RetryStrategy(
        RetryOptions? options = null,
        TimeProvider? timeProvider = null,
        ResourceMonitor? monitor = null,
        ILogger<RetryStrategy>? logger = null)
    {
        _options = (options ?? new RetryOptions()).Freeze();
        _policy = new RetryPolicy(_options);
        _timeProvider = timeProvider ?? TimeProvider.System;
        _clock = new MonotonicClock(_timeProvider);
        _instruments = (monitor ?? ResourceMonitor.Shared).Recovery;
        _logger = new SafeLogger(logger ?? (ILogger)NullLogger.Instance);
    }

    /// <summary>Runs the work until it succeeds or there is no further attempt.</summary>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="work">One attempt; it is given <paramref name="cancellationToken"/>.</param>
    /// <param name="cancellationToken">Ends everything, a wait at once.</param>
    /// <returns>What the successful attempt yielded.</returns>
    /// <exception cref="MaxRetriesExceededException">There was no further attempt; it has all failures.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="Exception">A failure that is not worth another attempt is thrown as it was.</exception>
    public ValueTask<TResult> ExecuteAsync<TResult>(
        Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ExecuteAsync(static (run, token) => run(token), work, _options.IsIdempotent, cancellationToken);
    }

    /// <summary>As the other, with a state for the work, so that it needs no closure.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="work">One attempt.</param>
    /// <param name="state">Given to each attempt.</param>
    /// <param name="cancellationToken">Ends everything, a wait at once.</param>
    /// <returns>What the successful attempt yielded.</returns>
    /// <exception cref="MaxRetriesExceededException">There was no further attempt; it has all failures.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<TResult> ExecuteAsync<TState, TResult>(
        Func<TState, CancellationToken, ValueTask<TResult>> work, TState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ExecuteAsync(work, state, _options.IsIdempotent, cancellationToken);
    }

    /// <summary>Runs work that yields nothing until it succeeds or there is no further attempt.</summary>
    /// <param name="work">One attempt; it is given <paramref name="cancellationToken"/>.</param>
    /// <param name="cancellationToken">Ends everything, a wait at once.</param>
    /// <returns>Ends when an attempt has succeeded.</returns>
    /// <exception cref="MaxRetriesExceededException">There was no further attempt; it has all failures.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask ExecuteAsync(Func<CancellationToken, ValueTask> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return NoResult.DropAsync(ExecuteAsync(NoResult.Run, work, _options.IsIdempotent, cancellationToken));
    }

    /// <summary>
    /// Begins a call whose attempts are run by hand: for frameworks that want the work in a shape of their own. It counts as a
    /// call to the budget.
    /// </summary>
    /// <returns>The call, before its first attempt.</returns>
    public RetryCall Begin() => new(this, NewCourse(_options.IsIdempotent));

    /// <summary>The same, but what would be thrown in the end is returned. Only cancellation by the caller is thrown.</summary>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="work">One attempt.</param>
    /// <param name="cancellationToken">Ends everything, a wait at once.</param>
    /// <returns>The value or the failure, and the number of attempts.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<RetryResult<TResult>> TryExecuteAsync<TResult>(
        Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return TryExecuteAsync(static (run, token) => run(token), work, cancellationToken);
    }

    /// <summary>As the other, with a state for the work, so that it needs no closure.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="work">One attempt.</param>
    /// <param name="state">Given to each attempt.</param>
    /// <param name="cancellationToken">Ends everything, a wait at once.</param>
    /// <returns>The value or the failure, and the number of attempts.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<RetryResult<TResult>> TryExecuteAsync<TState, TResult>(
        Func<TState, CancellationToken, ValueTask<TResult>> work, TState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<RetryResult<TResult>>(cancellationToken);
        }

        var course = NewCourse(_options.IsIdempotent);
        return RunAsync(WorkStart.Begin(work, state, cancellationToken), course, work, state, cancellationToken);
    }

    internal ValueTask<TResult> ExecuteAsync<TState, TResult>(
        Func<TState, CancellationToken, ValueTask<TResult>> work,
        TState state,
        bool isIdempotent,
        CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<TResult>(cancellationToken);
        }

        var course = NewCourse(isIdempotent);
        var first = WorkStart.Begin(work, state, cancellationToken);
        if (first.IsCompletedSuccessfully)
        {
            RecordSuccess(course, attempt: 1);
            return first;
        }

        return UnwrapAsync(RunAsync(first, course, work, state, cancellationToken));
    }

    private static async ValueTask<TResult> UnwrapAsync<TResult>(ValueTask<RetryResult<TResult>> pending)
    {
        var result = await pending.ConfigureAwait(false);
        if (result.Failure is { } failure)
        {
            // What the work threw keeps the trace of where it did.
            ExceptionDispatchInfo.Throw(failure);
        }

        return result.Value;
    }

    private RetryCourse NewCourse(bool isIdempotent)
    {
        _options.Budget?.Deposit();
        var needsTime = _options.MaxElapsedTime is not null || _instruments.TimesAttempts;
        return new RetryCourse(isIdempotent, needsTime ? _timeProvider.GetTimestamp() : 0);
    }

    private async ValueTask<RetryResult<TResult>> RunAsync<TState, TResult>(
        ValueTask<TResult> pending,
        RetryCourse course,
        Func<TState, CancellationToken, ValueTask<TResult>> work,
        TState state,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var value = await pending.ConfigureAwait(false);
                RecordSuccess(course, attempt);
                return new RetryResult<TResult>(value, attempt);
            }
            catch (Exception failure)
            {
                ThrowIfCancelled(failure, cancellationToken);
                course.Add(failure);
            }

            if (Settle(ref course) is { } final)
            {
                return new RetryResult<TResult>(final, attempt);
            }

            await WaitAsync(course, cancellationToken).ConfigureAwait(false);
            course.AttemptBegun = AttemptAfter(TimeSpan.Zero);
            pending = WorkStart.Begin(work, state, cancellationToken);
        }
    }

    internal void RecordSuccess(in RetryCourse course, int attempt)
    {
        if (course.AttemptBegun != 0 && _instruments.TimesAttempts)
        {
            _instruments.RecordSuccess(attempt, _clock.Between(course.AttemptBegun, _clock.Now));
        }
    }

    /// <summary>When an attempt begins after a delay; zero when nobody needs to know.</summary>
    internal long AttemptAfter(TimeSpan delay) => _instruments.TimesAttempts ? _clock.After(_clock.Now, delay) : 0;

    /// <summary>What is thrown in the end; null when there is another attempt, after the course's delay.</summary>
    internal Exception? Settle(ref RetryCourse course)
    {
        var failure = course.Last;
        var attempt = course.Failures.Count;
        _instruments.RecordFailedAttempt(attempt);
        if (!_policy.IsWorthAnother(new RetryFailure(failure, attempt, course.IsIdempotent)))
        {
            return failure;
        }

        if (attempt >= _options.MaxAttempts)
        {
            return GiveUp(course, RetryStop.AttemptsUsedUp, $"RetryOptions.MaxAttempts is {_options.MaxAttempts}");
        }

        if (!_policy.TryGetDelay(ref course, out var asked))
        {
            return GiveUp(course, RetryStop.RetryAfterTooLong,
                $"the server asks to wait {asked}, RetryOptions.MaxDelay is {_options.MaxDelay}");
        }

        if (_options.MaxElapsedTime is { } most && _timeProvider.GetElapsedTime(course.Begun) + course.Delay > most)
        {
            return GiveUp(course, RetryStop.TimeUsedUp,
                $"another after {course.Delay} would begin after RetryOptions.MaxElapsedTime, {most}");
        }

        if (_options.Budget is { } budget && !budget.TryWithdraw())
        {
            RecoveryLog.BudgetRefused(_logger, _options.Name, attempt, budget.Name, FailureText.Of(failure), failure);
            return GiveUp(course, RetryStop.BudgetRefused,
                $"the retry budget '{budget.Name}' refused another; see RetryBudgetOptions");
        }

        RecoveryLog.Retrying(
            _logger, _options.Name, attempt, _options.MaxAttempts, course.Delay, FailureText.Of(failure), failure);
        RecoveryActivities.MarkRetry(_options.Name, attempt, course.Delay, failure);
        return null;
    }

    private MaxRetriesExceededException GiveUp(in RetryCourse course, RetryStop reason, string why) => new(
        $"Retry '{_options.Name}' gave up after {course.Failures.Count} attempt(s): {why}. "
        + $"Last error: {FailureText.Of(course.Last)}",
        reason, [.. course.Failures], _options.Name);

    private async ValueTask WaitAsync(RetryCourse course, CancellationToken cancellationToken)
    {
        if (course.Delay <= TimeSpan.Zero)
        {
            ThrowIfCancelled(course.Last, cancellationToken);
            return;
        }

        try
        {
            await Task.Delay(course.Delay, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            ThrowIfCancelled(course.Last, cancellationToken);
            throw;
        }
    }

    // The caller's token is the one that the caller looks for; what had failed before is worth knowing too.
    private void ThrowIfCancelled(Exception failure, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(
                $"Retry '{_options.Name}' was cancelled by its caller.", failure, cancellationToken);
        }
    }
}
