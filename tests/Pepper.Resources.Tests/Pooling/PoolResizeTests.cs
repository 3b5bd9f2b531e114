using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolResizeTests : PoolTestBase
{
    [Fact]
    public async Task Resize_Larger_ServesThoseWhoWait()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        await using var lease = await Lend(pool);
        var waiters = new[] { Ask(pool), Ask(pool) };

        pool.Resize(0, 3);

        await Task.WhenAll(waiters).WaitAsync(Guard, Stop);
        Assert.Equal(3, pool.Statistics.InUse);
    }

    [Fact]
    public async Task Resize_Smaller_DestroysIdleOnesFirst()
    {
        await using var pool = NewPool(options => options.MaxSize = 4);
        var leases = await Lend(pool, 4);
        leases[0].Dispose();
        leases[1].Dispose();

        pool.Resize(0, 2);

        await Until(() => pool.Statistics.Size == 2);
        Assert.Equal(2, pool.Statistics.InUse);
        leases[2].Dispose();
        Assert.Equal(1, pool.Statistics.Idle);
        Assert.Equal(2, Factory.Destroyed);
    }

    [Fact]
    public async Task Resize_SmallerWhileAllAreLent_DestroysAsManyAsAreTooManyAtTheirReturn()
    {
        await using var pool = NewPool(options => options.MaxSize = 4);
        var leases = await Lend(pool, 4);
        pool.Resize(0, 1);
        Assert.All(leases, lease => Assert.False(lease.IsStale));

        foreach (var lease in leases)
        {
            await lease.DisposeAsync();
        }

        await Until(() => pool.Statistics.Size == 1);
        Assert.Equal(1, pool.Statistics.Idle);
        Assert.All(Factory.Made.Where(made => made.Destroyed == 1), made => Assert.Equal(DestroyReason.Resized, made.Reason));
    }

    [Fact]
    public async Task Resize_SmallerWhileDestroysTakeLong_DoesNotDestroyMoreThanTooMany()
    {
        Factory.Set(Stage.Destroy, Behaviour.Slow);
        await using var pool = NewPool(options =>
        {
            options.MaxSize = 4;
            options.LeakThreshold = TimeSpan.FromHours(1);
        });
        var leases = await Lend(pool, 4);
        leases[0].Dispose();
        leases[1].Dispose();
        pool.Resize(0, 2);
        await Until(() => Factory.Calls(Stage.Destroy) == 2);

        leases[2].Dispose();
        leases[3].Dispose();

        Assert.Equal(2, pool.Statistics.Idle);
        Factory.Open(Stage.Destroy);
        await Until(() => pool.Statistics.Size == 2);
        Assert.Equal(2, Factory.Destroyed);
    }

    [Fact]
    public async Task Resize_SmallerDuringCreations_KeepsNoneTooMany()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool(options => options.MaxSize = 4);
        var callers = Enumerable.Range(0, 4).Select(_ => Ask(pool)).ToArray();
        await Until(() => Factory.Calls(Stage.Create) == 4);

        pool.Resize(0, 2);
        Factory.Open(Stage.Create);

        foreach (var caller in callers)
        {
            (await caller.WaitAsync(Guard, Stop)).Dispose();
        }

        await Until(() => pool.Statistics is { Size: <= 2, Creating: 0, Busy: 0 });
        Assert.Equal(2, pool.Statistics.Idle);
    }

    [Fact]
    public async Task Resize_SmallerDuringValidations_KeepsNoneTooMany()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewPool(options => options.MaxSize = 4, factory);
        foreach (var lease in await Lend(pool, 4))
        {
            lease.Dispose();
        }

        // All four are being validated, each on its caller, when the pool becomes smaller: it can see what becomes of none of
        // them.
        var depth = 0;
        List<Lease<TestResource>> leases = [];
        factory.IsFit = _ =>
        {
            if (++depth < 4)
            {
                leases.Add(pool.TryAcquire(out var lease) ? lease : default);
            }
            else
            {
                pool.Resize(0, 1);
            }

            return true;
        };
        leases.Add(pool.TryAcquire(out var last) ? last : default);

        foreach (var lease in leases)
        {
            lease.Dispose();
        }

        await Until(() => pool.Statistics is { Size: 1, Idle: 1 });
        Assert.Equal(3, factory.Destroyed);
    }

    [Fact]
    public async Task Resize_ToAndFro_LosesNoPlace()
    {
        await using var pool = NewPool(options => options.MaxSize = 3);
        for (var round = 0; round < 50; round++)
        {
            var leases = await Lend(pool, 2);
            pool.Resize(0, (round % 5) + 1);
            foreach (var lease in leases)
            {
                lease.Dispose();
            }

            pool.Resize(0, 2 + (round % 7));
        }

        pool.Resize(0, 5);

        await AssertNoPlaceLost(pool);
        Assert.Equal(5, pool.Statistics.Size);
    }

    [Fact]
    public async Task Resize_MinimumRaised_IsMade()
    {
        await using var pool = NewPool();
        await (await Lend(pool)).DisposeAsync();

        pool.Resize(4, 5);

        await Until(() => pool.Statistics.Idle == 4);
    }

    [Theory]
    [InlineData(-1, 1, "MinSize is -1")]
    [InlineData(0, 0, "MaxSize is 0")]
    [InlineData(3, 2, "MinSize is 3")]
    [InlineData(0, 65537, "MaxSize is 65537")]
    public async Task Resize_OutOfRange_ThrowsAndChangesNothing(int min, int max, string says)
    {
        await using var pool = NewPool();

        var thrown = Assert.Throws<ArgumentException>(() => pool.Resize(min, max));

        Assert.Contains(says, thrown.Message, StringComparison.Ordinal);
        Assert.Equal(2, pool.Statistics.MaxSize);
    }
}
