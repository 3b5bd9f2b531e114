using Pepper.Resources.Recovery;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Telemetry;

namespace Pepper.Resources.Polly;

/// <summary>
/// A <see cref="RetryStrategy"/> as a Polly strategy. In the end it yields the last outcome as it is, as Polly's own does.
/// </summary>
internal sealed class BudgetedRetryStrategy<T>(
    RetryStrategy retry,
    string name,
    Func<RetryPredicateArguments<T>, ValueTask<bool>>? shouldHandle,
    TimeProvider timeProvider,
    ResilienceStrategyTelemetry telemetry,
    bool isWatched) : ResilienceStrategy<T>
{
    protected override async ValueTask<Outcome<T>> ExecuteCore<TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<T>>> callback, ResilienceContext context, TState state)
    {
        if (context.CancellationToken.IsCancellationRequested)
        {
            return Cancelled(context);
        }

        var call = retry.Begin();
        for (var attempt = 0; ; attempt++)
        {
            var begun = isWatched ? timeProvider.GetTimestamp() : 0;
            Outcome<T> outcome;
            try
            {
                outcome = await callback(context, state).ConfigureAwait(context.ContinueOnCapturedContext);
            }
            catch (Exception failure)
            {
                outcome = Outcome.FromException<T>(failure);
            }

            var isHandled = shouldHandle is null ? IsHandled(outcome)
                : await IsHandledAsync(context, outcome, attempt).ConfigureAwait(context.ContinueOnCapturedContext);

            // Once the caller has cancelled, whatever failed may be due to that.
            isHandled &= !context.CancellationToken.IsCancellationRequested;
            var delay = TimeSpan.Zero;
            var goesOn = isHandled && call.TryFail(outcome.Exception ?? Failure(outcome.Result), out delay);
            if (isWatched)
            {
                var time = timeProvider.GetElapsedTime(begun);
                telemetry.ReportAttempt(
                    context, outcome, new ExecutionAttemptArguments(attempt, time, isHandled), isLast: !goesOn);
                ReportDecision(context, outcome, call, new OnRetryArguments<T>(context, outcome, attempt, delay, time));
            }

            if (!goesOn)
            {
                if (!isHandled && outcome.Exception is null)
                {
                    call.Succeed();
                }

                return outcome;
            }

            await Discarded.DisposeAsync(outcome.Result).ConfigureAwait(context.ContinueOnCapturedContext);
            await WaitAsync(delay, context).ConfigureAwait(context.ContinueOnCapturedContext);
            if (context.CancellationToken.IsCancellationRequested)
            {
                return Cancelled(context);
            }
        }
    }

    // What a breaker rejects is rejected again until its break is over.
    private static bool IsHandled(Outcome<T> outcome) => outcome.Exception is { } failure and not BrokenCircuitException;

    private static Outcome<T> Cancelled(ResilienceContext context) =>
        Outcome.FromException<T>(new OperationCanceledException(context.CancellationToken));

    private HandledResultException Failure(T? result) => new(name, result, typeof(T));

    private async ValueTask<bool> IsHandledAsync(ResilienceContext context, Outcome<T> outcome, int attempt)
    {
        try
        {
            return await shouldHandle!(new RetryPredicateArguments<T>(context, outcome, attempt))
                .ConfigureAwait(context.ContinueOnCapturedContext);
        }
        catch (Exception)
        {
            return false;
        }
    }

    private void ReportDecision(ResilienceContext context, Outcome<T> outcome, in RetryCall call, in OnRetryArguments<T> retrying)
    {
        if (call.FailedAttempts > retrying.AttemptNumber && call.Failure is null)
        {
            telemetry.Report(PollyEvents.Retry, context, outcome, retrying);
        }
        else if (call.Failure is MaxRetriesExceededException { Reason: not RetryStop.AttemptsUsedUp } gaveUp)
        {
            telemetry.Report(PollyEvents.RetryStopped, context, outcome, gaveUp.Reason);
        }
    }

    private async ValueTask WaitAsync(TimeSpan delay, ResilienceContext context)
    {
        if (delay > TimeSpan.Zero)
        {
            // The caller looks at the token; an exception would only be caught again.
            var wait = Task.Delay(delay, timeProvider, context.CancellationToken);
            await wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing
                | (context.ContinueOnCapturedContext ? ConfigureAwaitOptions.ContinueOnCapturedContext : ConfigureAwaitOptions.None));
        }
    }
}
