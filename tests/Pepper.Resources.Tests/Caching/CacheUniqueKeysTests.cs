using Pepper.Resources.Caching;

namespace Pepper.Resources.Tests.Caching;

public sealed class CacheUniqueKeysTests : CacheTestBase
{
    [Fact]
    public async Task Get_EvictedWhileLeasedAndAPutRefused_TakesTheSameBack()
    {
        await using var cache = NewCache(static options =>
        {
            options.Capacity = 1;
            options.MaxWeight = 10;
            options.Weigher = static (_, thing) => thing.Number == 100 ? 11 : 1;
            options.WhenFull = CacheFullMode.Detach;
            options.UniqueKeys = true;
        });
        using var held = await Get(cache, "a");
        await Touch(cache, "b");
        Assert.False(await Within(cache.PutAsync("a", new CachedThing("a", 100), Stop).AsTask()));

        using var again = await Get(cache, "a");

        Assert.Same(held.Resource, again.Resource);
    }
}
