using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Invalidation that is spread over a time.</summary>
public sealed class PoolRenewalTests : PoolTestBase
{
    [Fact]
    public async Task Invalidate_OverATime_ReplacesOneAfterTheOther()
    {
        await using var pool = NewPool(options => (options.MinSize, options.MaxSize) = (10, 10));
        await pool.WarmUpAsync(Stop).WaitAsync(Guard, Stop);

        pool.Invalidate(TimeSpan.FromSeconds(100));

        List<int> destroyed = [];
        for (var step = 0; step < 10; step++)
        {
            Time.Advance(TimeSpan.FromSeconds(10));
            await Until(() => pool.Statistics.Idle == 10);
            destroyed.Add(Factory.Destroyed);
        }

        await PassTimeUntil(() => Factory.Destroyed == 10 && pool.Statistics.Idle == 10);
        Assert.Equal(20, Factory.Created);
        Assert.All(destroyed.Select((count, step) => count - step), late => Assert.InRange(late, 0, 1));
        Assert.All(Factory.Made.Take(10), made => Assert.Equal(DestroyReason.PoolInvalidated, made.Reason));
        Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(10, Factory.Destroyed);
    }

    [Fact]
    public async Task Invalidate_OverATimeAndLent_DestroysItAtItsReturn()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        pool.Invalidate(TimeSpan.FromSeconds(5));

        Time.Advance(TimeSpan.FromSeconds(7));
        Assert.False(lease.IsStale);
        Assert.Equal(0, Factory.Destroyed);
        var next = Ask(pool);
        await lease.DisposeAsync();

        Assert.Equal(2, (await next.WaitAsync(Guard, Stop)).Resource.Id);
        await Until(() => Factory.Destroyed == 1);
    }

    [Fact]
    public async Task Invalidate_OverATimeWhileOneIsMadeThatFails_DoesNotConcernTheNextInItsPlace()
    {
        Factory.Set(Stage.Create, Behaviour.NeverEnds);
        await using var pool = NewPool(options => (options.MaxSize, options.CreateTimeout) = (1, TimeSpan.FromSeconds(10)));
        var first = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);
        pool.Invalidate(TimeSpan.FromSeconds(5));
        Time.Advance(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAsync<ResourceTimeoutException>(() => first.WaitAsync(Guard, Stop));
        await Until(() => pool.Statistics.Size == 0);
        Factory.Heal(Stage.Create);

        await (await Lend(pool)).DisposeAsync();
        Time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(1, pool.Statistics.Idle);
        Assert.False((await Lend(pool)).IsStale);
        Assert.Equal((1, 0), (Factory.Created, Factory.Destroyed));
    }

    [Fact]
    public async Task Invalidate_OverATimeWhileOneIsMade_ConcernsItToo()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool(options => options.MaxSize = 1);
        var caller = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);
        pool.Invalidate(TimeSpan.FromSeconds(5));
        Factory.Open(Stage.Create);
        (await caller.WaitAsync(Guard, Stop)).Dispose();

        await PassTimeUntil(() => Factory.Destroyed == 1);

        Assert.Equal(DestroyReason.PoolInvalidated, Factory.Made.Single().Reason);
    }

    [Fact]
    public async Task Invalidate_OverATimeLongerThanTheirLifetime_ChangesNothing()
    {
        await using var pool = NewPool(options =>
            (options.MaxSize, options.MaxLifetime, options.LifetimeJitter) = (1, TimeSpan.FromSeconds(10), 0));
        await (await Lend(pool)).DisposeAsync();

        pool.Invalidate(TimeSpan.FromDays(400_000));

        await PassTimeUntil(() => Factory.Destroyed == 1);
        Assert.Equal(DestroyReason.MaxLifetime, Factory.Made.Single().Reason);
    }

    [Fact]
    public async Task Invalidate_OverNoTime_IsAtOnce()
    {
        await using var pool = NewPool();
        await (await Lend(pool)).DisposeAsync();

        pool.Invalidate(TimeSpan.Zero);

        await Until(() => Factory.Destroyed == 1);
        Assert.Equal(1, pool.Statistics.Generation);
    }

    [Fact]
    public async Task Invalidate_OverNegativeTime_IsRefused()
    {
        await using var pool = NewPool();

        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Invalidate(TimeSpan.FromSeconds(-1)));
    }

    [Fact]
    public async Task Invalidate_OverATimeAndDisposed_IsRefused()
    {
        var pool = NewPool();
        await pool.DisposeAsync();

        Assert.Throws<ObjectDisposedException>(() => pool.Invalidate(TimeSpan.FromSeconds(1)));
    }
}
