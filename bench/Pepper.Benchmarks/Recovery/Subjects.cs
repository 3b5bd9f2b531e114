using Pepper.Resources.Polly;
using Pepper.Resources.Recovery;
using Polly;
using Polly.CircuitBreaker;
using Polly.Fallback;
using Polly.Retry;
using Polly.Timeout;

namespace Pepper.Benchmarks.Recovery;

/// <summary>The subjects of each scenario; the first is what the others are compared with.</summary>
internal static class Subjects
{
    private static readonly object State = new();
    private static readonly Func<object, CancellationToken, ValueTask<int>> Work = static (_, _) => new ValueTask<int>(1);
    private static readonly Func<ResilienceContext, object, ValueTask<Outcome<int>>> OutcomeWork =
        static (_, _) => Outcome.FromResultAsValueTask(1);

    private static readonly string Ours = VersionOf(typeof(CircuitBreaker));
    private static readonly string Theirs = VersionOf(typeof(ResiliencePipeline));

    internal static IReadOnlyList<Subject> ClosedBreaker()
    {
        var breaker = new CircuitBreaker(new CircuitBreakerOptions { Name = "bench" });
        var byHand = new CircuitBreaker(new CircuitBreakerOptions { Name = "bench by hand" });
        var polly = new ResiliencePipelineBuilder<int>().AddCircuitBreaker(PollyBreaker()).Build();
        var adapter = new ResiliencePipelineBuilder<int>().AddConsecutiveCircuitBreaker(new CircuitBreakerOptions()).Build();
        return
        [
            new Subject("Pepper", Ours, async count =>
            {
                for (var i = 0; i < count; i++)
                {
                    await breaker.ExecuteAsync(Work, State);
                }
            }),
            new Subject("Pepper, TryEnter and Succeed", Ours, count =>
            {
                for (var i = 0; i < count; i++)
                {
                    byHand.TryEnter(out var call);
                    call.Succeed();
                }

                return Task.CompletedTask;
            }),
            .. InPolly("Polly", Theirs, polly),
            .. InPolly("Pepper in Polly", Ours, adapter),
        ];
    }

    internal static IReadOnlyList<Subject> WholePipeline()
    {
        var fallback = new Fallback<int>(static _ => new ValueTask<int>(2));
        var total = new TimeoutOptions { Timeout = TimeSpan.FromSeconds(30) };
        var attempt = new TimeoutOptions { Timeout = TimeSpan.FromSeconds(10) };
        var pipeline = new RecoveryPipeline(
                new TimeoutStrategy(total), new RetryStrategy(new RetryOptions { Budget = new RetryBudget() }),
                new CircuitBreaker(new CircuitBreakerOptions { Name = "bench pipeline" }), new TimeoutStrategy(attempt))
            .WithFallback(new FallbackStrategy<int>([fallback])).Idempotent;
        var polly = new ResiliencePipelineBuilder<int>()
            .AddFallback(new FallbackStrategyOptions<int>
            {
                ShouldHandle = static args => ValueTask.FromResult(args.Outcome.Exception is not null),
                FallbackAction = static _ => Outcome.FromResultAsValueTask(2),
            })
            .AddTimeout(total.Timeout)
            .AddRetry(new RetryStrategyOptions<int>
            {
                ShouldHandle = static args => ValueTask.FromResult(args.Outcome.Exception is not null),
                MaxRetryAttempts = 2,
            })
            .AddCircuitBreaker(PollyBreaker())
            .AddTimeout(attempt.Timeout)
            .Build();
        var adapter = new ResiliencePipelineBuilder<int>()
            .AddFallbackList([fallback])
            .AddBoundedTimeout(total)
            .AddBudgetedRetry(new RetryOptions { Budget = new RetryBudget() })
            .AddConsecutiveCircuitBreaker(new CircuitBreakerOptions())
            .AddBoundedTimeout(attempt)
            .Build();
        return
        [
            new Subject("Pepper", Ours, async count =>
            {
                for (var i = 0; i < count; i++)
                {
                    await pipeline.ExecuteAsync(Work, State);
                }
            }),
            .. InPolly("Polly", Theirs, polly),
            .. InPolly("Pepper in Polly", Ours, adapter),
        ];
    }

    internal static IReadOnlyList<Subject> OpenBreaker()
    {
        var breaker = new CircuitBreaker(new CircuitBreakerOptions { FailureThreshold = 1, ResetTimeout = TimeSpan.FromDays(1) });
        var byHand = new CircuitBreaker(new CircuitBreakerOptions { FailureThreshold = 1, ResetTimeout = TimeSpan.FromDays(1) });
        Open(breaker);
        Open(byHand);
        var options = PollyBreaker();
        (options.MinimumThroughput, options.FailureRatio) = (2, 1.0);
        options.ShouldHandle = static args => ValueTask.FromResult(true);
        options.BreakDuration = TimeSpan.FromDays(1);
        var polly = new ResiliencePipelineBuilder<int>().AddCircuitBreaker(options).Build();
        for (var i = 0; i < 2; i++)
        {
            _ = polly.ExecuteAsync(Work, State).AsTask().IsCompleted;
        }

        var adapter = new ResiliencePipelineBuilder<int>().AddConsecutiveCircuitBreaker(breaker).Build();
        return
        [
            new Subject("Pepper, TryExecuteAsync", Ours, async count =>
            {
                for (var i = 0; i < count; i++)
                {
                    if (!(await breaker.TryExecuteAsync(Work, State)).IsRejected)
                    {
                        throw new InvalidOperationException("The circuit is not open.");
                    }
                }
            }),
            new Subject("Pepper, TryEnter", Ours, count =>
            {
                for (var i = 0; i < count; i++)
                {
                    if (byHand.TryEnter(out _))
                    {
                        throw new InvalidOperationException("The circuit is not open.");
                    }
                }

                return Task.CompletedTask;
            }),
            AsOutcome("Polly, as an outcome", Theirs, polly, isRejected: true),
            AsOutcome("Pepper in Polly, as an outcome", Ours, adapter, isRejected: true),
        ];
    }

    private static void Open(CircuitBreaker breaker)
    {
        breaker.TryEnter(out var call);
        call.Fail(new IOException("down"));
    }

    private static CircuitBreakerStrategyOptions<int> PollyBreaker() => new()
    {
        ShouldHandle = static args => ValueTask.FromResult(args.Outcome.Exception is not null),
    };

    private static IEnumerable<Subject> InPolly(string name, string version, ResiliencePipeline<int> pipeline) =>
    [
        new Subject(name + ", ExecuteAsync", version, async count =>
        {
            for (var i = 0; i < count; i++)
            {
                await pipeline.ExecuteAsync(Work, State);
            }
        }),
        AsOutcome(name + ", ExecuteOutcomeAsync", version, pipeline, isRejected: false),
    ];

    private static Subject AsOutcome(string name, string version, ResiliencePipeline<int> pipeline, bool isRejected) => new(
        name, version, async count =>
        {
            for (var i = 0; i < count; i++)
            {
                var context = ResilienceContextPool.Shared.Get(CancellationToken.None);
                var outcome = await pipeline.ExecuteOutcomeAsync(OutcomeWork, context, State);
                ResilienceContextPool.Shared.Return(context);
                if (outcome.Exception is BrokenCircuitException != isRejected)
                {
                    throw new InvalidOperationException($"The outcome of {name} is not what is measured.");
                }
            }
        });

    private static string VersionOf(Type type)
    {
        var version = System.Diagnostics.FileVersionInfo.GetVersionInfo(type.Assembly.Location).ProductVersion ?? "?";
        return version.Split('+')[0];
    }
}
