namespace Pepper.Resources.Tests.Caching;

public sealed class CacheDisposalTests : CacheTestBase
{
    [Fact]
    public async Task DisposeAsync_KeyOfALoadWasRemoved_CancelsItAndTellsWhoWaits()
    {
        var token = new TaskCompletionSource<CancellationToken>(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Source.OnLoad = (_, given) =>
        {
            token.SetResult(given);
            return gate.Task;
        };
        var cache = NewCache();
        var caller = cache.GetOrAddAsync("a", Stop).AsTask();
        var loading = await Within(token.Task);
        Assert.True(cache.Remove("a"));

        var disposal = cache.DisposeAsync().AsTask();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => Within(caller));
        await Until(() => loading.IsCancellationRequested);
        gate.SetResult();
        await Within(disposal);
        Assert.Equal(1, Assert.Single(Source.Made).Disposed);
    }

    [Fact]
    public async Task DisposeAsync_CallersWaitForTheEndOfTheirKey_AreTold()
    {
        var cache = NewCache(static options => options.UniqueKeys = true);
        var lease = await Get(cache, "a");
        Assert.True(cache.Remove("a"));
        var caller = cache.GetOrAddAsync("a", Stop).AsTask();
        var refresh = cache.RefreshAsync("a", cancellationToken: Stop);

        var disposal = cache.DisposeAsync().AsTask();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => Within(caller));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Within(refresh));
        lease.Dispose();
        await Within(disposal);
        Assert.Equal(1, Assert.Single(Source.Made).Disposed);
    }
}
