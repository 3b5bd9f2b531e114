using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolDestroyTests : PoolTestBase
{
    [Fact]
    public async Task Destroy_TakesTime_HoldsItsPlaceUntilItEnds()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        Factory.Set(Stage.Destroy, Behaviour.Slow);
        var waiting = Ask(pool);
        lease.Invalidate();
        lease.Dispose();
        await Until(() => Factory.Calls(Stage.Destroy) == 1);
        Assert.Equal(1, Factory.Calls(Stage.Create));
        Assert.Equal(1, pool.Statistics.Size);

        Factory.Open(Stage.Destroy);

        (await waiting.WaitAsync(Guard, Stop)).Dispose();
        Assert.Equal(1, Factory.MaxLive);
    }

    [Theory]
    [InlineData(Behaviour.ThrowsSync)]
    [InlineData(Behaviour.ThrowsAsync)]
    public async Task Destroy_Throws_FreesThePlaceAndIsLogged(Behaviour behaviour)
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        Factory.Set(Stage.Destroy, behaviour);
        lease.Invalidate();
        lease.Dispose();

        (await Lend(pool)).Dispose();

        Assert.Equal(1, Log.Count(1103));
        Assert.Equal(1, pool.Statistics.Destroyed);
    }

    [Theory]
    [InlineData(Behaviour.NeverEnds)]
    [InlineData(Behaviour.IgnoresCancellation)]
    public async Task Destroy_NeverEnds_IsAbandonedAndItsPlaceComesBack(Behaviour behaviour)
    {
        await using var pool = NewPool(options => (options.MaxSize, options.DestroyTimeout) = (1, TimeSpan.FromSeconds(7)));
        var lease = await Lend(pool);
        Factory.Set(Stage.Destroy, behaviour);
        var waiting = Ask(pool);
        lease.Invalidate();
        lease.Dispose();
        await Until(() => Factory.Calls(Stage.Destroy) == 1);
        Time.Advance(TimeSpan.FromSeconds(6));
        Assert.False(waiting.IsCompleted);

        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(2, (await waiting.WaitAsync(Guard, Stop)).Resource.Id);
        Assert.Equal(1, pool.Statistics.Abandoned);
        Assert.Equal(1, Log.Count(1104));
        Factory.Open(Stage.Destroy);
    }

    [Fact]
    public async Task Destroy_BlocksItsThread_IsAbandonedAllTheSame()
    {
        using var block = new ManualResetEventSlim();
        var isBlocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = 0;
        await using var pool = new ResourcePool<TestResource>(
            ResourceFactory.Create(
                _ => new ValueTask<TestResource>(new TestResource(1, Factory)),
                destroy: (_, _, _) =>
                {
                    if (Interlocked.Increment(ref calls) == 1)
                    {
                        isBlocked.SetResult();
                        block.Wait(Guard, CancellationToken.None);
                    }

                    return default;
                }),
            new ResourcePoolOptions { MinSize = 0, MaxSize = 1, DestroyTimeout = TimeSpan.FromSeconds(5) },
            Time);
        var lease = await Lend(pool);
        lease.Invalidate();
        lease.Dispose();
        await isBlocked.Task.WaitAsync(Guard, Stop);

        await PassTimeUntil(() => pool.Statistics.Size == 0);

        (await Lend(pool)).Dispose();
        block.Set();
    }

    [Fact]
    public async Task Destroy_DefaultFactory_DisposesWhatCanBeDisposed()
    {
        var pool = new ResourcePool<Disposables>(
            ResourceFactory.Create(_ => new ValueTask<Disposables>(new Disposables())), new ResourcePoolOptions { MinSize = 0 });
        var lease = await pool.AcquireAsync(Stop);
        var resource = lease.Resource;
        await lease.DisposeAsync();

        await pool.DisposeAsync();

        Assert.Equal(1, resource.Disposed);
    }

    [Fact]
    public async Task Invalidate_ByTheHolder_DestroysAtReturnOnly()
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);
        var resource = lease.Resource;

        lease.Invalidate(new InvalidOperationException("broken pipe"));
        lease.Invalidate();

        Assert.Same(resource, lease.Resource);
        Assert.Equal(0, resource.Destroyed);
        Assert.Contains(Log.Lines, line => line.Id == 1110 && line.Text.Contains("broken pipe", StringComparison.Ordinal));
        lease.Dispose();
        await Until(() => resource.Destroyed == 1);
        Assert.Equal(DestroyReason.Invalidated, resource.Reason);
        Assert.Equal(1, Log.Count(1110));
    }

    [Fact]
    public async Task BrokenResources_ManyWaiters_AreServedByNewOnes()
    {
        await using var pool = NewPool();

        await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ =>
        {
            var lease = await Ask(pool);
            lease.Invalidate();
            lease.Dispose();
        })).WaitAsync(Guard, Stop);

        Assert.InRange(Factory.MaxLive, 1, 2);
    }

    private sealed class Disposables : IAsyncDisposable, IDisposable
    {
        internal int Disposed { get; private set; }

        public void Dispose() => throw new InvalidOperationException("The asynchronous one is preferred.");

        public ValueTask DisposeAsync()
        {
            Disposed++;
            return default;
        }
    }
}
