namespace Pepper.Resources.Recovery;

/// <summary>
/// Strategies around each other in the one order that works: <b>fallback, total timeout, retry with budget, breaker, attempt
/// timeout</b>, from the outside in. So a retry asks the breaker each time, the breaker sees every attempt's failure, its timeout
/// included, and the total time ends waits as well as attempts.
/// </summary>
/// <remarks>
/// <para>Whoever makes a pipeline does not know all the work that it will run, so it is each call that says whether its work may
/// run more than once: <see cref="ExecuteAsync{TResult}"/> of the pipeline repeats work only when its failure says that it had
/// no effect (<see cref="IRetryHint.MayRetry"/>), that of <see cref="Idempotent"/> as its <see cref="RetryStrategy"/>
/// will.</para>
/// <para>Safe from any thread. The strategies belong to whoever made them and may stand in several pipelines.</para>
/// </remarks>
public sealed class RecoveryPipeline
{
    private readonly TimeoutStrategy? _totalTimeout;
    private readonly RetryStrategy? _retry;
    private readonly CircuitBreaker? _breaker;
    private readonly TimeoutStrategy? _attemptTimeout;
    private readonly bool _isIdempotent;

    /// <summary>Puts strategies together; each may be left out.</summary>
    /// <param name="totalTimeout">The limit of everything, waits between attempts included.</param>
    /// <param name="retry">Repeats attempts, and has the budget.</param>
    /// <param name="breaker">Rejects attempts while the circuit is open, which are not retried.</param>
    /// <param name="attemptTimeout">The limit of each attempt; a timeout counts as a failure.</param>
    public RecoveryPipeline(
        TimeoutStrategy? totalTimeout = null,
        RetryStrategy? retry = null,
        CircuitBreaker? breaker = null,
        TimeoutStrategy? attemptTimeout = null)
        : this(totalTimeout, retry, breaker, attemptTimeout, isIdempotent: false) => Idempotent =
            new RecoveryPipeline(totalTimeout, retry, breaker, attemptTimeout, isIdempotent: true);

    private RecoveryPipeline(
        TimeoutStrategy? totalTimeout,
        RetryStrategy? retry,
        CircuitBreaker? breaker,
        TimeoutStrategy? attemptTimeout,
        bool isIdempotent)
    {
        _totalTimeout = totalTimeout;
        _retry = retry;
        _breaker = breaker;
        _attemptTimeout = attemptTimeout;
        _isIdempotent = isIdempotent;
        Idempotent = this;
    }

    /// <summary>The same pipeline, with the same strategies, for work that may run more than once.</summary>
    public RecoveryPipeline Idempotent { get; }

    /// <summary>The same pipeline with a fallback around it.</summary>
    /// <typeparam name="TResult">What is yielded.</typeparam>
    /// <param name="fallback">What to do when all this failed.</param>
    /// <returns>A pipeline for work that yields <typeparamref name="TResult"/>.</returns>
    public RecoveryPipeline<TResult> WithFallback<TResult>(FallbackStrategy<TResult> fallback)
    {
        ArgumentNullException.ThrowIfNull(fallback);
        return new RecoveryPipeline<TResult>(this, fallback);
    }

    /// <summary>Runs the work through the strategies.</summary>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="work">One attempt.</param>
    /// <param name="cancellationToken">Ends everything at once.</param>
    /// <returns>What the work yielded.</returns>
    /// <exception cref="ExecutionTimeoutException">The total time was over, or an attempt's and there is no retry.</exception>
    /// <exception cref="MaxRetriesExceededException">There was no further attempt.</exception>
    /// <exception cref="CircuitOpenException">The circuit rejected an attempt.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<TResult> ExecuteAsync<TResult>(
        Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ExecuteAsync(static (run, token) => run(token), work, cancellationToken);
    }

    /// <summary>As the other, with a state for the work, so that it needs no closure.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="work">One attempt.</param>
    /// <param name="state">Given to each attempt.</param>
    /// <param name="cancellationToken">Ends everything at once.</param>
    /// <returns>What the work yielded.</returns>
    /// <exception cref="ExecutionTimeoutException">The total time was over, or an attempt's and there is no retry.</exception>
    /// <exception cref="MaxRetriesExceededException">There was no further attempt.</exception>
    /// <exception cref="CircuitOpenException">The circuit rejected an attempt.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<TResult> ExecuteAsync<TState, TResult>(
        Func<TState, CancellationToken, ValueTask<TResult>> work, TState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        var call = new Call<TState, TResult>(this, work, state);
        return _totalTimeout is null
            ? RetryAsync(call, cancellationToken)
            : _totalTimeout.ExecuteAsync(static (one, token) => RetryAsync(one, token), call, cancellationToken);
    }

    private static ValueTask<TResult> RetryAsync<TState, TResult>(Call<TState, TResult> call, CancellationToken token) =>
        call.Pipeline._retry is { } retry
            ? retry.ExecuteAsync(static (one, inner) => BreakAsync(one, inner), call, call.Pipeline._isIdempotent, token)
            : BreakAsync(call, token);

    private static ValueTask<TResult> BreakAsync<TState, TResult>(Call<TState, TResult> call, CancellationToken token) =>
        call.Pipeline._breaker is { } breaker
            ? breaker.ExecuteAsync(static (one, inner) => AttemptAsync(one, inner), call, token)
            : AttemptAsync(call, token);

    private static ValueTask<TResult> AttemptAsync<TState, TResult>(Call<TState, TResult> call, CancellationToken token) =>
        call.Pipeline._attemptTimeout is { } timeout
            ? timeout.ExecuteAsync(call.Work, call.State, token)
            : call.Work(call.State, token);

    /// <summary>What is handed from strategy to strategy: a value, so that it costs no allocation.</summary>
    private readonly record struct Call<TState, TResult>(
        RecoveryPipeline Pipeline, Func<TState, CancellationToken, ValueTask<TResult>> Work, TState State);
}

/// <summary>A <see cref="RecoveryPipeline"/> with a fallback around it. Safe from any thread.</summary>
/// <typeparam name="TResult">What is yielded.</typeparam>
public sealed class RecoveryPipeline<TResult>
{
    private readonly RecoveryPipeline _inner;
    private readonly FallbackStrategy<TResult> _fallback;

    internal RecoveryPipeline(RecoveryPipeline inner, FallbackStrategy<TResult> fallback)
    {
        _inner = inner;
        _fallback = fallback;
        Idempotent = ReferenceEquals(inner, inner.Idempotent) ? this : new RecoveryPipeline<TResult>(inner.Idempotent, fallback);
    }

    /// <summary>The same pipeline, for work that may run more than once.</summary>
    public RecoveryPipeline<TResult> Idempotent { get; }

    /// <summary>Runs the work through the strategies, and falls back when that failed.</summary>
    /// <param name="work">One attempt.</param>
    /// <param name="cancellationToken">Ends everything at once; no fallback is tried then.</param>
    /// <returns>What the work or a fallback yielded.</returns>
    /// <exception cref="AllFallbacksFailedException">The work and every fallback failed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<TResult> ExecuteAsync(
        Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ExecuteAsync(static (run, token) => run(token), work, cancellationToken);
    }

    /// <summary>As the other, with a state for the work, so that it needs no closure.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <param name="work">One attempt.</param>
    /// <param name="state">Given to each attempt.</param>
    /// <param name="cancellationToken">Ends everything at once; no fallback is tried then.</param>
    /// <returns>What the work or a fallback yielded.</returns>
    /// <exception cref="AllFallbacksFailedException">The work and every fallback failed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<TResult> ExecuteAsync<TState>(
        Func<TState, CancellationToken, ValueTask<TResult>> work, TState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return _fallback.ExecuteAsync(
            static (call, token) => call.Inner.ExecuteAsync(call.Work, call.State, token),
            (Inner: _inner, Work: work, State: state), cancellationToken);
    }

    /// <summary>The same, telling who served, and without throwing when all failed.</summary>
    /// <param name="work">One attempt.</param>
    /// <param name="cancellationToken">Ends everything at once; no fallback is tried then.</param>
    /// <returns>What came of it, who served, and what had failed before.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<FallbackResult<TResult>> TryExecuteAsync(
        Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return _fallback.TryExecuteAsync(
            static (call, token) => call.Inner.ExecuteAsync(call.Work, token), (Inner: _inner, Work: work), cancellationToken);
    }
}
