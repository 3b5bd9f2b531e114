using Pepper.Resources.Caching;

namespace Pepper.Resources.Tests.Caching;

public sealed class CacheRefreshRoomTests : CacheTestBase
{
    [Theory]
    [InlineData(CacheFullMode.Wait)]
    [InlineData(CacheFullMode.Reject)]
    public async Task RefreshAfter_StrictWeightAndFull_TakesTheWeightOfWhatItReplaces(CacheFullMode mode)
    {
        await using var cache = NewCache(options =>
        {
            options.WhenFull = mode;
            options.Capacity = null;
            options.MaxWeight = 20;
            options.Weigher = static (_, _) => 10;
            options.RefreshAfter = TimeSpan.FromMinutes(1);
        });
        var other = await Touch(cache, "b");
        await Touch(cache, "a");
        Time.Advance(TimeSpan.FromMinutes(1));
        await Touch(cache, "a");

        await Until(() => cache.Statistics is { Loads: 3, Loading: 0, Destroying: 0 });

        Assert.Equal((2, 0), (cache.Count, cache.Statistics.Evictions));
        Assert.True(cache.TryGet("a", out var renewed));
        Assert.Equal(3, renewed.Resource.Number);
        renewed.Dispose();
        Assert.Equal(0, other.Disposed);
    }

    [Fact]
    public async Task RefreshAfter_StrictWeightAndTheNewOneIsHeavier_EvictsAnotherAndComesIn()
    {
        await using var cache = NewCache(static options =>
        {
            options.WhenFull = CacheFullMode.Wait;
            options.Capacity = null;
            options.MaxWeight = 20;
            options.Weigher = static (_, thing) => thing.Number == 3 ? 20 : 10;
            options.RefreshAfter = TimeSpan.FromMinutes(1);
        });

        // The one that is to be renewed is the least recently used: it would go first, and in vain.
        await Touch(cache, "a");
        Time.Advance(TimeSpan.FromMinutes(1));
        var other = await Touch(cache, "b");
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = (_, _) => gate.Task;
        await Touch(cache, "a");
        Assert.Same(other, await Touch(cache, "b"));
        gate.SetResult();

        await Until(() => cache.Statistics is { Loads: 3, Loading: 0, Destroying: 0 });

        Assert.True(cache.TryGet("a", out var renewed));
        Assert.Equal(3, renewed.Resource.Number);
        renewed.Dispose();
        Assert.Equal(1, other.Disposed);
    }

    [Fact]
    public async Task RefreshAsync_StrictWeightAndTheOldOneIsLeased_DoesNotWaitForItsHolder()
    {
        await using var cache = NewCache(static options =>
        {
            options.WhenFull = CacheFullMode.Wait;
            options.Capacity = null;
            options.MaxWeight = 10;
            options.Weigher = static (_, _) => 10;
        });
        using var old = await Get(cache, "a");

        await Within(cache.RefreshAsync("a", cancellationToken: Stop));

        Assert.Equal(2, (await Touch(cache, "a")).Number);
    }

    [Fact]
    public async Task RefreshAfter_NewOneIsNotKept_RestsBeforeTheNextTry()
    {
        await using var cache = NewCache(static options =>
        {
            options.MaxWeight = 10;
            options.Weigher = static (_, thing) => thing.Number == 1 ? 1 : 11;
            options.RefreshAfter = TimeSpan.FromMinutes(1);
            options.RefreshRetryDelay = TimeSpan.FromSeconds(5);
        });
        var first = await Touch(cache, "a");
        Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Same(first, await Touch(cache, "a"));
        await Until(() => cache.Statistics is { Loads: 2, Loading: 0 });

        Assert.Same(first, await Touch(cache, "a"));
        Assert.Equal(0, cache.Statistics.Loading);
        Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Same(first, await Touch(cache, "a"));
        await Until(() => cache.Statistics is { Loads: 3, Loading: 0 });
    }
}
