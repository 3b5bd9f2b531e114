using Pepper.Resources.Polly;
using Pepper.Resources.Recovery;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Pepper.IntegrationTests.Polly;

/// <summary>Our timeout, which also holds for work that ignores its token, in Polly's pipelines.</summary>
public sealed class BoundedTimeoutStrategyTests : PollyTest
{
    private static readonly ResiliencePropertyKey<string> Customer = new("customer");
    private static readonly ResiliencePropertyKey<int> Tries = new("tries");

    private static TimeoutOptions Two => new() { Name = "prices", Timeout = TimeSpan.FromSeconds(2) };

    [Fact]
    public async Task Execute_WorkIgnoresItsToken_TheCallerIsToldInTimeAndTheLateResultIsDisposed()
    {
        var pipeline = Build(static builder => builder.AddBoundedTimeout(Two));
        var work = new TaskCompletionSource<DisposableResult>();
        var pending = RunAsync(pipeline, _ => new ValueTask<DisposableResult>(work.Task));
        await PassAsync(Seconds(2));

        var rejected = Assert.IsType<BoundedTimeoutRejectedException>((await pending).Exception);
        TimeoutRejectedException polly = rejected;
        Assert.Equal((Seconds(2), true), (polly.Timeout, rejected.IsAbandoned));
        Assert.Equal("prices", polly.TelemetrySource?.StrategyName);
        Assert.IsType<ExecutionTimeoutException>(polly.InnerException);
        Assert.Equal(Seconds(2), Assert.Single(Telemetry.Of<OnTimeoutArguments>("OnTimeout")).Timeout);
        var late = new DisposableResult(IsGood: true);
        work.SetResult(late);
        await HoldsAsync(() => late.Disposed == 1);
    }

    [Fact]
    public async Task Execute_WorkHeedsItsToken_TheCallerIsTold()
    {
        var pipeline = Build(static builder => builder.AddBoundedTimeout(new TimeoutOptions
        {
            Timeout = TimeSpan.FromSeconds(2),
            CancellationGrace = TimeSpan.FromSeconds(100),
        }));
        var pending = RunAsync(pipeline, static async token =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            return 1;
        });
        await PassAsync(Seconds(2));
        var rejected = Assert.IsType<BoundedTimeoutRejectedException>((await pending).Exception);
        Assert.False(rejected.IsAbandoned);
        Assert.IsAssignableFrom<OperationCanceledException>(rejected.InnerException);
    }

    [Fact]
    public async Task Execute_AbandonedWork_NeverSeesTheContextOfAnotherExecution()
    {
        // Polly's own retry inside goes on after it was abandoned: it must read the token of its own execution.
        var seen = new TaskCompletionSource<CancellationToken>();
        var inner = new ResiliencePipelineBuilder().AddRetry(new RetryStrategyOptions
        {
            Delay = TimeSpan.Zero,
            OnRetry = args =>
            {
                seen.TrySetResult(args.Context.CancellationToken);
                return default;
            },
        }).Build();
        var pipeline = Build(builder => builder.AddBoundedTimeout(Two).AddPipeline(inner));
        var work = new TaskCompletionSource<int>();
        var pending = RunAsync(pipeline, _ => new ValueTask<int>(work.Task));
        await PassAsync(Seconds(2));
        Assert.IsType<BoundedTimeoutRejectedException>((await pending).Exception);

        // These have the contexts that are free by now.
        var others = new TaskCompletionSource<int>();
        var executions = Enumerable.Range(0, 8).Select(_ => RunAsync(pipeline, _ => new ValueTask<int>(others.Task))).ToArray();
        work.SetException(new IOException());
        Assert.True((await seen.Task.WaitAsync(Guard)).IsCancellationRequested);

        others.SetResult(3);
        Assert.All(await Task.WhenAll(executions), static one => Assert.Equal(3, one.Result));
    }

    [Fact]
    public async Task Execute_CallerCancels_WinsWithItsOwnToken()
    {
        var pipeline = Build(static builder => builder.AddBoundedTimeout(Two));
        using var stop = new CancellationTokenSource();
        var pending = RunAsync(pipeline, static _ => new ValueTask<int>(new TaskCompletionSource<int>().Task), stop.Token);
        await HoldsAsync(() => Time.NextTimerDue is not null);
        await stop.CancelAsync();
        var cancelled = Assert.IsAssignableFrom<OperationCanceledException>((await pending).Exception);
        Assert.Equal(stop.Token, cancelled.CancellationToken);
        Assert.Empty(Telemetry.Names);
    }

    [Fact]
    public async Task Execute_Properties_AreThoseThatAreCarriedAndComeBack()
    {
        var pipeline = Build(static builder => builder.AddBoundedTimeout(Two, Customer.Key, Tries.Key));
        var context = ResilienceContextPool.Shared.Get("ask", CancellationToken.None);
        context.Properties.Set(Customer, "Ada");
        context.Properties.Set(Tries, 1);
        context.Properties.Set(new ResiliencePropertyKey<string>("secret"), "x");
        var outcome = await pipeline.ExecuteOutcomeAsync(
            static (own, _) =>
            {
                var tries = own.Properties.GetValue(Tries, 0);
                own.Properties.Set(Tries, tries + 1);
                var secret = own.Properties.GetValue(new ResiliencePropertyKey<string>("secret"), "hidden");
                return Outcome.FromResultAsValueTask(
                    $"{own.OperationKey} {own.Properties.GetValue(Customer, "?")} {tries} {secret}");
            },
            context, 0);
        Assert.Equal("ask Ada 1 hidden", outcome.Result);
        Assert.Equal(2, context.Properties.GetValue(Tries, 0));
    }

    [Fact]
    public async Task Execute_WorkFails_YieldsItsFailure()
    {
        var pipeline = Build<int>(static builder => builder.AddBoundedTimeout(Two));
        Assert.IsType<IOException>((await RunAsync(pipeline, static _ => FailAsync())).Exception);
        Assert.Equal(3, (await RunAsync(pipeline, static async _ =>
        {
            await Task.Yield();
            return 3;
        })).Result);
        var foreign = await RunAsync<int>(pipeline, static _ => throw new OperationCanceledException("not ours"));
        Assert.Equal("not ours", Assert.IsType<OperationCanceledException>(foreign.Exception).Message);
    }

    [Fact]
    public void Add_FaultyOptions_TellsAllFaultsAtOnce()
    {
        var thrown = Assert.Throws<ArgumentException>(() => new ResiliencePipelineBuilder().AddBoundedTimeout(
            new TimeoutOptions { Name = "", Timeout = TimeSpan.Zero }));
        Assert.Contains("Name", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("Timeout is", thrown.Message, StringComparison.Ordinal);
    }
}
