using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Stress;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>How keys go: unused, to make room for another, or on demand.</summary>
public sealed class KeyedPoolRetireTests : KeyedPoolTestBase
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Retire_UnusedForTheTimeout_DestroysWhatIsIdle()
    {
        await using var pools = NewKeyed(options => options.KeyIdleTimeout = Timeout);
        await MakeIdle(pools, "a", count: 2);

        Pass(TimeSpan.FromSeconds(59));
        Assert.Equal(["a"], pools.Keys);
        Pass(TimeSpan.FromSeconds(3));

        Assert.Empty(pools.Keys);
        Assert.Null(pools.GetStatistics("a"));
        await Until(() => Factory.Live == 0);
        Assert.Equal((0, 1L), (pools.Statistics.Keys, pools.Statistics.RetiredKeys));
        Assert.All(Factory.Made, static one => Assert.Equal(DestroyReason.PoolClosed, one.Reason));
        Assert.True(KeyedLog.Has(1301, "hosts[a] retired, unused for KeyIdleTimeout (00:01:00)"));
    }

    [Fact]
    public async Task Retire_UsedBetweenTheLooks_CountsFromTheLastUse()
    {
        await using var pools = NewKeyed(options => options.KeyIdleTimeout = Timeout);
        await MakeIdle(pools, "a");
        for (var round = 0; round < 4; round++)
        {
            Pass(TimeSpan.FromSeconds(40));
            await MakeIdle(pools, "a");
        }

        Assert.Equal(1, Factory.Created);
        Pass(TimeSpan.FromSeconds(62));
        Assert.Empty(pools.Keys);
    }

    [Fact]
    public async Task Retire_HeldOrAwaited_DoesNotHappen()
    {
        await using var pools = NewKeyed(options =>
        {
            options.KeyIdleTimeout = Timeout;
            options.PerKey.MaxSize = 1;
            options.PerKey.AcquireTimeout = System.Threading.Timeout.InfiniteTimeSpan;
            options.MaxTotal = 1;
        });
        var lease = await Lend(pools, "held");
        var starved = await Starve(pools, "awaited");

        Pass(TimeSpan.FromMinutes(10));

        Assert.Equal(["awaited", "held"], pools.Keys.Order(StringComparer.Ordinal));
        lease.Dispose();
        (await starved.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Retire_NoTimeout_DoesNotHappen()
    {
        await using var pools = NewKeyed(options => options.KeyIdleTimeout = null);
        await MakeIdle(pools, "a");

        Pass(TimeSpan.FromHours(1));

        Assert.Equal(["a"], pools.Keys);
    }

    [Fact]
    public async Task Acquire_AfterItsKeyWasRetired_MakesAnotherPool()
    {
        var calls = 0;
        await using var pools = NewKeyed(factory: _ =>
        {
            calls++;
            return Factory;
        });
        await MakeIdle(pools, "a");

        Assert.True(await pools.RetireAsync("a").AsTask().WaitAsync(Guard, Stop));
        Assert.False(await pools.RetireAsync("a"));
        Assert.False(pools.TryAcquire("a", out _));
        (await Lend(pools, "a")).Dispose();

        Assert.Equal((2, 2, 1), (calls, Factory.Created, Factory.Destroyed));
    }

    [Fact]
    public async Task Retire_LeaseIsOut_LeavesItToItsHolderAndCountsItStill()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 1);
        var lease = await Lend(pools, "a");

        await pools.RetireAsync("a").AsTask().WaitAsync(Guard, Stop);
        Assert.Equal(0, lease.Resource.Destroyed);
        Assert.Equal((1, 1, 0), (pools.Statistics.Size, pools.Statistics.InUse, pools.Statistics.Keys));
        Assert.Single(pools.GetLeases());

        // Its place is taken until it has come back.
        var next = await Starve(pools, "a");
        lease.Dispose();
        using var served = await next.WaitAsync(Guard, Stop);
        Assert.Equal((1, 2), (Factory.MaxLive, Factory.Created));
    }

    [Fact]
    public async Task Retire_CallersWait_ServesThemByAnotherPoolWithinTheirTime()
    {
        await using var pools = NewKeyed(options => options.PerKey.MaxSize = 1);
        var lease = await Lend(pools, "a");
        var served = Ask(pools, "a");
        var late = Ask(pools, "a", TimeSpan.FromSeconds(10));
        Time.Advance(TimeSpan.FromSeconds(6));

        await pools.RetireAsync("a").AsTask().WaitAsync(Guard, Stop);

        var first = await Task.WhenAny(served, late).WaitAsync(Guard, Stop);
        using var fresh = await first;
        Assert.NotSame(lease.Resource, fresh.Resource);
        await Until(() => pools.Statistics.Waiting == 1);
        if (first == served)
        {
            // It had waited for six of its ten seconds already.
            Time.Advance(TimeSpan.FromSeconds(5));
            await Assert.ThrowsAsync<PoolExhaustedException>(() => late.WaitAsync(Guard, Stop));
        }
        else
        {
            fresh.Dispose();
            (await served.WaitAsync(Guard, Stop)).Dispose();
        }

        lease.Dispose();
    }

    [Fact]
    public async Task Acquire_AllKeysThereMayBe_RetiresTheLongestUnused()
    {
        await using var pools = NewKeyed(options => options.MaxKeys = 2);
        await MakeIdle(pools, "a");
        Pass(TimeSpan.FromSeconds(5));
        await MakeIdle(pools, "b");
        Pass(TimeSpan.FromSeconds(5));
        await MakeIdle(pools, "a");
        Pass(TimeSpan.FromSeconds(5));

        await MakeIdle(pools, "c");

        Assert.Equal(["a", "c"], pools.Keys.Order(StringComparer.Ordinal));
        Assert.True(KeyedLog.Has(1301, "hosts[b] retired, to make room for another key"));
    }

    [Fact]
    public async Task Acquire_AllKeysThereMayBeWithinOneTick_RetiresTheOldest()
    {
        await using var pools = NewKeyed(options => options.MaxKeys = 3);
        foreach (var key in new[] { "a", "b", "c", "d", "e" })
        {
            await MakeIdle(pools, key);
            Time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(["c", "d", "e"], pools.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Acquire_AllKeysThereMayBeAreInUse_RefusesAndNamesTheKnob()
    {
        await using var pools = NewKeyed(options => options.MaxKeys = 2);
        using var a = await Lend(pools, "a");
        var b = await Lend(pools, "b");

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => Lend(pools, "c"));

        Assert.Equal(ExhaustionReason.KeysInUse, thrown.Reason);
        Assert.Equal((2, "hosts"), (thrown.Statistics.InUse, thrown.Statistics.Name));
        Assert.Contains("all of MaxKeys (2) keys are in use", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("raise MaxKeys", thrown.Message, StringComparison.Ordinal);
        Assert.True(KeyedLog.Has(1303, "MaxKeys (2)"));

        (await Lend(pools, "a")).Dispose();
        b.Dispose();
        (await Lend(pools, "c")).Dispose();
    }

    [Fact]
    public async Task Acquire_OfANewKeyTwiceAtOnce_TakesOneOfTheKeysThereMayBe()
    {
        await using var pools = NewKeyed(options =>
        {
            options.MaxKeys = 1;
            options.PerKey.MaxSize = 2;
        });
        for (var round = 0; round < 300; round++)
        {
            Task<Lease<TestResource>>? first = null;
            Task<Lease<TestResource>>? second = null;
            await Rounds.Together(() => first = Ask(pools, "k" + round), () => second = Ask(pools, "k" + round));
            (await first!.WaitAsync(Guard, Stop)).Dispose();
            (await second!.WaitAsync(Guard, Stop)).Dispose();
        }

        Assert.Equal((1, 299L), (pools.Statistics.Keys, pools.Statistics.RetiredKeys));
    }

    [Fact]
    public async Task Retire_RacesWithAcquire_FailsNobodyAndLosesNothing()
    {
        await using (var pools = NewKeyed(options =>
        {
            options.MaxTotal = 2;
            options.PerKey.MaxSize = 1;
        }))
        {
            for (var round = 0; round < 500; round++)
            {
                Task<Lease<TestResource>>? asked = null;
                Task? retired = null;
                await MakeIdle(pools, "a");
                await Rounds.Together(() => asked = Ask(pools, "a"), () => retired = pools.RetireAsync("a").AsTask());
                (await asked!.WaitAsync(Guard, Stop)).Dispose();
                await retired!.WaitAsync(Guard, Stop);
            }

            Assert.InRange(Factory.MaxLive, 1, 2);
        }

        await AssertAllDestroyedOnce(Factory);
    }

    [Fact]
    public async Task Retire_MaxKeysRacesWithAcquire_FailsNobodyWhileOneIsUnused()
    {
        await using (var pools = NewKeyed(options => options.MaxKeys = 2))
        {
            for (var round = 0; round < 500; round++)
            {
                Task<Lease<TestResource>>? first = null;
                Task<Lease<TestResource>>? second = null;
                await MakeIdle(pools, "a");
                await Rounds.Together(() => first = Ask(pools, "a"), () => second = Ask(pools, "b" + round));
                (await first!.WaitAsync(Guard, Stop)).Dispose();
                (await second!.WaitAsync(Guard, Stop)).Dispose();
                Assert.InRange(pools.Statistics.Keys, 1, 2);
            }
        }

        await AssertAllDestroyedOnce(Factory);
    }

    /// <summary>Seconds one by one: what happens at one tick is seen at the next.</summary>
    private void Pass(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromSeconds(1))
        {
            Time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
