using Pepper.Resources.Recovery;
using Polly;
using Polly.Telemetry;
using Polly.Timeout;

namespace Pepper.Resources.Polly;

/// <summary>
/// A <see cref="TimeoutStrategy"/> as a Polly strategy. Work that ignores its token is given up, and goes on with a context that
/// nobody else will have: Polly gives the caller's to another execution as soon as the caller is told.
/// </summary>
internal sealed class BoundedTimeoutStrategy(
    TimeoutStrategy timeout, string[] carriedProperties, ResilienceStrategyTelemetry telemetry) : ResilienceStrategy
{
    protected override async ValueTask<Outcome<TResult>> ExecuteCore<TResult, TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback, ResilienceContext context, TState state)
    {
        try
        {
            var ended = await timeout.ExecuteAsync(
                static (run, token) => run.Strategy.RunAsync(run.Callback, run.Context, run.State, token),
                (Strategy: this, Callback: callback, Context: context, State: state),
                context.CancellationToken).ConfigureAwait(context.ContinueOnCapturedContext);
            Carry(ended.Context, context);
            ResilienceContextPool.Shared.Return(ended.Context);
            return ended.IsCancelled && !context.CancellationToken.IsCancellationRequested
                ? TimedOut<TResult>(context, isAbandoned: false, $"The work did not end within {timeout.Timeout}.",
                    ended.Outcome.Exception!)
                : ended.Outcome;
        }
        catch (ExecutionTimeoutException over)
        {
            return TimedOut<TResult>(context, over.IsAbandoned, over.Message, over);
        }
        catch (Exception cancelled)
        {
            return Outcome.FromException<TResult>(cancelled);
        }
    }

    private async ValueTask<BoundedOutcome<TResult>> RunAsync<TResult, TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback,
        ResilienceContext context,
        TState state,
        CancellationToken token)
    {
        var own = ResilienceContextPool.Shared.Get(context.OperationKey, context.ContinueOnCapturedContext, token);
        Carry(context, own);
        Outcome<TResult> outcome;
        try
        {
            outcome = await callback(own, state).ConfigureAwait(own.ContinueOnCapturedContext);
        }
        catch (Exception failure)
        {
            outcome = Outcome.FromException<TResult>(failure);
        }

        return new BoundedOutcome<TResult>(
            outcome, own, outcome.Exception is OperationCanceledException && token.IsCancellationRequested);
    }

    private Outcome<TResult> TimedOut<TResult>(ResilienceContext context, bool isAbandoned, string message, Exception inner)
    {
        telemetry.Report(PollyEvents.Timeout, context, new OnTimeoutArguments(context, timeout.Timeout));
        var exception = new BoundedTimeoutRejectedException(message, timeout.Timeout, isAbandoned, inner);
        telemetry.SetTelemetrySource(exception);
        return Outcome.FromException<TResult>(exception);
    }

    private void Carry(ResilienceContext from, ResilienceContext to)
    {
        foreach (var name in carriedProperties)
        {
            var key = new ResiliencePropertyKey<object?>(name);
            if (from.Properties.TryGetValue(key, out var value))
            {
                to.Properties.Set(key, value);
            }
        }
    }
}
