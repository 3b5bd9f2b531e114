using Pepper.Resources.Recovery;
using Polly;
using Polly.Fallback;
using Polly.Telemetry;

namespace Pepper.Resources.Polly;

/// <summary>
/// A <see cref="FallbackStrategy{TResult}"/> as a Polly strategy: one fallback after another until one serves, each with its own
/// time limit.
/// </summary>
internal sealed class FallbackListStrategy<T>(
    FallbackStrategy<T> fallbacks,
    Func<FallbackPredicateArguments<T>, ValueTask<bool>>? shouldHandle,
    ResilienceStrategyTelemetry telemetry) : ResilienceStrategy<T>
{
    protected override async ValueTask<Outcome<T>> ExecuteCore<TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<T>>> callback, ResilienceContext context, TState state)
    {
        Outcome<T> outcome;
        try
        {
            outcome = await callback(context, state).ConfigureAwait(context.ContinueOnCapturedContext);
        }
        catch (Exception failure)
        {
            outcome = Outcome.FromException<T>(failure);
        }

        var isHandled = shouldHandle is null ? outcome.Exception is not null
            : await IsHandledAsync(context, outcome).ConfigureAwait(context.ContinueOnCapturedContext);
        return isHandled && !context.CancellationToken.IsCancellationRequested
            ? await FallBackAsync(outcome, context).ConfigureAwait(context.ContinueOnCapturedContext)
            : outcome;
    }

    private async ValueTask<bool> IsHandledAsync(ResilienceContext context, Outcome<T> outcome)
    {
        try
        {
            return await shouldHandle!(new FallbackPredicateArguments<T>(context, outcome))
                .ConfigureAwait(context.ContinueOnCapturedContext);
        }
        catch (Exception)
        {
            return outcome.Exception is not null;
        }
    }

    private async ValueTask<Outcome<T>> FallBackAsync(Outcome<T> outcome, ResilienceContext context)
    {
        telemetry.Report(PollyEvents.Fallback, context, outcome, new OnFallbackArguments<T>(context, outcome));
        var failure = outcome.Exception ?? new HandledResultException(fallbacks.Name, outcome.Result, typeof(T));
        try
        {
            var served = await fallbacks.ExecuteAsync(
                static (exception, _) => ValueTask.FromException<T>(exception), failure, context.CancellationToken)
                .ConfigureAwait(context.ContinueOnCapturedContext);
            await Discarded.DisposeAsync(outcome.Result).ConfigureAwait(context.ContinueOnCapturedContext);
            return Outcome.FromResult(served);
        }
        catch (HandledResultException)
        {
            // FallbackOptions.ShouldFallBack says that it is not worth one.
            return outcome;
        }
        catch (Exception all)
        {
            return Outcome.FromException<T>(all);
        }
    }
}
