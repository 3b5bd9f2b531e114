using Microsoft.Extensions.Logging;
using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Monitoring;

namespace Pepper.Resources.Tests.Recovery;

public sealed class FallbackStrategyTests : RecoveryTest
{
    private FallbackStrategy<int> NewFallback(params Fallback<int>[] fallbacks) =>
        new(fallbacks, new FallbackOptions { Name = "prices" }, Time, Monitor);

    private static Fallback<int> Serves(int value) => new(_ => new ValueTask<int>(value));

    private static Fallback<int> Fails(string message) => new(_ => FailAsync(message));

    [Fact]
    public async Task Execute_PrimaryServes_TriesNoFallback()
    {
        var result = await NewFallback(Fails("never")).TryExecuteAsync(static _ => new ValueTask<int>(1));

        Assert.Equal((1, FallbackResult<int>.Primary, false), (result.Value, result.ServedBy, result.IsFallback));
        Assert.Empty(result.Failures);
    }

    [Fact]
    public async Task Execute_PrimaryFails_TheFirstThatServesSays()
    {
        var result = await NewFallback(Fails("a"), Serves(2), Fails("never")).TryExecuteAsync(static _ => FailAsync("primary"));

        Assert.Equal((2, 1, true, true), (result.Value, result.ServedBy, result.IsFallback, result.IsSuccess));
        Assert.Equal(["primary", "a"], result.Failures.Select(failure => failure.Message));
    }

    [Fact]
    public async Task Execute_AllFail_ThrowsWithAllFailuresAndThePrimarysInside()
    {
        var fallback = NewFallback(Fails("a"), Fails("b"));

        var thrown = await Assert.ThrowsAsync<AllFallbacksFailedException>(
            () => fallback.ExecuteAsync(static _ => FailAsync("primary")).AsTask());

        Assert.Equal(["primary", "a", "b"], thrown.Failures.Select(failure => failure.Message));
        Assert.Equal("primary", thrown.InnerException?.Message);
        Assert.Contains("'prices'", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TryExecute_AllFail_TellsWithoutThrowing()
    {
        var result = await NewFallback().TryExecuteAsync(static _ => FailAsync("primary"));

        Assert.False(result.IsSuccess);
        Assert.Null(result.ServedBy);
        Assert.Equal("primary", Assert.Single(result.Failures).Message);
        Assert.Throws<AllFallbacksFailedException>(() => result.Value);
    }

    [Fact]
    public async Task Execute_ShouldFallBackSaysNo_ThrowsThePrimarysFailure()
    {
        var fallback = new FallbackStrategy<int>(
            [static _ => new ValueTask<int>(1)],
            new FallbackOptions { ShouldFallBack = static failure => failure is not FormatException }, Monitor);

        await Assert.ThrowsAsync<FormatException>(() => fallback.ExecuteAsync(static _ => throw new FormatException()).AsTask());
        Assert.Equal(1, await fallback.ExecuteAsync(static _ => FailAsync()));
    }

    [Fact]
    public async Task Execute_FallbackHangs_ItsTimeoutEndsItAndTheNextServes()
    {
        var fallback = NewFallback(new Fallback<int>(static _ => HangAsync(), "replica", Seconds(2)), Serves(3));
        var call = fallback.TryExecuteAsync(static _ => FailAsync()).AsTask();
        Time.Advance(Seconds(2));

        var result = await call.WaitAsync(Guard);
        Assert.Equal(3, result.Value);
        var timeout = Assert.IsType<ExecutionTimeoutException>(result.Failures[1]);
        Assert.Contains("'replica'", timeout.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_CallerCancelsThePrimary_TriesNoFallback()
    {
        using var stop = new CancellationTokenSource();
        using var metrics = new MetricRecorder(Monitor);
        var call = NewFallback(Serves(1)).ExecuteAsync(ObeyAsync, stop.Token).AsTask();
        await stop.CancelAsync();

        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Guard));
        Assert.Equal(stop.Token, thrown.CancellationToken);
        Assert.Empty(metrics.Series("pepperpy_fallback_operations_total"));
    }

    [Fact]
    public async Task Execute_CallerCancelsAFallback_TriesNoOther()
    {
        using var stop = new CancellationTokenSource();
        var call = NewFallback(new Fallback<int>(ObeyAsync), Serves(1))
            .ExecuteAsync(static _ => FailAsync(), stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Guard));
    }

    [Fact]
    public async Task Execute_Failures_AreWarnedOfAndCounted()
    {
        var log = NewLog<FallbackStrategy<int>>(throws: true);
        using var metrics = new MetricRecorder(Monitor);
        var fallback = new FallbackStrategy<int>(
            [static _ => FailAsync("a"), static _ => new ValueTask<int>(2)], null, Monitor, log);

        Assert.Equal(2, await fallback.ExecuteAsync(static _ => FailAsync("primary")));

        Assert.Equal(
            [(1520, LogLevel.Warning), (1521, LogLevel.Warning)], log.Entries.Select(entry => (entry.Id, entry.Level)));
        Assert.StartsWith("Primary execution failed, trying fallbacks", log.Entries[0].Message, StringComparison.Ordinal);
        Assert.Equal("primary", log.Entries[0].Fields["Error"]);
        Assert.StartsWith("Fallback 0 failed", log.Entries[1].Message, StringComparison.Ordinal);
        Assert.Equal("a", log.Entries[1].Fields["Error"]);
        Assert.Equal(
            [
                "pepperpy_fallback_operations_total{index=0,success=false}",
                "pepperpy_fallback_operations_total{index=1,success=true}",
            ],
            metrics.Series("pepperpy_fallback_operations_total"));
    }

    [Fact]
    public void Constructor_WrongArguments_SaysWhich()
    {
        Assert.Throws<ArgumentException>(() => new FallbackStrategy<int>([Serves(1), null!]));
        Assert.Throws<ArgumentException>(() => new FallbackStrategy<int>([Serves(1)], new FallbackOptions { Name = "" }));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new Fallback<int>(static _ => new ValueTask<int>(1), timeout: TimeSpan.Zero));
        Assert.Throws<ArgumentNullException>(() => new Fallback<int>(null!));
    }
}
