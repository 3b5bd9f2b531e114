using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Stress;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>What docs/pool-features.md says of the pool and no other test shows by itself.</summary>
public sealed class PoolFeatureTests : PoolTestBase
{
    [Fact]
    public async Task Acquire_AHundredThreadsOverFive_ShareNoInstance()
    {
        const int rounds = 100;
        await using var pool = new ResourcePool<Instance>(
            ResourceFactory.CreateSync(static () => new Instance()),
            new ResourcePoolOptions { Name = "five", MaxSize = 5, AcquireTimeout = Timeout.InfiniteTimeSpan },
            monitor: Monitor);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Rounds.OnThread(() =>
        {
            for (var round = 0; round < rounds; round++)
            {
                using var lease = pool.Acquire(Timeout.InfiniteTimeSpan, CancellationToken.None);
                lease.Resource.Use();
            }
        }))).WaitAsync(Guard, Stop);

        Assert.Equal(100 * rounds, pool.Statistics.Acquired);
        Assert.InRange(pool.Statistics.Created, 1, 5);
        Assert.Equal((0, pool.Statistics.Size), (pool.Statistics.InUse, pool.Statistics.Idle));
    }

    [Fact]
    public async Task Wait_OwnCreationHangs_IsServedByAReturn()
    {
        await using var pool = NewPool();
        var lease = await Lend(pool);
        var lent = lease.Resource;
        Factory.Set(Stage.Create, Behaviour.Slow);
        var waiting = Ask(pool);
        await Until(() => Factory.Calls(Stage.Create) == 2);

        lease.Dispose();

        using var served = await waiting.WaitAsync(Guard, Stop);
        Assert.Same(lent, served.Resource);
        Assert.Equal(1, pool.Statistics.Creating);
        Factory.Open(Stage.Create);
        await Until(() => pool.Statistics.Idle == 1, "what was made for nobody is kept");
    }

    [Fact]
    public async Task Create_RacesWithReturn_LosesNoInstance()
    {
        foreach (var round in Rounds.UpTo(500))
        {
            var factory = new TestFactory();
            var pool = NewPool(factory: factory);
            var lease = await Lend(pool);
            factory.Set(Stage.Create, Behaviour.Slow);
            var waiting = Ask(pool);
            await Until(() => factory.Calls(Stage.Create) == 2);

            await Rounds.Together(lease.Dispose, () => factory.Open(Stage.Create));

            using (var served = await waiting.WaitAsync(Guard, Stop))
            {
                await Until(() => pool.Statistics.Idle == 1, "the other one is idle");
                Assert.Equal((2, 1), (pool.Statistics.Size, pool.Statistics.InUse));
            }

            await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
            await AssertAllDestroyedOnce(factory);
            Assert.Equal(2, factory.Created);
        }
    }

    [Fact]
    public async Task Create_FailsForATime_WhoIsParkedIsServedWhenItWorksAgain()
    {
        var failure = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var factory = new TestFactory
        {
            CreateNow = (number, _) => number == 1 ? failure.Task : Task.CompletedTask,
        };
        await using var pool = NewPool(options => options.MaxConcurrentCreates = 1, factory);
        var first = Ask(pool);
        await Until(() => factory.Calls(Stage.Create) == 1);
        var parked = Enumerable.Range(0, 6).Select(async _ => (await Ask(pool)).Dispose()).ToArray();
        Assert.Equal(7, pool.Statistics.Waiting);

        failure.SetException(new InvalidOperationException("down"));

        await Assert.ThrowsAsync<ResourceInitializationException>(() => first.WaitAsync(Guard, Stop));
        await Task.WhenAll(parked).WaitAsync(Guard, Stop);
        Assert.Equal(1, pool.Statistics.CreateFailures);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task WallClock_JumpsByAnHour_NeitherEvictsNorImmortalises(int hours)
    {
        await using var pool = NewPool(options =>
        {
            (options.IdleTimeout, options.MaxLifetime) = (TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30));
            (options.MaxSize, options.MinSize, options.LifetimeJitter) = (4, 1, 0);
        });
        foreach (var lease in await Lend(pool, 4))
        {
            lease.Dispose();
        }

        Time.SetUtcNow(Time.GetUtcNow().AddHours(hours));
        Time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal((4, 0), (pool.Statistics.Idle, pool.Statistics.Destroyed));

        Time.Advance(TimeSpan.FromMinutes(2));
        await Until(() => pool.Statistics.Destroyed == 3, "what is above the minimum was idle for too long");
        Time.Advance(TimeSpan.FromMinutes(20));
        await Until(() => pool.Statistics.Destroyed == 4, "the last one has reached its age");
    }

    [Fact]
    public async Task Gauges_AfterAStormOfEverything_AreZero()
    {
        var factory = new TestFactory
        {
            CreateNow = static (number, _) => number % 5 == 0 ? throw new InvalidOperationException("down") : Task.CompletedTask,
        };
        var pool = NewPool(options => options.MaxSize = 4, factory);
        using var listener = new MetricListener(Monitor, static name => name != "pepperpy_pool_use_time_seconds");

        await Task.WhenAll(Enumerable.Range(0, 16).Select(seed => Task.Run(() => StormAsync(pool, new Random(seed)), Stop)))
            .WaitAsync(Guard, Stop);

        await Until(() => pool.Statistics.Creating + pool.Statistics.Busy == 0, "what was begun has ended");
        var states = listener.Read("pepperpy_pool_resources");
        Assert.Equal(pool.Statistics.Idle, states.Values.Sum());
        foreach (var name in (string[])["pepperpy_resources_in_use", "pepperpy_pool_pending_requests",
            "pepperpy_pool_oldest_wait_seconds"])
        {
            Assert.Equal(0, Assert.Single(listener.Read(name)).Value);
        }

        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
        var end = pool.Statistics;
        Assert.Equal((0, 0, 0, 0, 0), (end.Size, end.Idle, end.InUse, end.Creating, end.Waiting));
        Assert.Equal(end.Created, end.Destroyed + end.Detached);
    }

    /// <summary>
    /// Each stage goes well, fails in either way, or is under way; the callers are cancelled a little sooner or later: 1,024
    /// combinations.
    /// </summary>
    [Fact]
    public async Task Cancel_InEveryCombinationOfStages_NeverExceedsTheMaximum()
    {
        Behaviour[] behaviours = [Behaviour.Ok, Behaviour.ThrowsSync, Behaviour.ThrowsAsync, Behaviour.Slow];
        int[] spins = [0, 100, 1_000, 10_000];
        List<string> outcomes = [];
        for (var combination = 0; combination < 1024; combination++)
        {
            var factory = new TestFactory { Hooks = FactoryHooks.All };
            var pool = NewPool(options => options.Validation = ValidationMode.OnBorrow | ValidationMode.OnReturn, factory);
            var first = await Lend(pool);
            first.Dispose();
            await Until(() => pool.Statistics.Idle == 1);
            foreach (var stage in Enum.GetValues<Stage>())
            {
                factory.Set(stage, behaviours[(combination >> (2 * (int)stage)) & 3]);
            }

            outcomes.AddRange(await CancelCallersAsync(pool, spins[combination >> 8]));

            Assert.InRange(pool.Statistics.Size, 0, 2);
            Assert.InRange(factory.MaxLive, 1, 2);
            Assert.Equal(0, pool.Statistics.Waiting);
            foreach (var stage in Enum.GetValues<Stage>())
            {
                factory.Open(stage);
            }

            await AssertNoPlaceLost(pool);
            await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
            await AssertAllDestroyedOnce(factory);
            Assert.InRange(factory.MaxLive, 1, 2);
        }

        Assert.Equal(["canceled", "failed", "lent"], outcomes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Join(", ", outcomes.CountBy(static outcome => outcome).Select(static one => $"{one.Value} {one.Key}")));
    }

    private static async Task<string[]> CancelCallersAsync(ResourcePool<TestResource> pool, int spins)
    {
        using var cancellation = new CancellationTokenSource();
        Task<string>[] callers = [];
        await Rounds.Together(
            () =>
            {
                Thread.SpinWait(spins);
                cancellation.Cancel();
            },
            () => callers = [.. Enumerable.Range(0, 4).Select(_ => TryUseAsync(pool, cancellation.Token))]);
        return await Task.WhenAll(callers).WaitAsync(Guard, Stop);
    }

    private static async Task<string> TryUseAsync(ResourcePool<TestResource> pool, CancellationToken cancellationToken)
    {
        try
        {
            (await pool.AcquireAsync(cancellationToken)).Dispose();
            return "lent";
        }
        catch (Exception failure) when (failure is OperationCanceledException or ResourceInitializationException)
        {
            return failure is OperationCanceledException ? "canceled" : "failed";
        }
    }

    private static async Task StormAsync(ResourcePool<TestResource> pool, Random random)
    {
        for (var round = 0; round < 300; round++)
        {
            using var cancellation = new CancellationTokenSource();
            var asked = pool.AcquireAsync(cancellation.Token).AsTask();
            var dice = random.Next(20);
            if (dice == 0)
            {
                await cancellation.CancelAsync();
            }

            try
            {
                var lease = await asked;
                if (dice == 1)
                {
                    lease.Detach();
                }
                else if (dice == 2)
                {
                    lease.Invalidate();
                }

                lease.Dispose();
            }
            catch (Exception failure) when (failure is OperationCanceledException or ResourceInitializationException)
            {
                // Part of the storm.
            }
        }
    }

    private sealed class Instance
    {
        private int _users;

        internal void Use()
        {
            Assert.Equal(1, Interlocked.Increment(ref _users));
            Thread.SpinWait(50);
            Interlocked.Decrement(ref _users);
        }
    }
}
