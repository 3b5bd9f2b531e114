using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

public sealed class PoolCreateTests : PoolTestBase
{
    [Fact]
    public async Task Creations_ManyAreWanted_AreLimited()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool(options => (options.MaxSize, options.MaxConcurrentCreates) = (10, 3));
        var callers = Enumerable.Range(0, 10).Select(_ => Ask(pool)).ToArray();
        await Until(() => Factory.Calls(Stage.Create) == 3);

        Factory.Open(Stage.Create);

        await Task.WhenAll(callers).WaitAsync(Guard, Stop);
        Assert.Equal(3, Factory.MaxCreating);
        Assert.Equal(10, Factory.MaxLive);
    }

    [Fact]
    public async Task Creation_CallerCancels_GoesOnAndServesTheNext()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool();
        using var cancellation = new CancellationTokenSource();
        var gone = Ask(pool, null, cancellation.Token);
        await Until(() => Factory.Calls(Stage.Create) == 1);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        Factory.Open(Stage.Create);
        await Until(() => pool.Statistics.Idle == 1);

        Assert.True(pool.TryAcquire(out _));
        Assert.Equal(1, Factory.Calls(Stage.Create));
    }

    [Fact]
    public async Task Creation_CallerTimesOut_GoesOnAndSaysSo()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool(options => options.CreateTimeout = TimeSpan.FromMinutes(2));
        var gone = Ask(pool, TimeSpan.FromSeconds(1));
        await Until(() => Factory.Calls(Stage.Create) == 1);

        Time.Advance(TimeSpan.FromSeconds(2));

        var thrown = await Assert.ThrowsAsync<ResourceTimeoutException>(() => gone.WaitAsync(Guard, Stop));
        Assert.Equal(ResourceStage.Create, thrown.Stage);
        Factory.Open(Stage.Create);
        await Until(() => pool.Statistics.Idle == 1);
    }

    [Fact]
    public async Task Creation_FailsAndNothingIsLent_TellsAllThatHadQueuedBefore()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool(options => (options.MaxSize, options.MaxConcurrentCreates) = (2, 1));
        Factory.OnCreate = _ => throw new InvalidOperationException("down");
        pool.Pause();
        var callers = Enumerable.Range(0, 6).Select(_ => Ask(pool)).ToArray();

        pool.Resume();

        foreach (var caller in callers)
        {
            var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => caller.WaitAsync(Guard, Stop));
            Assert.Equal("down", thrown.InnerException!.Message);
            Assert.Contains("orders", thrown.Message, StringComparison.Ordinal);
        }

        Assert.Equal(1, Factory.Calls(Stage.Create) + pool.Statistics.CreateFailures);
    }

    [Fact]
    public async Task Creation_FailsWhileOneIsLent_TellsTheFirstOnly()
    {
        await using var pool = NewPool(options => options.MaxConcurrentCreates = 1);
        var lease = await Lend(pool);
        pool.Pause();
        var callers = Enumerable.Range(0, 3).Select(_ => Ask(pool)).ToArray();
        Factory.Set(Stage.Create, Behaviour.Slow);
        var attempts = 0;
        Factory.OnCreate = _ =>
        {
            if (Interlocked.Increment(ref attempts) == 1)
            {
                throw new InvalidOperationException("down");
            }
        };

        pool.Resume();

        await Assert.ThrowsAsync<ResourceInitializationException>(() => callers[0].WaitAsync(Guard, Stop));
        await Until(() => attempts == 2);
        Assert.False(callers[1].IsCompleted);
        lease.Dispose();
        Assert.False((await callers[1].WaitAsync(Guard, Stop)).IsStale);
        Factory.Open(Stage.Create);
        Assert.False((await callers[2].WaitAsync(Guard, Stop)).IsStale);
    }

    [Fact]
    public async Task Creation_FailsAndRecovers_LeavesNoStaleError()
    {
        Factory.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var pool = NewPool();
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pool));

        Factory.Set(Stage.Create, Behaviour.Ok);

        Assert.False((await Lend(pool)).IsStale);
    }

    [Fact]
    public async Task Creation_IgnoresCancellation_HoldsItsPlaceAndIsThenAbandoned()
    {
        Factory.Set(Stage.Create, Behaviour.IgnoresCancellation);
        await using var pool = NewPool(options =>
        {
            options.MaxSize = 1;
            options.CreateTimeout = TimeSpan.FromSeconds(5);
            options.DestroyTimeout = TimeSpan.FromSeconds(10);
        });
        var first = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);

        Time.Advance(TimeSpan.FromSeconds(5));
        var thrown = await Assert.ThrowsAsync<ResourceTimeoutException>(() => first.WaitAsync(Guard, Stop));
        Assert.Contains("CreateTimeout", thrown.Message, StringComparison.Ordinal);
        Factory.Heal(Stage.Create);
        var second = Ask(pool);
        Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(1, Factory.Calls(Stage.Create));
        Assert.Equal(1, pool.Statistics.Creating);
        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.False((await second.WaitAsync(Guard, Stop)).IsStale);
        Assert.Equal(1, pool.Statistics.Abandoned);
        Factory.Open(Stage.Create);
        await Until(() => Factory.Destroyed == 1);
        Assert.Equal(DestroyReason.TooLate, Factory.Made.Single(made => made.Destroyed == 1).Reason);
        Assert.Equal(1, pool.Statistics.Size);
    }

    [Fact]
    public async Task Creation_EndsAfterItsTimeButBeforeItIsAbandoned_IsUsed()
    {
        Factory.Set(Stage.Create, Behaviour.IgnoresCancellation);
        await using var pool = NewPool(options => options.CreateTimeout = TimeSpan.FromSeconds(5));
        var first = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);
        Time.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<ResourceTimeoutException>(() => first.WaitAsync(Guard, Stop));

        Factory.Open(Stage.Create);

        await Until(() => pool.Statistics.Idle == 1);
        Assert.Equal(0, pool.Statistics.Abandoned);
    }

    [Fact]
    public async Task Creation_BlocksItsThread_IsGivenUpAllTheSame()
    {
        using var block = new ManualResetEventSlim();
        var attempts = 0;
        Factory.OnCreate = _ =>
        {
            if (Interlocked.Increment(ref attempts) == 1)
            {
                block.Wait(Guard, CancellationToken.None);
            }
        };
        var pool = NewPool(options =>
        {
            options.MaxSize = 1;
            options.CreateTimeout = options.DestroyTimeout = TimeSpan.FromSeconds(5);
        });
        var first = Ask(pool);
        await Until(() => attempts == 1);

        Time.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<ResourceTimeoutException>(() => first.WaitAsync(Guard, Stop));
        await PassTimeUntil(() => pool.Statistics.Size == 0);
        Assert.False((await Lend(pool)).IsStale);
        block.Set();

        await Until(() => Factory.Destroyed == 1);
        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
    }

    [Fact]
    public async Task Creation_ReturnsNull_IsAFailure()
    {
        await using var pool = new ResourcePool<TestResource>(
            ResourceFactory.Create(_ => new ValueTask<TestResource>((TestResource)null!)),
            new ResourcePoolOptions { MinSize = 0 });

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pool));

        Assert.Contains("null", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Creation_CallbackOnItsTokenThrows_HarmsNothing()
    {
        Factory.Set(Stage.Create, Behaviour.NeverEnds);
        Factory.OnCreate = token => token.Register(() => throw new InvalidOperationException("callback"));
        await using var pool = NewPool(options => options.CreateTimeout = TimeSpan.FromSeconds(5));
        var first = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 1);

        Time.Advance(TimeSpan.FromSeconds(5));

        await Assert.ThrowsAsync<ResourceTimeoutException>(() => first.WaitAsync(Guard, Stop));
        await Until(() => pool.Statistics.Size == 0);
    }

    [Fact]
    public async Task Timeouts_LongerThanAnyTimer_AreLikeNone()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.All };
        var pool = NewPool(
            static options => options.AcquireTimeout = (options.CreateTimeout = options.ValidateTimeout = options.ResetTimeout
                = options.DestroyTimeout = TimeSpan.FromDays(1000)).Value,
            factory);

        for (var round = 0; round < 2; round++)
        {
            foreach (var stage in Enum.GetValues<Stage>())
            {
                factory.Set(stage, round == 0 ? Behaviour.Ok : Behaviour.ThrowsAsync);
            }

            try
            {
                var lease = await Lend(pool);
                await lease.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
            }
            catch (ResourceInitializationException)
            {
                // As the second round wants it.
            }
        }

        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
        await AssertAllDestroyedOnce(factory);
    }

    [Fact]
    public async Task Deadline_OverWaitAndCreate_IsOne()
    {
        await using var pool = NewPool(options => options.MaxSize = 1);
        var lease = await Lend(pool);
        var caller = Ask(pool, TimeSpan.FromSeconds(10));
        Time.Advance(TimeSpan.FromSeconds(6));
        Factory.Set(Stage.Create, Behaviour.Slow);
        lease.Invalidate();
        lease.Dispose();
        await Until(() => Factory.Calls(Stage.Create) == 2);

        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(caller.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAsync<ResourceTimeoutException>(() => caller.WaitAsync(Guard, Stop));
        Factory.Open(Stage.Create);
    }

    [Fact]
    public async Task Spike_SlowCreationsAndFastUse_DoesNotInflateThePool()
    {
        Factory.Set(Stage.Create, Behaviour.Slow);
        await using var pool = NewPool(options => options.MaxSize = 50);
        var callers = Enumerable.Range(0, 50).Select(async _ => (await Ask(pool)).Dispose()).ToArray();
        await Until(() => Factory.Calls(Stage.Create) == 4);

        Factory.OpenOnce(Stage.Create);
        await Task.WhenAll(callers).WaitAsync(Guard, Stop);

        Assert.InRange(Factory.Calls(Stage.Create), 4, 8);
        Factory.Open(Stage.Create);
        await Until(() => pool.Statistics.Creating == 0);
        Assert.InRange(pool.Statistics.Size, 4, 8);
    }
}
