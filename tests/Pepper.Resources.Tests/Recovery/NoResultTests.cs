using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Recovery;

/// <summary>Work that yields nothing.</summary>
public sealed class NoResultTests : RecoveryTest
{
    [Fact]
    public async Task Retry_WorkFailsAtFirst_IsRunAgain()
    {
        var runs = 0;
        var pending = NewRetry().ExecuteAsync(async _ =>
        {
            await Task.Yield();
            if (++runs == 1)
            {
                throw new IOException();
            }
        });
        await PassAsync(Seconds(1));
        await pending.AsTask().WaitAsync(Guard);
        Assert.Equal(2, runs);
    }

    [Fact]
    public async Task Retry_GivesUp_Throws()
    {
        var retry = NewRetry(static options => options.MaxAttempts = 1);
        var thrown = await Assert.ThrowsAsync<MaxRetriesExceededException>(
            () => retry.ExecuteAsync(static _ => throw new IOException("down")).AsTask());
        Assert.IsType<IOException>(thrown.InnerException);
    }

    [Fact]
    public async Task Breaker_WorkFails_OpensAndRejects()
    {
        using var breaker = NewBreaker(static options => options.FailureThreshold = 1);
        var runs = 0;
        await breaker.ExecuteAsync(_ =>
        {
            runs++;
            return default;
        });
        await Assert.ThrowsAsync<IOException>(
            () => breaker.ExecuteAsync(static async _ =>
            {
                await Task.Yield();
                throw new IOException();
            }).AsTask());
        await Assert.ThrowsAsync<CircuitOpenException>(() => breaker.ExecuteAsync(_ =>
        {
            runs++;
            return default;
        }).AsTask());
        Assert.Equal((1, 1L, 1L), (runs, breaker.Statistics.Successes, breaker.Statistics.Failures));
    }

    [Fact]
    public async Task Execute_CallerCancels_IsToldWithItsToken()
    {
        using var breaker = NewBreaker();
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => breaker.ExecuteAsync(static _ => default, stop.Token).AsTask());
        Assert.Equal(stop.Token, thrown.CancellationToken);
        thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => NewRetry().ExecuteAsync(static _ => default, stop.Token).AsTask());
        Assert.Equal(stop.Token, thrown.CancellationToken);
    }
}
