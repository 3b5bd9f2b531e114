using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>What ends a resource's life: idleness, age, uses, generations.</summary>
public sealed class PoolLifetimeTests : PoolTestBase
{
    [Fact]
    public async Task IdleTimeout_Passes_DestroysWhatIsAboveTheMinimum()
    {
        await using var pool = NewPool(options =>
        {
            (options.MinSize, options.MaxSize) = (1, 4);
            options.IdleTimeout = TimeSpan.FromSeconds(10);
        });
        foreach (var lease in await Lend(pool, 4))
        {
            lease.Dispose();
        }

        Time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal(0, Factory.Destroyed);
        Time.Advance(TimeSpan.FromSeconds(2));

        await Until(() => pool.Statistics.Size == 1);
        Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(3, Factory.Destroyed);
        Assert.Equal(1, pool.Statistics.Idle);
        Assert.All(Factory.Made.Where(made => made.Destroyed == 1), made => Assert.Equal(DestroyReason.IdleTimeout, made.Reason));
    }

    [Fact]
    public async Task IdleTimeout_UsedInBetween_BeginsAnew()
    {
        await using var pool = NewPool(options => options.IdleTimeout = TimeSpan.FromSeconds(10));
        await (await Lend(pool)).DisposeAsync();
        for (var round = 0; round < 5; round++)
        {
            Time.Advance(TimeSpan.FromSeconds(9));
            await (await Lend(pool)).DisposeAsync();
        }

        Assert.Equal(1, Factory.Created);
        Assert.Equal(0, Factory.Destroyed);
    }

    [Fact]
    public async Task IdleTimeout_NewResourceInAnOldPlace_IsNotEvictedEarly()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewPool(
            options => (options.MaxSize, options.IdleTimeout) = (1, TimeSpan.FromSeconds(40)), factory);
        await (await Lend(pool)).DisposeAsync();
        Time.Advance(TimeSpan.FromSeconds(39));

        // Found unfit between two looks of the sweeper; its successor takes the same place, and nobody takes it.
        factory.Set(Stage.Create, Behaviour.Slow);
        factory.IsFit = _ => false;
        using var cancellation = new CancellationTokenSource();
        var caller = Ask(pool, null, cancellation.Token);
        await Until(() => factory.Calls(Stage.Create) == 2);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
        factory.Open(Stage.Create);
        await Until(() => pool.Statistics.Idle == 1);

        Time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(1, pool.Statistics.Idle);
        Assert.Equal(1, factory.Destroyed);
    }

    [Fact]
    public async Task IdleTimeout_AnotherIsBeingDestroyed_KeepsTheMinimum()
    {
        await using var pool = NewPool(options =>
        {
            (options.MinSize, options.MaxSize) = (2, 3);
            options.IdleTimeout = TimeSpan.FromSeconds(10);
            options.DestroyTimeout = null;
        });
        var leases = await Lend(pool, 3);
        Factory.Set(Stage.Destroy, Behaviour.IgnoresCancellation);
        leases[0].Invalidate();
        foreach (var lease in leases)
        {
            lease.Dispose();
        }

        Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(2, pool.Statistics.Idle);
        Factory.Open(Stage.Destroy);
    }

    [Fact]
    public async Task MaxLifetime_Idle_IsDestroyedThenAndTheMinimumRefilled()
    {
        await using var pool = NewPool(options =>
        {
            (options.MinSize, options.LifetimeJitter) = (1, 0);
            options.MaxLifetime = TimeSpan.FromMinutes(1);
        });
        await (await Lend(pool)).DisposeAsync();
        Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(0, Factory.Destroyed);

        Time.Advance(TimeSpan.FromSeconds(2));

        await Until(() => Factory.Destroyed == 1 && pool.Statistics.Idle == 1);
        Assert.Equal(DestroyReason.MaxLifetime, Factory.Made.First().Reason);
    }

    [Fact]
    public async Task MaxLifetime_NeverIdle_IsDestroyedAtAReturn()
    {
        await using var pool = NewPool(options =>
        {
            (options.MaxSize, options.LifetimeJitter) = (1, 0);
            options.MaxLifetime = TimeSpan.FromMinutes(1);
        });
        var lease = await Lend(pool);
        for (var second = 0; second < 59; second++)
        {
            var next = Ask(pool);
            Time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(1, lease.Resource.Id);
            lease.Dispose();
            lease = await next.WaitAsync(Guard, Stop);
        }

        var last = Ask(pool);
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, lease.Resource.Destroyed);
        lease.Dispose();

        Assert.Equal(2, (await last.WaitAsync(Guard, Stop)).Resource.Id);
    }

    [Fact]
    public async Task MaxLifetime_Jitter_SpreadsThoseMadeTogether()
    {
        await using var pool = NewPool(options =>
        {
            (options.MaxSize, options.LifetimeJitter) = (100, 0.5);
            options.MaxConcurrentCreates = 100;
            options.MaxLifetime = TimeSpan.FromSeconds(100);
        });
        foreach (var lease in await Lend(pool, 100))
        {
            lease.Dispose();
        }

        Time.Advance(TimeSpan.FromSeconds(49));
        Assert.Equal(100, pool.Statistics.Idle);
        Time.Advance(TimeSpan.FromSeconds(26));
        var halfway = pool.Statistics.Idle;
        Time.Advance(TimeSpan.FromSeconds(26));

        Assert.InRange(halfway, 20, 80);
        Assert.Equal(0, pool.Statistics.Idle);
    }

    [Fact]
    public async Task MaxUses_Reached_IsDestroyedAtItsReturn()
    {
        await using var pool = NewPool(options => (options.MaxSize, options.MaxUses) = (1, 3));
        List<int> ids = [];
        for (var use = 0; use < 7; use++)
        {
            var lease = await Lend(pool);
            ids.Add(lease.Resource.Id);
            await lease.DisposeAsync();
        }

        Assert.Equal([1, 1, 1, 2, 2, 2, 3], ids);
        await Until(() => Factory.Destroyed == 2);
        Assert.Equal(DestroyReason.MaxUses, Factory.Made.First().Reason);
    }

    [Fact]
    public async Task Invalidate_Pool_DestroysIdleOnesNowAndLentOnesAtReturn()
    {
        await using var pool = NewPool();
        var leases = await Lend(pool, 2);
        leases[0].Dispose();

        pool.Invalidate();

        await Until(() => Factory.Destroyed == 1);
        Assert.Equal(0, leases[1].Resource.Destroyed);
        leases[1].Dispose();
        await Until(() => Factory.Destroyed == 2);
        Assert.All(Factory.Made, made => Assert.Equal(DestroyReason.PoolInvalidated, made.Reason));
        Assert.Equal(1, pool.Statistics.Generation);
    }

    [Fact]
    public async Task Invalidate_CreationUnderWay_ItsProductIsNotLent()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool(options => options.MaxSize = 1);
        var caller = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);

        pool.Invalidate();
        Factory.Open(Stage.Create);

        Assert.Equal(2, (await caller.WaitAsync(Guard, Stop)).Resource.Id);
        Assert.Equal([0, 1], Factory.Contexts.Select(context => context.Generation));
    }

    [Fact]
    public async Task Invalidate_ValidationUnderWay_ItsProductIsNotLent()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pool = NewPool(options => options.MaxSize = 1, factory);
        await (await Lend(pool)).DisposeAsync();
        factory.Set(Stage.Validate, Behaviour.Slow);
        var caller = Ask(pool);
        await Until(() => factory.Calls(Stage.Validate) == 1);

        pool.Invalidate();
        factory.Open(Stage.Validate);

        Assert.Equal(2, (await caller.WaitAsync(Guard, Stop)).Resource.Id);
    }

    [Fact]
    public async Task ReplaceFactoryAsync_Twice_EachIsDestroyedByTheFactoryThatMadeIt()
    {
        var second = new TestFactory();
        var third = new TestFactory();
        await using var pool = NewPool();
        var old = await Lend(pool, 2);
        old[0].Dispose();
        var replaced = pool.ReplaceFactoryAsync(second, Stop);
        var lease = await Lend(pool);
        Assert.Same(second, lease.Resource.Factory);
        Assert.False(replaced.IsCompleted);
        old[1].Dispose();
        await replaced.WaitAsync(Guard, Stop);
        lease.Dispose();

        await pool.ReplaceFactoryAsync(third, Stop).WaitAsync(Guard, Stop);

        Assert.Same(third, (await Lend(pool)).Resource.Factory);
        await AssertAllDestroyedOnce(Factory);
        await AssertAllDestroyedOnce(second);
        Assert.Equal(0, third.Destroyed);
    }

    [Fact]
    public async Task ReplaceFactoryAsync_OtherHooks_AreHeededFromThenOn()
    {
        var second = new TestFactory { Hooks = FactoryHooks.All };
        await using var pool = NewPool();
        await (await Lend(pool)).DisposeAsync();

        await pool.ReplaceFactoryAsync(second, Stop).WaitAsync(Guard, Stop);
        await (await Lend(pool)).DisposeAsync();
        await (await Lend(pool)).DisposeAsync();

        Assert.Equal(2, second.Calls(Stage.Reset));
        Assert.Equal(1, second.Calls(Stage.Validate));
    }

    [Fact]
    public async Task ReplaceFactoryAsync_WaitIsCanceled_TheChangeStands()
    {
        var second = new TestFactory();
        await using var pool = NewPool();
        await using var lease = await Lend(pool);
        using var cancellation = new CancellationTokenSource();
        var replaced = pool.ReplaceFactoryAsync(second, cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => replaced.WaitAsync(Guard, Stop));
        Assert.Same(second, (await Lend(pool)).Resource.Factory);
    }
}
