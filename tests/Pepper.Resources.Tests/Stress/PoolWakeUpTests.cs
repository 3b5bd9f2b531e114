using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>Hunts for wake-ups that are lost where a pool turns from empty to full and back; one fails a guard.</summary>
public sealed class PoolWakeUpTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private readonly TestFactory _factory = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 2, FactoryHooks.None)]
    [InlineData(1, 3, FactoryHooks.None)]
    [InlineData(2, 3, FactoryHooks.None)]
    [InlineData(2, 5, FactoryHooks.Validate)]
    [InlineData(1, 4, FactoryHooks.All)]
    public async Task Acquire_AtTheBoundaryOfEmptyAndFull_LosesNoWakeUp(int size, int callers, FactoryHooks hooks)
    {
        var factory = new TestFactory { Hooks = hooks, YieldsInValidation = size == 2 };
        await using var pool = NewPool(size, null, null, factory);
        var lent = 0L;

        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(
            async () =>
            {
                foreach (var round in Rounds.UpTo(10_000))
                {
                    var lease = await pool.AcquireAsync(Timeout.InfiniteTimeSpan, CancellationToken.None);
                    lease.Resource.Enter();
                    lease.Resource.Leave();
                    lease.Dispose();
                    Interlocked.Increment(ref lent);
                }
            },
            Stop))).WaitAsync(Guard, Stop);

        Assert.Equal(0, pool.Statistics.Waiting);
        Assert.Equal(lent, pool.Statistics.Acquired);
        Assert.InRange(factory.MaxLive, 1, size);
    }

    [Fact]
    public async Task Acquire_WhilePausedAndResumed_LosesNoWakeUp()
    {
        await using var pool = NewPool(2);
        var isOver = false;
        var switcher = Task.Run(
            () =>
            {
                while (!Volatile.Read(ref isOver))
                {
                    pool.Pause();
                    Thread.SpinWait(50);
                    pool.Resume();
                    Thread.SpinWait(200);
                }
            },
            Stop);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            async () =>
            {
                foreach (var round in Rounds.UpTo(5_000))
                {
                    (await pool.AcquireAsync(Timeout.InfiniteTimeSpan, CancellationToken.None)).Dispose();
                }
            },
            Stop))).WaitAsync(Guard, Stop);

        Volatile.Write(ref isOver, true);
        await switcher.WaitAsync(Guard, Stop);
        Assert.Equal(0, pool.Statistics.Waiting);
    }

    [Fact]
    public async Task BlockingAcquire_AtTheBoundary_LosesNoWakeUp()
    {
        await using var pool = new ResourcePool<TestResource>(
            ResourceFactory.CreateSync(() => new TestResource(1, _factory)),
            new ResourcePoolOptions { MinSize = 0, MaxSize = 1 });
        var lent = 0L;

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Rounds.OnThread(() =>
        {
            foreach (var round in Rounds.UpTo(3_000))
            {
                using var lease = pool.Acquire(Guard, CancellationToken.None);
                lease.Resource.Enter();
                lease.Resource.Leave();
                Interlocked.Increment(ref lent);
            }
        }))).WaitAsync(Guard, Stop);

        Assert.Equal(lent, pool.Statistics.Acquired);
    }

    private ResourcePool<TestResource> NewPool(
        int maxSize, Action<ResourcePoolOptions>? configure = null, TimeProvider? time = null, TestFactory? factory = null)
    {
        var options = new ResourcePoolOptions { Name = "race", MinSize = 0, MaxSize = maxSize };
        configure?.Invoke(options);
        return new ResourcePool<TestResource>(factory ?? _factory, options, time, new ResourceMonitor());
    }
}
