using Pepper.Resources.Caching;
using Pepper.Resources.Tests.Stress;

namespace Pepper.Resources.Tests.Caching;

public sealed class CacheKeptFailureTests : CacheTestBase
{
    [Fact]
    public async Task FailureTimeToLive_ToldManyTimes_TheStackTraceDoesNotGrow()
    {
        Source.OnLoad = static (_, _) => throw new InvalidOperationException("The source is gone.");
        await using var cache = NewCache(static options => options.FailureTimeToLive = TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Get(cache, "a"));
        var first = (await Assert.ThrowsAsync<InvalidOperationException>(() => Get(cache, "a"))).StackTrace!.Length;

        var last = 0;
        for (var i = 0; i < 100; i++)
        {
            last = (await Assert.ThrowsAsync<InvalidOperationException>(() => Get(cache, "a"))).StackTrace!.Length;
        }

        Assert.True(last <= first, $"The trace has grown from {first} to {last} characters.");
        Assert.Equal(1, Source.Loads);
    }

    [Fact]
    public async Task FailureTimeToLive_CacheWasFull_IsNoFailureOfTheKey()
    {
        await using var cache = NewCache(static options =>
        {
            options.WhenFull = CacheFullMode.Reject;
            options.Capacity = 1;
            options.FailureTimeToLive = TimeSpan.FromMinutes(1);
        });
        var held = await Get(cache, "a");
        await Assert.ThrowsAsync<CacheFullException>(() => Get(cache, "b"));
        held.Dispose();

        Assert.Equal("b", (await Touch(cache, "b")).Key);
    }

    [Fact]
    public async Task FailureTimeToLive_SourceTimesOutByItself_IsKept()
    {
        // As a client of HTTP does whose own time is over.
        Source.OnLoad = static (_, _) => throw new TaskCanceledException("The request took too long.");
        await using var cache = NewCache(static options => options.FailureTimeToLive = TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<TaskCanceledException>(() => Get(cache, "a"));
        await Assert.ThrowsAsync<TaskCanceledException>(() => Get(cache, "a"));

        Assert.Equal(1, Source.Loads);
    }

    [Fact]
    public async Task FailureTimeToLive_ToldAfterAWaitForTheKeysEnd_CountsEachMissOnce()
    {
        const int Callers = 16;
        foreach (var round in Rounds.UpTo(200))
        {
            Source.OnLoad = null;
            await using var cache = NewCache(static options =>
            {
                options.FailureTimeToLive = TimeSpan.FromMinutes(1);
                options.UniqueKeys = true;
            });
            var lease = await Get(cache, "a");
            Source.OnLoad = static (_, _) => throw new InvalidOperationException("The source is gone.");
            Assert.True(cache.Remove("a"));
            var callers = Enumerable.Range(0, Callers).Select(_ => cache.GetOrAddAsync("a", Stop).AsTask()).ToList();
            lease.Dispose();
            foreach (var caller in callers)
            {
                await Assert.ThrowsAsync<InvalidOperationException>(() => Within(caller));
            }

            Assert.Equal((round, Callers + 1), (round, cache.Statistics.Misses));
        }
    }
}
