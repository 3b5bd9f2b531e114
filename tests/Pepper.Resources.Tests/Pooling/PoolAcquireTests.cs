using System.Runtime.CompilerServices;
using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolAcquireTests : PoolTestBase
{
    private static readonly AsyncLocal<string?> Ambient = new();

    [Fact]
    public async Task AcquireAsync_FirstTime_Creates()
    {
        await using var pool = NewPool();
        Assert.Equal(0, Factory.Created);

        await using var lease = await Lend(pool);

        Assert.Same(Factory.Made.Single(), lease.Resource);
        Assert.False(lease.IsStale);
    }

    [Fact]
    public async Task AcquireAsync_AfterReturn_LendsTheSameAgain()
    {
        await using var pool = NewPool();
        var first = await Lend(pool);
        var resource = first.Resource;
        await first.DisposeAsync();

        var again = pool.AcquireAsync(Stop);

        Assert.True(again.IsCompletedSuccessfully);
        Assert.Same(resource, (await again).Resource);
        Assert.Equal(1, Factory.Created);
    }

    [Fact]
    public async Task AcquireAsync_TwoAtOnce_LendsTwoResources()
    {
        await using var pool = NewPool();

        var leases = await Lend(pool, 2);

        Assert.NotSame(leases[0].Resource, leases[1].Resource);
    }

    [Fact]
    public async Task AcquireAsync_CanceledBefore_CreatesNothing()
    {
        await using var pool = NewPool();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Ask(pool, null, new CancellationToken(true)));

        Assert.Equal(0, Factory.Calls(Stage.Create));
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(-1000)]
    public async Task AcquireAsync_NegativeTimeout_Throws(int milliseconds)
    {
        await using var pool = NewPool();

        var thrown = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Ask(pool, TimeSpan.FromMilliseconds(milliseconds)));

        Assert.Equal("timeout", thrown.ParamName);
    }

    [Fact]
    public async Task AcquireAsync_ZeroTimeout_LendsOnlyWhatIsReady()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool();
        await Assert.ThrowsAnyAsync<ResourceTimeoutException>(() => Ask(pool, TimeSpan.Zero));
        Factory.Open(Stage.Create);
        await Until(() => pool.Statistics.Idle == 1);

        await using var lease = await Ask(pool, TimeSpan.Zero);

        Assert.False(lease.IsStale);
    }

    [Fact]
    public async Task TryAcquire_EmptyThenIdleThenLent_TellsWhetherSomethingIsReady()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        Assert.False(pool.TryAcquire(out var none));
        Assert.True(none.IsStale);
        Assert.Equal(0, Factory.Calls(Stage.Create));
        await (await Lend(pool)).DisposeAsync();

        Assert.True(pool.TryAcquire(out var lease));
        Assert.False(pool.TryAcquire(out _));
        lease.Dispose();
        Assert.True(pool.TryAcquire(out lease));
    }

    [Fact]
    public async Task TryAcquire_SomebodyWaits_DoesNotBarge()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        pool.Pause();
        var waiting = Ask(pool);
        lease.Dispose();

        Assert.False(pool.TryAcquire(out _));
        pool.Resume();

        Assert.False((await waiting.WaitAsync(Guard, Stop)).IsStale);
    }

    [Theory]
    [InlineData(FactoryHooks.None)]
#if !DEBUG // In debug builds the state of every async method is an object.
    [InlineData(FactoryHooks.Validate)]
    [InlineData(FactoryHooks.All)]
#endif
    public async Task AcquireAndDispose_Uncontended_AllocatesNothing(FactoryHooks hooks)
    {
        await using var pool = NewPool(factory: new TestFactory { Hooks = hooks });
        await (await Lend(pool)).DisposeAsync();
        long least = long.MaxValue;

        for (var round = 0; round < 20; round++)
        {
            least = Math.Min(least, BytesOf(pool));
        }

        Assert.Equal(0, least);

        static long BytesOf(ResourcePool<TestResource> pool)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var index = 0; index < 1000; index++)
            {
                var asked = pool.AcquireAsync(CancellationToken.None);
                if (!asked.IsCompletedSuccessfully)
                {
                    return long.MaxValue;
                }

                asked.GetAwaiter().GetResult().Dispose();
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public async Task CreateAsync_CallerHasAmbientState_DoesNotSeeIt()
    {
        List<string?> seen = [];
        Factory.OnCreate = _ => seen.Add(Ambient.Value);
        await using var pool = NewPool();
        Ambient.Value = "first caller";

        _ = await Lend(pool, 2);

        Assert.Equal([null, null], seen);
    }

    [Fact]
    public async Task Timers_CallerHasAmbientState_DoNotCaptureIt()
    {
        List<string?> seen = [];
        Ambient.Value = "first caller";
        await using var pool = NewPool(options => options.MinSize = 1);
        await (await Lend(pool)).DisposeAsync();
        Factory.OnCreate = _ => seen.Add(Ambient.Value);
        pool.Invalidate();
        await PassTimeUntil(() => seen.Count > 0);
        Ambient.Value = null;

        Assert.Equal([null], seen);
    }

    [Fact]
    public async Task AcquireAsync_FlowIsSuppressed_WorksAndLeavesItSo()
    {
        await using var pool = NewPool();
        Task<Lease<TestResource>> asked;
        using (ExecutionContext.SuppressFlow())
        {
            asked = Ask(pool);
            Assert.True(ExecutionContext.IsFlowSuppressed());
        }

        Assert.False((await asked.WaitAsync(Guard, Stop)).IsStale);
    }

    [Fact]
    public async Task WallClock_Jumps_ChangesNothing()
    {
        await using var pool = NewPool(options =>
        {
            options.IdleTimeout = options.MaxLifetime = TimeSpan.FromMinutes(1);
            options.LeakThreshold = TimeSpan.FromMinutes(1);
            options.MaxSize = 1;
        });
        await using var lease = await Lend(pool);
        var waiting = Ask(pool);

        Time.SetUtcNow(Time.GetUtcNow().AddHours(1));
        Time.Advance(TimeSpan.FromSeconds(1));
        Time.SetUtcNow(Time.GetUtcNow().AddHours(-5));
        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.False(waiting.IsCompleted);
        Assert.Equal(0, Factory.Destroyed);
        Assert.Equal(0, pool.Statistics.Leaks);
        Assert.Equal(TimeSpan.FromSeconds(2), Assert.Single(pool.GetLeases()).Age);
    }

    [Fact]
    public async Task Pool_DroppedUndisposed_CanBeCollected()
    {
        var weak = await MakeAndDrop();

        await Until(() =>
        {
            GC.Collect();
            return !weak.IsAlive;
        });
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> MakeAndDrop()
    {
        var pool = new ResourcePool<TestResource>(
            new TestFactory(), new ResourcePoolOptions { IdleTimeout = TimeSpan.FromHours(1) });
        await (await Lend(pool)).DisposeAsync();
        return new WeakReference(pool);
    }
}
