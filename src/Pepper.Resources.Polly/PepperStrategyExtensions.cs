using System.Diagnostics.CodeAnalysis;
using Pepper.Resources.Recovery;
using Polly;
using Polly.CircuitBreaker;
using Polly.Fallback;
using Polly.Retry;

namespace Pepper.Resources.Polly;

/// <summary>
/// Pepper's strategies for Polly's pipelines. Each is added by its options, and then belongs to the pipeline and has its time, or as
/// an instance of yours, which other pipelines and code may share and which outlives a reload.
/// </summary>
/// <remarks>
/// <para>Options are validated when they are added, all faults at once, and copied. The order that works is, from the outside in:
/// fallback, total timeout, retry, circuit breaker, attempt timeout.</para>
/// <para>The strategies never throw: they yield outcomes. Events go to the pipeline's telemetry under Polly's own names. What
/// <c>shouldHandle</c> throws means that a failure counts to a breaker and is worth a fallback, but is not worth a retry.</para>
/// </remarks>
public static class PepperStrategyExtensions
{
    /// <summary>
    /// Adds a circuit breaker that opens after so many failures in a row. It rejects with <see cref="CircuitRejectedException"/>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="options">Thresholds and times. The circuit is the pipeline's own.</param>
    /// <param name="shouldHandle">
    /// Which outcomes are failures. Other results are successes, other exceptions neutral. Default: all exceptions are failures.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public static ResiliencePipelineBuilder AddConsecutiveCircuitBreaker(
        this ResiliencePipelineBuilder builder,
        CircuitBreakerOptions options,
        Func<CircuitBreakerPredicateArguments<object>, ValueTask<bool>>? shouldHandle = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var copy = Validated(options);
        return Add(builder, copy.Name, context => Strategies.NewBreaker(builder, copy, shouldHandle, context));
    }

    /// <inheritdoc cref="AddConsecutiveCircuitBreaker(ResiliencePipelineBuilder, CircuitBreakerOptions, Func{CircuitBreakerPredicateArguments{object}, ValueTask{bool}})"/>
    /// <typeparam name="TResult">The type of the results.</typeparam>
    public static ResiliencePipelineBuilder<TResult> AddConsecutiveCircuitBreaker<TResult>(
        this ResiliencePipelineBuilder<TResult> builder,
        CircuitBreakerOptions options,
        Func<CircuitBreakerPredicateArguments<TResult>, ValueTask<bool>>? shouldHandle = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var copy = Validated(options);
        return Add(builder, copy.Name, context => Strategies.NewBreaker(builder, copy, shouldHandle, context));
    }

    /// <summary>
    /// Adds a circuit breaker that exists: its state is that of all who share it, survives a reload, and can be looked at.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="breaker">The circuit. It is not disposed with the pipeline.</param>
    /// <param name="shouldHandle">
    /// Which outcomes are failures. Other results are successes, other exceptions neutral. Default: all exceptions are failures.
    /// </param>
    /// <returns>The builder.</returns>
    public static ResiliencePipelineBuilder AddConsecutiveCircuitBreaker(
        this ResiliencePipelineBuilder builder,
        CircuitBreaker breaker,
        Func<CircuitBreakerPredicateArguments<object>, ValueTask<bool>>? shouldHandle = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(breaker);
        return Add(builder, breaker.Name, context => Strategies.Wrap(builder, breaker, shouldHandle, context));
    }

    /// <inheritdoc cref="AddConsecutiveCircuitBreaker(ResiliencePipelineBuilder, CircuitBreaker, Func{CircuitBreakerPredicateArguments{object}, ValueTask{bool}})"/>
    /// <typeparam name="TResult">The type of the results.</typeparam>
    public static ResiliencePipelineBuilder<TResult> AddConsecutiveCircuitBreaker<TResult>(
        this ResiliencePipelineBuilder<TResult> builder,
        CircuitBreaker breaker,
        Func<CircuitBreakerPredicateArguments<TResult>, ValueTask<bool>>? shouldHandle = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(breaker);
        return Add(builder, breaker.Name, context => Strategies.Wrap(builder, breaker, shouldHandle, context));
    }

    /// <summary>
    /// Adds a retry whose attempts are paid from <see cref="RetryOptions.Budget"/>, if it has one. In the end it yields the last
    /// outcome as it is, and disposes the results before that.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="options">Attempts, delays and budget.</param>
    /// <param name="shouldHandle">
    /// Which outcomes are worth another attempt. Default: all exceptions but <see cref="BrokenCircuitException"/> and those that
    /// <see cref="RetryOptions.ShouldRetry"/> excludes. Never those after the caller has cancelled.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public static ResiliencePipelineBuilder AddBudgetedRetry(
        this ResiliencePipelineBuilder builder,
        RetryOptions options,
        Func<RetryPredicateArguments<object>, ValueTask<bool>>? shouldHandle = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var copy = Validated(options, shouldHandle is not null);
        return Add(builder, copy.Name, context => Strategies.NewRetry(builder, copy, shouldHandle, context));
    }

    /// <inheritdoc cref="AddBudgetedRetry(ResiliencePipelineBuilder, RetryOptions, Func{RetryPredicateArguments{object}, ValueTask{bool}})"/>
    /// <typeparam name="TResult">The type of the results.</typeparam>
    public static ResiliencePipelineBuilder<TResult> AddBudgetedRetry<TResult>(
        this ResiliencePipelineBuilder<TResult> builder,
        RetryOptions options,
        Func<RetryPredicateArguments<TResult>, ValueTask<bool>>? shouldHandle = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var copy = Validated(options, shouldHandle is not null);
        return Add(builder, copy.Name, context => Strategies.NewRetry(builder, copy, shouldHandle, context));
    }

    /// <summary>Adds fallbacks that are tried in order, each within its own time limit, until one serves.</summary>
    /// <typeparam name="TResult">The type of the results.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="fallbacks">What to do instead, in order.</param>
    /// <param name="options">The name, and which failures count. Default: a default <see cref="FallbackOptions"/>.</param>
    /// <param name="shouldHandle">
    /// Which outcomes are worth a fallback. Default: all exceptions. Never those after the caller has cancelled.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">A fallback is null, or the options have faults.</exception>
    public static ResiliencePipelineBuilder<TResult> AddFallbackList<TResult>(
        this ResiliencePipelineBuilder<TResult> builder,
        IEnumerable<Fallback<TResult>> fallbacks,
        FallbackOptions? options = null,
        Func<FallbackPredicateArguments<TResult>, ValueTask<bool>>? shouldHandle = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Fallback<TResult>[] list = [.. fallbacks ?? throw new ArgumentNullException(nameof(fallbacks))];
        var copy = options?.Copy() ?? new FallbackOptions();
        _ = new FallbackStrategy<TResult>(list, copy);
        return Add(builder, copy.Name, context => new FallbackListStrategy<TResult>(
            new FallbackStrategy<TResult>(list, copy, context.TimeProvider), shouldHandle, context.Telemetry));
    }

    /// <summary>
    /// Adds a time limit that holds also for work that ignores its token: that is given up, and what it yields in the end is
    /// disposed. It yields a <see cref="BoundedTimeoutRejectedException"/>.
    /// </summary>
    /// <remarks>
    /// The work has a <see cref="ResilienceContext"/> of its own, since Polly uses the caller's again while abandoned work may
    /// still look at it. Of the caller's properties it has those that are named here; when it ends in time, the caller gets
    /// their values back.
    /// </remarks>
    /// <typeparam name="TBuilder">The type of the builder.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="options">The limit.</param>
    /// <param name="carriedProperties">
    /// The keys of <see cref="ResilienceContext.Properties"/> that the work is to see. Default: none.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public static TBuilder AddBoundedTimeout<TBuilder>(
        this TBuilder builder, TimeoutOptions options, params IEnumerable<string> carriedProperties)
        where TBuilder : ResiliencePipelineBuilderBase
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        var copy = options.Copy();
        string[] keys = [.. carriedProperties ?? []];
        _ = new TimeoutStrategy(copy);
        return Add(builder, copy.Name, context => new BoundedTimeoutStrategy(
            new TimeoutStrategy(copy, context.TimeProvider), keys, context.Telemetry));
    }

    private static CircuitBreakerOptions Validated(CircuitBreakerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var copy = options.Copy();
        using var probe = new CircuitBreaker(copy);
        return copy;
    }

    private static RetryOptions Validated(RetryOptions options, bool isDecided)
    {
        ArgumentNullException.ThrowIfNull(options);
        var copy = options.Copy();
        if (isDecided)
        {
            // Whoever says which outcomes are handled means it: the default exclusions would take some of them back.
            copy.ShouldRetry ??= static _ => true;
        }

        _ = new RetryStrategy(copy);
        return copy;
    }

    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(StrategyOptions))]
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "All members of the validated options are kept.")]
    private static TBuilder Add<TBuilder>(TBuilder builder, string name, Func<StrategyBuilderContext, ResilienceStrategy> make)
        where TBuilder : ResiliencePipelineBuilderBase => builder.AddStrategy(make, new StrategyOptions { Name = name });

    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(StrategyOptions))]
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "All members of the validated options are kept.")]
    private static ResiliencePipelineBuilder Add(
        ResiliencePipelineBuilder builder, string name, Func<StrategyBuilderContext, ResilienceStrategy<object>> make) =>
        builder.AddStrategy(make, new StrategyOptions { Name = name });

    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(StrategyOptions))]
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "All members of the validated options are kept.")]
    private static ResiliencePipelineBuilder<TResult> Add<TResult>(
        ResiliencePipelineBuilder<TResult> builder, string name, Func<StrategyBuilderContext, ResilienceStrategy<TResult>> make) =>
        builder.AddStrategy(make, new StrategyOptions { Name = name });
}
