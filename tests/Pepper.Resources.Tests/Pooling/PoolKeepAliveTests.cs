using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>Validation while idle.</summary>
public sealed class PoolKeepAliveTests : PoolTestBase
{
    public PoolKeepAliveTests() => Factory = new TestFactory { Hooks = FactoryHooks.Validate };

    [Fact]
    public async Task KeepAlive_IdleForTheInterval_ValidatesAgainAndAgain()
    {
        await using var pool = NewKeptPool();
        await (await Lend(pool)).DisposeAsync();

        Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, Factory.Calls(Stage.Validate));
        await PassTimeUntil(() => Factory.Calls(Stage.Validate) == 1);
        await Until(() => pool.Statistics.Idle == 1);
        Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(1, Factory.Calls(Stage.Validate));

        await PassTimeUntil(() => Factory.Calls(Stage.Validate) == 2);
        Assert.Equal(1, Factory.Created);
    }

    [Fact]
    public async Task KeepAlive_Lent_IsLeftAlone()
    {
        await using var pool = NewKeptPool();
        var lease = await Lend(pool);

        Time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(0, Factory.Calls(Stage.Validate));
        Assert.False(lease.IsStale);
        lease.Dispose();
    }

    [Fact]
    public async Task KeepAlive_FindsItUnfit_DestroysAndReplacesIt()
    {
        Factory.IsFit = static resource => resource.Id != 1;
        await using var pool = NewKeptPool(options => options.MinSize = 1);
        await pool.WarmUpAsync(Stop).WaitAsync(Guard, Stop);

        await PassTimeUntil(() => Factory.Created == 2 && pool.Statistics.Idle == 1);

        Assert.Equal(DestroyReason.ValidationFailed, Factory.Made.First().Reason);
        Assert.Equal(2, (await Lend(pool)).Resource.Id);
    }

    [Fact]
    public async Task KeepAlive_DoesNotCountAsUse_IdleTimeoutEvictsAllTheSame()
    {
        await using var pool = NewKeptPool(options => options.IdleTimeout = TimeSpan.FromSeconds(35));
        await (await Lend(pool)).DisposeAsync();

        await PassTimeUntil(() => Factory.Destroyed == 1);

        Assert.Equal(DestroyReason.IdleTimeout, Factory.Made.Single().Reason);
        Assert.InRange(Factory.Calls(Stage.Validate), 1, 3);
    }

    [Fact]
    public async Task KeepAlive_CallerComesMeanwhile_IsServedWhenItEnds()
    {
        await using var pool = NewKeptPool(options => options.MaxSize = 1);
        await (await Lend(pool)).DisposeAsync();
        Factory.Set(Stage.Validate, Behaviour.Slow);
        await PassTimeUntil(() => Factory.Calls(Stage.Validate) == 1);

        var caller = Ask(pool);
        Assert.False(caller.IsCompleted);
        Factory.Open(Stage.Validate);

        (await caller.WaitAsync(Guard, Stop)).Dispose();
        Assert.Equal(1, Factory.Created);
    }

    [Fact]
    public async Task KeepAlive_NobodyMayWait_LetsACallerWaitForIt()
    {
        await using var pool = NewKeptPool(options => (options.MaxSize, options.MaxWaiters) = (1, 0));
        await (await Lend(pool)).DisposeAsync();
        Factory.Set(Stage.Validate, Behaviour.Slow);
        await PassTimeUntil(() => Factory.Calls(Stage.Validate) == 1);

        var caller = Ask(pool);
        await Assert.ThrowsAsync<PoolExhaustedException>(() => Ask(pool).WaitAsync(Guard, Stop));
        Factory.Open(Stage.Validate);

        (await caller.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task KeepAlive_Hangs_IsGivenUpAndTheResourceReplaced()
    {
        await using var pool = NewKeptPool(options =>
            (options.MaxSize, options.MinSize, options.ValidateTimeout) = (1, 1, TimeSpan.FromSeconds(2)));
        await pool.WarmUpAsync(Stop).WaitAsync(Guard, Stop);
        Factory.Set(Stage.Validate, Behaviour.NeverEnds);

        await PassTimeUntil(() => Factory.Created == 2);

        Assert.Equal(DestroyReason.ValidationFailed, Factory.Made.First().Reason);
        Assert.Equal(1, pool.Statistics.Abandoned);
    }

    [Fact]
    public async Task KeepAlive_ManyIdle_LeavesHalfOfThemToCallers()
    {
        await using var pool = NewKeptPool(options =>
            (options.MaxSize, options.MinSize, options.MaxConcurrentCreates) = (4, 4, 4));
        await pool.WarmUpAsync(Stop).WaitAsync(Guard, Stop);
        Factory.Set(Stage.Validate, Behaviour.Slow);

        await PassTimeUntil(() => Factory.Calls(Stage.Validate) == 2);
        Time.Advance(TimeSpan.FromSeconds(4));

        Assert.Equal(2, pool.Statistics.Idle);
        Assert.True(pool.TryAcquire(out var one));
        Factory.Open(Stage.Validate);
        one.Dispose();
        await PassTimeUntil(() => Factory.Calls(Stage.Validate) >= 4 && pool.Statistics.Idle == 4);
    }

    [Fact]
    public async Task KeepAlive_PoolIsDisposedMeanwhile_DestroysItOnce()
    {
        var pool = NewKeptPool();
        await (await Lend(pool)).DisposeAsync();
        Factory.Set(Stage.Validate, Behaviour.Slow);
        await PassTimeUntil(() => Factory.Calls(Stage.Validate) == 1);

        var disposal = pool.DisposeAsync().AsTask();
        Factory.Open(Stage.Validate);

        await disposal.WaitAsync(Guard, Stop);
        Assert.Equal((1, 0), (Factory.Destroyed, Factory.Live));
    }

    [Fact]
    public async Task KeepAlive_JustDone_CountsAsFreshAtBorrow()
    {
        await using var pool = NewKeptPool(options =>
        {
            options.Validation |= ValidationMode.OnBorrow;
            options.ValidateAfterIdle = TimeSpan.FromSeconds(8);
        });
        await (await Lend(pool)).DisposeAsync();
        await PassTimeUntil(() => Factory.Calls(Stage.Validate) == 1 && pool.Statistics.Idle == 1);

        (await Lend(pool)).Dispose();

        Assert.Equal(1, Factory.Calls(Stage.Validate));
    }

    private ResourcePool<TestResource> NewKeptPool(Action<ResourcePoolOptions>? configure = null) => NewPool(options =>
    {
        options.Validation = ValidationMode.WhileIdle;
        options.KeepAliveInterval = TimeSpan.FromSeconds(10);
        configure?.Invoke(options);
    });
}
