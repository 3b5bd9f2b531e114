using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <summary>
/// Gives work a time limit, which holds also when the work ignores its token: the caller is told, the work is abandoned, and what
/// it yields in the end is disposed. As a limit of one attempt it stands inside a <see cref="RetryStrategy"/>, as a limit of
/// all of them outside; a <see cref="RecoveryPipeline"/> has both.
/// </summary>
/// <remarks>
/// Safe from any thread; it holds no state of calls and needs no disposal. Work that completes synchronously costs no allocation;
/// if it comes back too late all the same, its result is returned. A caller who cancels is released with the same token, also
/// when the time was over just before: at once, or, with a <see cref="TimeoutOptions.CancellationGrace"/>, when the work has
/// ended or that time is over. Time is monotonic.
/// </remarks>
public sealed class TimeoutStrategy
{
    private readonly TimeoutOptions _options;
    private readonly DeadlineRunner _runner;

    /// <summary>Makes a strategy.</summary>
    /// <param name="options">The limit; it is copied. Default: a default <see cref="TimeoutOptions"/>.</param>
    /// <param name="timeProvider">Where it takes the time from. Default: the system's.</param>
    /// <param name="logger">Where it warns of work that was abandoned. Default: nowhere.</param>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public TimeoutStrategy(
        TimeoutOptions? options = null, TimeProvider? timeProvider = null, ILogger<TimeoutStrategy>? logger = null)
    {
        _options = (options ?? new TimeoutOptions()).Freeze();
        _runner = new DeadlineRunner(
            timeProvider ?? TimeProvider.System,
            new DeadlineName($"Timeout '{_options.Name}'", "TimeoutOptions.Timeout", _options.Name),
            new SafeLogger(logger ?? (ILogger)NullLogger.Instance))
        {
            Grace = _options.CancellationGrace,
            DisposesLateResults = _options.DisposeLateResults,
        };
    }

    /// <summary>The limit.</summary>
    public TimeSpan Timeout => _options.Timeout;

    /// <summary>Runs the work under the limit.</summary>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="work">The work; its token is cancelled when the time is over or the caller cancels.</param>
    /// <param name="cancellationToken">Cancels the work and releases the caller.</param>
    /// <returns>What the work yielded.</returns>
    /// <exception cref="ExecutionTimeoutException">The time was over.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<TResult> ExecuteAsync<TResult>(
        Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return _runner.RunAsync(static (run, token) => run(token), work, _options.Timeout, cancellationToken);
    }

    /// <summary>As the other, with a state for the work, so that it needs no closure.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="work">The work; its token is cancelled when the time is over or the caller cancels.</param>
    /// <param name="state">Given to the work.</param>
    /// <param name="cancellationToken">Cancels the work and releases the caller.</param>
    /// <returns>What the work yielded.</returns>
    /// <exception cref="ExecutionTimeoutException">The time was over.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<TResult> ExecuteAsync<TState, TResult>(
        Func<TState, CancellationToken, ValueTask<TResult>> work, TState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return _runner.RunAsync(work, state, _options.Timeout, cancellationToken);
    }
}
