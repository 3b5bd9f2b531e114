using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <summary>Serves by other means when the primary fails: one fallback after another, in their order, until one serves.</summary>
/// <remarks>
/// Safe from any thread; it holds no state of calls and needs no disposal. A primary that succeeds and completes synchronously
/// costs no allocation. The caller's own cancellation is no failure: no fallback is tried after it.
/// </remarks>
/// <typeparam name="TResult">What is yielded.</typeparam>
public sealed class FallbackStrategy<TResult>
{
    private readonly FallbackOptions _options;
    private readonly Fallback<TResult>[] _fallbacks;
    private readonly DeadlineRunner?[] _runners;
    private readonly RecoveryInstruments _instruments;
    private readonly ILogger _logger;

    /// <summary>Makes a strategy whose fallbacks have no time limits.</summary>
    /// <param name="fallbacks">What to do instead, in order. With none of them, a failure of the primary is that of all.</param>
    /// <param name="options">The name, and which failures count; they are copied.</param>
    /// <param name="monitor">Where it is seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where it warns of failures. Default: nowhere.</param>
    /// <exception cref="ArgumentException">A fallback is null, or the options have faults.</exception>
    public FallbackStrategy(
        IEnumerable<Func<CancellationToken, ValueTask<TResult>>> fallbacks,
        FallbackOptions? options = null,
        ResourceMonitor? monitor = null,
        ILogger<FallbackStrategy<TResult>>? logger = null)
        : this(Wrap(fallbacks), options, timeProvider: null, monitor, logger)
    {
    }

    /// <summary>Makes a strategy of fallbacks that may have names and time limits.</summary>
    /// <param name="fallbacks">What to do instead, in order. With none of them, a failure of the primary is that of all.</param>
    /// <param name="options">The name, and which failures count; they are copied.</param>
    /// <param name="timeProvider">Where it takes the time from. Default: the system's.</param>
    /// <param name="monitor">Where it is seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where it warns of failures. Default: nowhere.</param>
    /// <exception cref="ArgumentException">A fallback is null, or the options have faults.</exception>
    public FallbackStrategy(
        IEnumerable<Fallback<TResult>> fallbacks,
        FallbackOptions? options = null,
        TimeProvider? timeProvider = null,
        ResourceMonitor? monitor = null,
        ILogger<FallbackStrategy<TResult>>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(fallbacks);
        _options = (options ?? new FallbackOptions()).Freeze();
        _fallbacks = [.. fallbacks];
        if (_fallbacks.Any(static fallback => fallback is null))
        {
            throw new ArgumentException($"A fallback of '{_options.Name}' is null.", nameof(fallbacks));
        }

        _instruments = (monitor ?? ResourceMonitor.Shared).Recovery;
        _logger = new SafeLogger(logger ?? (ILogger)NullLogger.Instance);
        _runners =
        [
            .. _fallbacks.Select((fallback, index) => fallback.Timeout is null
                ? null
                : new DeadlineRunner(timeProvider ?? TimeProvider.System,
                    new DeadlineName($"Fallback {NameOf(index)} of '{_options.Name}'", "Fallback.Timeout", _options.Name),
                    _logger)),
        ];
    }

    /// <summary>The name in messages.</summary>
    public string Name => _options.Name;

    /// <summary>How many fallbacks there are.</summary>
    public int Count => _fallbacks.Length;

    /// <summary>Runs the primary and, while that fails, one fallback after another.</summary>
    /// <param name="primary">What is wanted.</param>
    /// <param name="cancellationToken">Cancels what is under way; nothing else is tried then.</param>
    /// <returns>What the first that succeeded yielded.</returns>
    /// <exception cref="AllFallbacksFailedException">All failed; the inner exception is the primary's failure.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<TResult> ExecuteAsync(
        Func<CancellationToken, ValueTask<TResult>> primary, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(primary);
        return ExecuteAsync(static (run, token) => run(token), primary, cancellationToken);
    }

    /// <summary>As the other, with a state for the primary, so that it needs no closure.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <param name="primary">What is wanted.</param>
    /// <param name="state">Given to the primary.</param>
    /// <param name="cancellationToken">Cancels what is under way; nothing else is tried then.</param>
    /// <returns>What the first that succeeded yielded.</returns>
    /// <exception cref="AllFallbacksFailedException">All failed; the inner exception is the primary's failure.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<TResult> ExecuteAsync<TState>(
        Func<TState, CancellationToken, ValueTask<TResult>> primary, TState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(primary);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<TResult>(cancellationToken);
        }

        var pending = WorkStart.Begin(primary, state, cancellationToken);
        return pending.IsCompletedSuccessfully ? pending : UnwrapAsync(AwaitAsync(pending, cancellationToken));
    }

    /// <summary>The same, telling who served, and without throwing when all failed.</summary>
    /// <param name="primary">What is wanted.</param>
    /// <param name="cancellationToken">Cancels what is under way; nothing else is tried then.</param>
    /// <returns>What came of it, who served, and what had failed before.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<FallbackResult<TResult>> TryExecuteAsync(
        Func<CancellationToken, ValueTask<TResult>> primary, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(primary);
        return TryExecuteAsync(static (run, token) => run(token), primary, cancellationToken);
    }

    /// <summary>As the other, with a state for the primary, so that it needs no closure.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <param name="primary">What is wanted.</param>
    /// <param name="state">Given to the primary.</param>
    /// <param name="cancellationToken">Cancels what is under way; nothing else is tried then.</param>
    /// <returns>What came of it, who served, and what had failed before.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<FallbackResult<TResult>> TryExecuteAsync<TState>(
        Func<TState, CancellationToken, ValueTask<TResult>> primary, TState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(primary);
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<FallbackResult<TResult>>(cancellationToken)
            : AwaitAsync(WorkStart.Begin(primary, state, cancellationToken), cancellationToken);
    }

    private static async ValueTask<TResult> UnwrapAsync(ValueTask<FallbackResult<TResult>> pending) =>
        (await pending.ConfigureAwait(false)).Value;

    private async ValueTask<FallbackResult<TResult>> AwaitAsync(ValueTask<TResult> primary, CancellationToken cancellationToken)
    {
        Exception failure;
        try
        {
            var value = await primary.ConfigureAwait(false);
            return new FallbackResult<TResult>(value, FallbackResult<TResult>.Primary, null);
        }
        catch (Exception thrown)
        {
            ThrowIfCancelled(thrown, cancellationToken);
            if (!IsWorthOne(thrown))
            {
                throw;
            }

            failure = thrown;
        }

        RecoveryLog.PrimaryFailed(_logger, FailureText.Of(failure), failure);
        return await FallBackAsync(failure, cancellationToken).ConfigureAwait(false);
    }

    private static IEnumerable<Fallback<TResult>> Wrap(IEnumerable<Func<CancellationToken, ValueTask<TResult>>> fallbacks)
    {
        ArgumentNullException.ThrowIfNull(fallbacks);
        return fallbacks.Select(static execute => new Fallback<TResult>(execute));
    }

    private async ValueTask<FallbackResult<TResult>> FallBackAsync(Exception first, CancellationToken cancellationToken)
    {
        List<Exception> failures = [first];
        for (var index = 0; index < _fallbacks.Length; index++)
        {
            RecoveryActivities.MarkFallback(_options.Name, index);
            try
            {
                var value = await RunAsync(index, cancellationToken).ConfigureAwait(false);
                _instruments.RecordFallback(index, success: true);
                return new FallbackResult<TResult>(value, index, failures.AsReadOnly());
            }
            catch (Exception failure)
            {
                ThrowIfCancelled(failure, cancellationToken);
                _instruments.RecordFallback(index, success: false);
                RecoveryLog.FallbackFailed(_logger, index, FailureText.Of(failure), failure);
                failures.Add(failure);
            }
        }

        return new FallbackResult<TResult>(new AllFallbacksFailedException(
            $"Fallback '{_options.Name}': the primary and {_fallbacks.Length} fallback(s) failed. Primary error: "
            + FailureText.Of(first),
            failures.AsReadOnly(), _options.Name));
    }

    private ValueTask<TResult> RunAsync(int index, CancellationToken cancellationToken)
    {
        var fallback = _fallbacks[index];
        return _runners[index] is { } runner
            ? runner.RunAsync(static (run, token) => run(token), fallback.Execute, fallback.Timeout!.Value, cancellationToken)
            : fallback.Execute(cancellationToken);
    }

    private bool IsWorthOne(Exception failure)
    {
        try
        {
            return _options.ShouldFallBack?.Invoke(failure) ?? true;
        }
        catch (Exception)
        {
            return true;
        }
    }

    private string NameOf(int index) => _fallbacks[index].Name is { } name
        ? $"'{name}'"
        : index.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private void ThrowIfCancelled(Exception failure, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(
                $"Fallback '{_options.Name}' was cancelled by its caller.", failure, cancellationToken);
        }
    }
}
