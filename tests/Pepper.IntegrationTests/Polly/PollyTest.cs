using Pepper.Resources.Recovery;
using Pepper.Resources.Testing;
using Polly;

namespace Pepper.IntegrationTests.Polly;

/// <summary>What the tests of Polly's pipelines share: time that they move, and who listens to telemetry.</summary>
public abstract class PollyTest
{
    protected static TimeSpan Guard { get; } = TimeSpan.FromSeconds(30);

    protected ManualTimeProvider Time { get; } = new();

    internal TelemetryRecorder Telemetry { get; } = new();

    protected static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    protected static async Task HoldsAsync(Func<bool> condition)
    {
        using var guard = new CancellationTokenSource(Guard);
        while (!condition())
        {
            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>The outcome of work that a test has no token for.</summary>
    protected static Task<Outcome<T>> RunAsync<T>(
        ResiliencePipeline<T> pipeline, Func<CancellationToken, ValueTask<T>> work, CancellationToken token = default) =>
        RunAsync<T>(pipeline.ExecuteOutcomeAsync, work, token);

    protected static Task<Outcome<T>> RunAsync<T>(
        ResiliencePipeline pipeline, Func<CancellationToken, ValueTask<T>> work, CancellationToken token = default) =>
        RunAsync<T>(pipeline.ExecuteOutcomeAsync, work, token);

    protected static ValueTask<int> FailAsync(string message = "down") =>
        ValueTask.FromException<int>(new IOException(message));

    protected static async Task FailAsync(ResiliencePipeline pipeline, int times)
    {
        for (var i = 0; i < times; i++)
        {
            Assert.IsType<IOException>((await RunAsync(pipeline, static _ => FailAsync())).Exception);
        }
    }

    protected static async Task SucceedAsync(ResiliencePipeline pipeline) =>
        Assert.Equal(7, (await RunAsync(pipeline, static _ => new ValueTask<int>(7))).Result);

    /// <summary>A pipeline whose time the test moves, and whose telemetry it sees.</summary>
    protected ResiliencePipeline Build(Action<ResiliencePipelineBuilder> configure)
    {
        var builder = new ResiliencePipelineBuilder { Name = "tested", TimeProvider = Time, TelemetryListener = Telemetry };
        configure(builder);
        return builder.Build();
    }

    protected ResiliencePipeline<T> Build<T>(Action<ResiliencePipelineBuilder<T>> configure)
    {
        var builder = new ResiliencePipelineBuilder<T> { Name = "tested", TimeProvider = Time, TelemetryListener = Telemetry };
        configure(builder);
        return builder.Build();
    }

    protected CircuitBreaker NewBreaker(int threshold = 5) =>
        new(new CircuitBreakerOptions { Name = "tested", FailureThreshold = threshold }, Time);

    /// <summary>Lets a wait of that length begin, and pass.</summary>
    protected async Task PassAsync(TimeSpan wait)
    {
        await HoldsAsync(() => Time.NextTimerDue is not null);
        Assert.Equal(wait, Time.NextTimerDue);
        Time.Advance(wait);
    }

    private static async Task<Outcome<T>> RunAsync<T>(
        Func<Func<ResilienceContext, Func<CancellationToken, ValueTask<T>>, ValueTask<Outcome<T>>>, ResilienceContext,
            Func<CancellationToken, ValueTask<T>>, ValueTask<Outcome<T>>> execute,
        Func<CancellationToken, ValueTask<T>> work,
        CancellationToken token)
    {
        var context = ResilienceContextPool.Shared.Get(token);
        try
        {
            return await execute(
                static async (own, run) =>
                {
                    try
                    {
                        return Outcome.FromResult(await run(own.CancellationToken));
                    }
                    catch (Exception failure)
                    {
                        return Outcome.FromException<T>(failure);
                    }
                },
                context, work).AsTask().WaitAsync(Guard, CancellationToken.None);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }
}
