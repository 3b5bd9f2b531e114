using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pepper.Resources.Monitoring;

namespace Pepper.Resources.Recovery;

/// <summary>
/// Stops calling what fails: after <see cref="CircuitBreakerOptions.FailureThreshold"/> failures in a row calls are rejected for
/// a while, then one trial decides whether to go on.
/// </summary>
/// <remarks>
/// <para>Safe from any thread. A call through a closed circuit whose last call succeeded takes no lock and reads no clock, and
/// allocates nothing when the work completes synchronously. No timer and no task exist unless a trial is under way.</para>
/// <para>A result counts only in the phase in which its call began. The caller's own cancellation never counts. A trial that
/// does not end in <see cref="CircuitBreakerOptions.HalfOpenTimeout"/> has failed. Time is monotonic.</para>
/// <para>Disposing it is not needed; it takes the circuit out of the metrics, and calls are refused from then on.</para>
/// </remarks>
[DebuggerDisplay("Circuit {Name}: {State}")]
public sealed partial class CircuitBreaker : ICircuitSource, IDisposable
{
    private readonly string _label;
    private readonly TimeProvider _timeProvider;
    private readonly MonotonicClock _clock;
    private readonly ResourceMonitor _monitor;
    private readonly ILogger _logger;
    private readonly StripedCount _successes;
    private readonly StripedCount _rejected;
    private volatile CircuitBreakerOptions _options;
    private DeadlineRunner? _runner;

    /// <summary>Makes a closed circuit.</summary>
    /// <param name="options">
    /// Thresholds and times; they are copied. Default: a default <see cref="CircuitBreakerOptions"/>.
    /// </param>
    /// <param name="timeProvider">Where it takes the time from. Default: the system's.</param>
    /// <param name="monitor">Where it is seen. Default: <see cref="ResourceMonitor.Shared"/>.</param>
    /// <param name="logger">Where it tells of transitions. Default: nowhere.</param>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public CircuitBreaker(
        CircuitBreakerOptions? options = null,
        TimeProvider? timeProvider = null,
        ResourceMonitor? monitor = null,
        ILogger<CircuitBreaker>? logger = null)
        : this((options ?? new CircuitBreakerOptions()).Freeze(), label: null, timeProvider ?? TimeProvider.System,
            monitor ?? ResourceMonitor.Shared, new SafeLogger(logger ?? (ILogger)NullLogger.Instance))
    {
    }

    /// <summary>Makes one of many circuits, which share a label.</summary>
    internal CircuitBreaker(
        CircuitBreakerOptions frozen, string? label, TimeProvider timeProvider, ResourceMonitor monitor, ILogger safeLogger)
    {
        _options = frozen;
        _label = label ?? frozen.Name;
        _timeProvider = timeProvider;
        _clock = new MonotonicClock(timeProvider);
        _monitor = monitor;
        _logger = safeLogger;
        _successes = new StripedCount(isStriped: label is null);
        _rejected = new StripedCount(isStriped: label is null);
        _phase = NewClosedPhase(number: 1);
        monitor.Circuits.Add(this);
    }

    /// <summary>The name in messages, logs and metrics.</summary>
    public string Name => _options.Name;

    /// <summary>The state now. An open circuit whose break is over stays open until a call comes to be its trial.</summary>
    public CircuitState State => GetPhase().State;

    /// <summary>Runs the work, unless the circuit rejects the call.</summary>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="work">The work. Its token is the caller's; that of a trial is also cancelled when its time is over.</param>
    /// <param name="cancellationToken">Cancels the work; that counts neither as a success nor as a failure.</param>
    /// <returns>What the work yielded.</returns>
    /// <exception cref="CircuitOpenException">The circuit rejected the call: the work did not begin.</exception>
    /// <exception cref="ExecutionTimeoutException">The call was a trial, and its time was over.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The circuit was disposed.</exception>
    public ValueTask<TResult> ExecuteAsync<TResult>(
        Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ExecuteAsync(static (run, token) => run(token), work, cancellationToken);
    }

    /// <summary>As the other, with a state for the work, so that it needs no closure.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="work">The work. Its token is the caller's; that of a trial is also cancelled when its time is over.</param>
    /// <param name="state">Given to the work.</param>
    /// <param name="cancellationToken">Cancels the work; that counts neither as a success nor as a failure.</param>
    /// <returns>What the work yielded.</returns>
    /// <exception cref="CircuitOpenException">The circuit rejected the call: the work did not begin.</exception>
    /// <exception cref="ExecutionTimeoutException">The call was a trial, and its time was over.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The circuit was disposed.</exception>
    public ValueTask<TResult> ExecuteAsync<TState, TResult>(
        Func<TState, CancellationToken, ValueTask<TResult>> work, TState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<TResult>(cancellationToken);
        }

        return TryEnter(out var permit, out var rejection)
            ? RunAsync(permit, work, state, cancellationToken)
            : ValueTask.FromException<TResult>(rejection.ToException(Name));
    }

    /// <summary>Runs work that yields nothing, unless the circuit rejects the call.</summary>
    /// <param name="work">The work. Its token is the caller's; that of a trial is also cancelled when its time is over.</param>
    /// <param name="cancellationToken">Cancels the work; that counts neither as a success nor as a failure.</param>
    /// <returns>Ends when the work has.</returns>
    /// <exception cref="CircuitOpenException">The circuit rejected the call: the work did not begin.</exception>
    /// <exception cref="ExecutionTimeoutException">The call was a trial, and its time was over.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The circuit was disposed.</exception>
    public ValueTask ExecuteAsync(Func<CancellationToken, ValueTask> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return NoResult.DropAsync(ExecuteAsync(NoResult.Run, work, cancellationToken));
    }

    /// <summary>The same, but a rejection is returned instead of thrown. What the work throws is thrown.</summary>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">Cancels the work; that counts neither as a success nor as a failure.</param>
    /// <returns>What the work yielded, or how the circuit stood.</returns>
    /// <exception cref="ExecutionTimeoutException">The call was a trial, and its time was over.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The circuit was disposed.</exception>
    public ValueTask<CircuitResult<TResult>> TryExecuteAsync<TResult>(
        Func<CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return TryExecuteAsync(static (run, token) => run(token), work, cancellationToken);
    }

    /// <summary>As the other, with a state for the work, so that it needs no closure.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <typeparam name="TResult">What the work yields.</typeparam>
    /// <param name="work">The work.</param>
    /// <param name="state">Given to the work.</param>
    /// <param name="cancellationToken">Cancels the work; that counts neither as a success nor as a failure.</param>
    /// <returns>What the work yielded, or how the circuit stood.</returns>
    /// <exception cref="ExecutionTimeoutException">The call was a trial, and its time was over.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The circuit was disposed.</exception>
    public ValueTask<CircuitResult<TResult>> TryExecuteAsync<TState, TResult>(
        Func<TState, CancellationToken, ValueTask<TResult>> work, TState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<CircuitResult<TResult>>(cancellationToken);
        }

        return TryEnter(out var permit, out var rejection)
            ? WrapAsync(RunAsync(permit, work, state, cancellationToken))
            : new ValueTask<CircuitResult<TResult>>(new CircuitResult<TResult>(rejection, Name));
    }

    /// <summary>
    /// Asks to make a call whose outcome is told by hand. Whoever is let through ends the call, once, when it knows what became
    /// of the work. Costs no allocation while a thread has one such call under way.
    /// </summary>
    /// <param name="call">The call; when it was rejected it tells when to come again.</param>
    /// <returns>Whether the work may begin.</returns>
    /// <exception cref="ObjectDisposedException">The circuit was disposed.</exception>
    public bool TryEnter(out CircuitCall call)
    {
        if (TryEnter(out var permit, out var rejection))
        {
            var ticket = CircuitTicket.Rent(permit, out var use);
            call = new CircuitCall(this, ticket, use);
            return true;
        }

        call = new CircuitCall(this, rejection);
        return false;
    }

    /// <summary>
    /// Has every transition told to an observer: on the thread pool, in order, one at a time, and without the caller's context.
    /// Nobody waits for it; what it throws is logged. Of one that is slow or hangs 256 transitions are kept, and what it missed
    /// is counted in <see cref="CircuitTransition.Missed"/>.
    /// </summary>
    /// <param name="observer">Called for each transition.</param>
    /// <returns>Ends it when disposed.</returns>
    /// <exception cref="ObjectDisposedException">The circuit was disposed.</exception>
    public IDisposable Subscribe(Action<CircuitTransition> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        var subscription = new CircuitSubscription(Unsubscribe, observer, _logger);
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            ObjectDisposedException.ThrowIf(_phase.IsEnd, this);
            _subscriptions = [.. _subscriptions, subscription];
        }

        return subscription;
    }

    /// <summary>Takes other options, without losing the state: what is open stays open until its break is over.</summary>
    /// <param name="options">The options; they are copied. The name must be the same.</param>
    /// <exception cref="ArgumentException">The options have faults, or another name.</exception>
    public void Reconfigure(CircuitBreakerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var frozen = options.Freeze();
        if (frozen.Name != Name)
        {
            throw new ArgumentException($"Circuit '{Name}' cannot become '{frozen.Name}'.", nameof(options));
        }

        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _options = frozen;
            if (_phase.State == CircuitState.Closed)
            {
                _phase.Window = NewWindow(frozen);
            }
        }
    }

    /// <summary>Takes the circuit out of the metrics and ends its observers. Calls are refused; those under way end as they
    /// will.</summary>
    public void Dispose()
    {
        CircuitSubscription[] ended;
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _phase = new CircuitPhase(CircuitState.Isolated, _phase.Number + 1) { IsEnd = true };
            ended = _subscriptions;
            _subscriptions = [];
        }

        foreach (var subscription in ended)
        {
            subscription.Dispose();
        }

        _monitor.Circuits.Remove(this);
    }

    /// <summary>For an owner: called for each transition, at once, by whoever brought it about, outside all locks.</summary>
    internal Action<CircuitTransition>? Told { get; set; }

    // What a look that changes nothing can tell.
    internal bool IsClosed => _phase.State == CircuitState.Closed;

    internal bool IsHalfOpen => _phase.State == CircuitState.HalfOpen;

    internal bool IsIsolated => _phase.State == CircuitState.Isolated;

    internal void FailByHand(in CircuitPermit permit, Exception? failure)
    {
        if (failure is not null && !Counts(failure))
        {
            Abstain(permit);
            return;
        }

        Fail(permit, failure ?? new ResourceException($"A call through circuit '{Name}' failed; no cause was told.", Name));
    }

    CircuitReading ICircuitSource.ReadCircuit() => new(_label, (int)State);

    private static async ValueTask<CircuitResult<TResult>> WrapAsync<TResult>(ValueTask<TResult> pending) =>
        new(await pending.ConfigureAwait(false));

    private ValueTask<TResult> RunAsync<TState, TResult>(
        in CircuitPermit permit,
        Func<TState, CancellationToken, ValueTask<TResult>> work,
        TState state,
        CancellationToken cancellationToken)
    {
        var pending = permit.IsTrial
            ? TrialRunner().RunAsync(work, state, _options.HalfOpenTimeout, cancellationToken)
            : WorkStart.Begin(work, state, cancellationToken);
        if (pending.IsCompletedSuccessfully)
        {
            Succeed(permit);
            return pending;
        }

        return AwaitAsync(permit, pending, cancellationToken);
    }

    private async ValueTask<TResult> AwaitAsync<TResult>(
        CircuitPermit permit, ValueTask<TResult> pending, CancellationToken cancellationToken)
    {
        TResult result;
        try
        {
            result = await pending.ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // Whatever a call throws once its caller has cancelled may be due to that, and says nothing.
            if (cancellationToken.IsCancellationRequested || !Counts(failure))
            {
                Abstain(permit);
            }
            else
            {
                Fail(permit, failure);
            }

            throw;
        }

        Succeed(permit);
        return result;
    }

    private bool Counts(Exception failure)
    {
        try
        {
            return _options.IsFailure?.Invoke(failure) ?? true;
        }
        catch (Exception)
        {
            return true;
        }
    }

    // Made when the first trial is: most circuits never have one.
    private DeadlineRunner TrialRunner() => _runner ??= new DeadlineRunner(
        _timeProvider, new DeadlineName($"Trial of circuit '{Name}'", "CircuitBreakerOptions.HalfOpenTimeout", Name), _logger);

    private void Unsubscribe(CircuitSubscription subscription)
    {
        lock (_lock)
        {
            AssertInvariants_NeedsLock();
            _subscriptions = [.. _subscriptions.Where(one => one != subscription)];
        }
    }
}
