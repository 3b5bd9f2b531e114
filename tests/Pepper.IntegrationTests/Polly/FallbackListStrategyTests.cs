using Pepper.Resources.Polly;
using Pepper.Resources.Recovery;
using Polly;
using Polly.Fallback;

namespace Pepper.IntegrationTests.Polly;

/// <summary>Our ordered fallbacks in Polly's pipelines.</summary>
public sealed class FallbackListStrategyTests : PollyTest
{
    private static Fallback<int> Hanging(TimeSpan timeout) =>
        new(static _ => new ValueTask<int>(new TaskCompletionSource<int>().Task), "hangs", timeout);

    [Fact]
    public async Task Execute_PrimaryServes_NoFallbackIsTried()
    {
        var pipeline = Build<int>(static builder => builder.AddFallbackList(
            [new Fallback<int>(static _ => throw new FormatException())]));
        Assert.Equal(1, (await RunAsync(pipeline, static _ => new ValueTask<int>(1))).Result);
        Assert.Empty(Telemetry.Names);
    }

    [Fact]
    public async Task Execute_PrimaryAndFirstFallbackFail_TheNextServes()
    {
        var pipeline = Build<int>(static builder => builder.AddFallbackList(
            [new Fallback<int>(static _ => FailAsync("first")), new Fallback<int>(static _ => new ValueTask<int>(2))]));
        Assert.Equal(2, (await RunAsync(pipeline, static _ => FailAsync())).Result);
        Assert.Equal(["OnFallback"], Telemetry.Names);
        Assert.Equal("down",
            Assert.Single(Telemetry.Of<OnFallbackArguments<int>>("OnFallback")).Outcome.Exception?.Message);
    }

    [Fact]
    public async Task Execute_FallbackHangsAndIgnoresItsToken_ItsTimeIsOverAndTheNextServes()
    {
        var pipeline = Build<int>(static builder => builder.AddFallbackList(
            [Hanging(TimeSpan.FromSeconds(3)), new Fallback<int>(static _ => new ValueTask<int>(2))]));
        var pending = RunAsync(pipeline, static _ => FailAsync());
        await PassAsync(Seconds(3));
        Assert.Equal(2, (await pending).Result);
    }

    [Fact]
    public async Task Execute_AllFail_YieldsAllFailuresAsAnOutcome()
    {
        var pipeline = Build<int>(static builder => builder.AddFallbackList(
            [new Fallback<int>(static _ => FailAsync("first")), new Fallback<int>(static _ => FailAsync("second"))]));
        var all = Assert.IsType<AllFallbacksFailedException>((await RunAsync(pipeline, static _ => FailAsync())).Exception);
        Assert.Equal(["down", "first", "second"], all.Failures.Select(static one => one.Message));
    }

    [Fact]
    public async Task Execute_ResultThatIsHandled_IsReplacedAndDisposed()
    {
        var good = new DisposableResult(IsGood: true);
        var bad = new DisposableResult(IsGood: false);
        var pipeline = Build<DisposableResult>(builder => builder.AddFallbackList(
            [new Fallback<DisposableResult>(_ => new ValueTask<DisposableResult>(good))], null,
            static args => ValueTask.FromResult(args.Outcome.Result?.IsGood == false)));
        Assert.Same(good, (await RunAsync(pipeline, _ => new ValueTask<DisposableResult>(bad))).Result);
        Assert.Equal((1, 0), (bad.Disposed, good.Disposed));
    }

    [Fact]
    public async Task Execute_ResultThatIsHandledAndAllFail_TheFailuresHaveIt()
    {
        var pipeline = Build<int>(static builder => builder.AddFallbackList(
            [new Fallback<int>(static _ => FailAsync("first"))], null, new PredicateBuilder<int>().HandleResult(503)));
        var outcome = await RunAsync(pipeline, static _ => new ValueTask<int>(503));
        var all = Assert.IsType<AllFallbacksFailedException>(outcome.Exception);
        Assert.Equal(503, Assert.IsType<HandledResultException>(all.Failures[0]).Result);
    }

    [Fact]
    public async Task Execute_NotWorthAFallback_YieldsTheOutcomeAsItIs()
    {
        var pipeline = Build<int>(static builder => builder.AddFallbackList(
            [new Fallback<int>(static _ => new ValueTask<int>(2))],
            new FallbackOptions { ShouldFallBack = static failure => failure is not (FormatException or HandledResultException) },
            new PredicateBuilder<int>().Handle<FormatException>().HandleResult(503)));
        Assert.IsType<FormatException>((await RunAsync(pipeline, static _ => throw new FormatException())).Exception);
        Assert.Equal(503, (await RunAsync(pipeline, static _ => new ValueTask<int>(503))).Result);
        Assert.IsType<IOException>((await RunAsync(pipeline, static _ => FailAsync())).Exception);
    }

    [Fact]
    public async Task Execute_CallerCancels_NoFallbackIsTried()
    {
        var tried = 0;
        var pipeline = Build<int>(builder => builder.AddFallbackList([new Fallback<int>(_ => new ValueTask<int>(++tried))]));
        using var stop = new CancellationTokenSource();
        var outcome = await RunAsync(pipeline, async token =>
        {
            await stop.CancelAsync();
            token.ThrowIfCancellationRequested();
            return 1;
        }, stop.Token);
        Assert.IsAssignableFrom<OperationCanceledException>(outcome.Exception);
        Assert.Equal(0, tried);
    }

    [Fact]
    public void Add_NullAmongTheFallbacks_IsRefused() => Assert.Throws<ArgumentException>(
        static () => new ResiliencePipelineBuilder<int>().AddFallbackList([null!]));
}
