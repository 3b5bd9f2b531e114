using Pepper.Resources.Recovery;
using Polly;
using Polly.CircuitBreaker;
using Polly.Telemetry;
using CircuitState = Pepper.Resources.Recovery.CircuitState;

namespace Pepper.Resources.Polly;

/// <summary>
/// A <see cref="CircuitBreaker"/> as a Polly strategy. An outcome that is not handled is neutral when it is an exception, and a
/// success when it is a result; once the caller has cancelled, an exception says nothing.
/// </summary>
internal sealed class ConsecutiveCircuitBreakerStrategy<T> : ResilienceStrategy<T>, IDisposable
{
    private readonly CircuitBreaker _breaker;
    private readonly bool _ownsBreaker;
    private readonly Func<CircuitBreakerPredicateArguments<T>, ValueTask<bool>>? _shouldHandle;
    private readonly ResilienceStrategyTelemetry _telemetry;
    private readonly IDisposable? _subscription;

    internal ConsecutiveCircuitBreakerStrategy(
        CircuitBreaker breaker,
        bool ownsBreaker,
        Func<CircuitBreakerPredicateArguments<T>, ValueTask<bool>>? shouldHandle,
        ResilienceStrategyTelemetry telemetry,
        bool isWatched)
    {
        _breaker = breaker;
        _ownsBreaker = ownsBreaker;
        _shouldHandle = shouldHandle;
        _telemetry = telemetry;
        _subscription = isWatched ? breaker.Subscribe(Report) : null;
    }

    public void Dispose()
    {
        _subscription?.Dispose();
        if (_ownsBreaker)
        {
            _breaker.Dispose();
        }
    }

    protected override async ValueTask<Outcome<T>> ExecuteCore<TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<T>>> callback, ResilienceContext context, TState state)
    {
        if (Refuse(context, out var call) is { } refusal)
        {
            return Outcome.FromException<T>(refusal);
        }

        Outcome<T> outcome;
        try
        {
            outcome = await callback(context, state).ConfigureAwait(context.ContinueOnCapturedContext);
        }
        catch (Exception failure)
        {
            outcome = Outcome.FromException<T>(failure);
        }

        if (_shouldHandle is null)
        {
            End(call, context, outcome, isHandled: outcome.Exception is not null);
        }
        else
        {
            End(call, context, outcome, await IsHandledAsync(context, outcome).ConfigureAwait(context.ContinueOnCapturedContext));
        }

        return outcome;
    }

    private Exception? Refuse(ResilienceContext context, out CircuitCall call)
    {
        call = default;
        if (context.CancellationToken.IsCancellationRequested)
        {
            return new OperationCanceledException(context.CancellationToken);
        }

        try
        {
            return _breaker.TryEnter(out call) ? null : Rejection(call.ToException()!);
        }
        catch (ObjectDisposedException disposed)
        {
            return disposed;
        }
    }

    private BrokenCircuitException Rejection(CircuitOpenException rejection)
    {
        BrokenCircuitException exception = rejection.State == CircuitState.Isolated
            ? new IsolatedCircuitException(rejection.Message, rejection)
            : new CircuitRejectedException(rejection);
        _telemetry.SetTelemetrySource(exception);
        return exception;
    }

    private void End(CircuitCall call, ResilienceContext context, Outcome<T> outcome, bool isHandled)
    {
        if (outcome.Exception is { } failure)
        {
            if (isHandled && !context.CancellationToken.IsCancellationRequested)
            {
                call.Fail(failure);
            }
            else
            {
                call.Abandon();
            }
        }
        else if (isHandled)
        {
            call.Fail(new HandledResultException(_breaker.Name, null, typeof(T)));
        }
        else
        {
            call.Succeed();
        }
    }

    private async ValueTask<bool> IsHandledAsync(ResilienceContext context, Outcome<T> outcome)
    {
        try
        {
            return await _shouldHandle!(new CircuitBreakerPredicateArguments<T>(context, outcome))
                .ConfigureAwait(context.ContinueOnCapturedContext);
        }
        catch (Exception)
        {
            return outcome.Exception is not null;
        }
    }

    private void Report(CircuitTransition transition)
    {
        // Whoever caused the transition may have ended long ago, or be nobody: it gets a context of its own.
        var context = ResilienceContextPool.Shared.Get(CancellationToken.None);
        var outcome = transition.Cause is { } cause ? Outcome.FromException<T>(cause) : Outcome.FromResult<T>(default);
        var isManual = transition.From == CircuitState.Isolated || transition.To == CircuitState.Isolated;
        switch (transition.To)
        {
            case CircuitState.Closed:
                _telemetry.Report(PollyEvents.CircuitClosed, context, outcome,
                    new OnCircuitClosedArguments<T>(context, outcome, isManual));
                break;
            case CircuitState.HalfOpen:
                _telemetry.Report(PollyEvents.CircuitHalfOpened, context, new OnCircuitHalfOpenedArguments(context));
                break;
            default:
                _telemetry.Report(PollyEvents.CircuitOpened, context, outcome,
                    new OnCircuitOpenedArguments<T>(context, outcome, isManual ? TimeSpan.MaxValue : transition.Break, isManual));
                break;
        }

        ResilienceContextPool.Shared.Return(context);
    }
}
