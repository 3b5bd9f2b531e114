using Pepper.Resources.Recovery;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace Pepper.Resources.Polly;

/// <summary>Makes the strategies when a pipeline is built, with the pipeline's time and telemetry.</summary>
internal static class Strategies
{
    internal static ConsecutiveCircuitBreakerStrategy<T> NewBreaker<T>(
        ResiliencePipelineBuilderBase builder,
        CircuitBreakerOptions options,
        Func<CircuitBreakerPredicateArguments<T>, ValueTask<bool>>? shouldHandle,
        StrategyBuilderContext context) => new(
            new CircuitBreaker(options, context.TimeProvider), ownsBreaker: true, shouldHandle, context.Telemetry,
            IsWatched(builder));

    internal static ConsecutiveCircuitBreakerStrategy<T> Wrap<T>(
        ResiliencePipelineBuilderBase builder,
        CircuitBreaker breaker,
        Func<CircuitBreakerPredicateArguments<T>, ValueTask<bool>>? shouldHandle,
        StrategyBuilderContext context) =>
        new(breaker, ownsBreaker: false, shouldHandle, context.Telemetry, IsWatched(builder));

    internal static BudgetedRetryStrategy<T> NewRetry<T>(
        ResiliencePipelineBuilderBase builder,
        RetryOptions options,
        Func<RetryPredicateArguments<T>, ValueTask<bool>>? shouldHandle,
        StrategyBuilderContext context) => new(
            new RetryStrategy(options, context.TimeProvider), options.Name, shouldHandle, context.TimeProvider,
            context.Telemetry, IsWatched(builder));

    // What nobody hears need not be measured.
    private static bool IsWatched(ResiliencePipelineBuilderBase builder) => builder.TelemetryListener is not null;
}
