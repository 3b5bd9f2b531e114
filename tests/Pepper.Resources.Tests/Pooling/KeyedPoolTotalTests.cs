using Pepper.Resources.Pooling;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>The bound over all keys.</summary>
public sealed class KeyedPoolTotalTests : KeyedPoolTestBase
{
    [Fact]
    public async Task Acquire_OtherKeysHaveIdleResources_EvictsOneAndNeverExceedsTheTotal()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 2);
        await MakeIdle(pools, "a", count: 2);

        using var lease = await Lend(pools, "b");

        Assert.Equal(2, Factory.MaxLive);
        Assert.Equal(DestroyReason.Evicted, Assert.Single(Factory.Made, one => one.Destroyed > 0).Reason);
        Assert.Equal((1, 1L), (pools.GetStatistics("a")!.Idle, pools.Statistics.Evicted));
    }

    [Fact]
    public async Task Acquire_SeveralKeysHaveIdleResources_EvictsTheLongestIdle()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 3);
        foreach (var key in new[] { "a", "b", "c" })
        {
            await MakeIdle(pools, key);
            Time.Advance(TimeSpan.FromSeconds(5));
        }

        (await Lend(pools, "a")).Dispose();
        Time.Advance(TimeSpan.FromSeconds(5));
        using var lease = await Lend(pools, "d");

        Assert.Equal((1, 0, 1), (Size(pools, "a"), Size(pools, "b"), Size(pools, "c")));
    }

    [Fact]
    public async Task Acquire_TheLongestIdleIsOfAMinimum_EvictsWhatIsBeyondOneFirst()
    {
        await using var pools = NewKeyed(options =>
        {
            options.MaxTotal = 3;
            options.Configure = static (key, own) => own.MinSize = key == "kept" ? 1 : 0;
        });
        await MakeIdle(pools, "kept");
        Time.Advance(TimeSpan.FromSeconds(5));
        await MakeIdle(pools, "spare", count: 2);
        Time.Advance(TimeSpan.FromSeconds(5));

        using var first = await Lend(pools, "new");
        Assert.Equal((1, 1), (Size(pools, "kept"), Size(pools, "spare")));
        using var second = await Lend(pools, "new");
        Assert.Equal((1, 0), (Size(pools, "kept"), Size(pools, "spare")));
        using var third = await Lend(pools, "newer");
        Assert.Equal(0, Size(pools, "kept"));
    }

    [Fact]
    public async Task Acquire_DestructionIsSlow_WaitsUntilThePlaceIsFree()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 1);
        await MakeIdle(pools, "a");
        Factory.Set(Stage.Destroy, Behaviour.Slow);

        var asked = Ask(pools, "b");
        await Until(() => Factory.Calls(Stage.Destroy) == 1);
        Assert.Equal((1, 1, 1), (pools.Statistics.Size, pools.Statistics.StarvingKeys, Factory.Calls(Stage.Create)));

        Factory.Open(Stage.Destroy);
        (await asked.WaitAsync(Guard, Stop)).Dispose();
        Assert.Equal(1, Factory.MaxLive);
    }

    [Fact]
    public async Task Acquire_DestructionNeverEnds_GetsThePlaceWhenItIsAbandoned()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 1);
        await MakeIdle(pools, "a");
        Factory.Set(Stage.Destroy, Behaviour.IgnoresCancellation);

        var asked = Ask(pools, "b");
        await Until(() => Factory.Calls(Stage.Destroy) == 1);
        await PassTimeUntil(() => asked.IsCompleted);

        (await asked).Dispose();
        Factory.Open(Stage.Destroy);
    }

    [Fact]
    public async Task Return_AnotherKeyStarves_GivesThePlaceToTheOneThatStarvedLongest()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 2);
        var first = await Lend(pools, "a");
        var second = await Lend(pools, "a");
        var b = await Starve(pools, "b");
        var c = await Starve(pools, "c");

        first.Dispose();
        using var served = await b.WaitAsync(Guard, Stop);
        Assert.False(c.IsCompleted);

        second.Dispose();
        (await c.WaitAsync(Guard, Stop)).Dispose();
        Assert.Equal(2, Factory.MaxLive);
    }

    [Theory]
    [InlineData(FactoryHooks.None)]
    [InlineData(FactoryHooks.All)]
    public async Task Return_OwnCallersNeverCease_ServesTheKeyThatHasNothing(FactoryHooks hooks)
    {
        var factory = new TestFactory { Hooks = hooks };
        await using var pools = NewKeyed(options => options.MaxTotal = 1, _ => factory);
        var lease = await Lend(pools, "busy");
        var starved = await Starve(pools, "starved");

        // There is always a caller of the busy key who waits when a resource comes back.
        for (var round = 0; !starved.IsCompleted; round++)
        {
            Assert.True(round < 3, "The busy key keeps its only resource for ever.");
            var next = Ask(pools, "busy", Timeout.InfiniteTimeSpan);
            Time.Advance(TimeSpan.FromSeconds(1));
            await lease.DisposeAsync();
            var ended = await Task.WhenAny(next, starved).WaitAsync(Guard, Stop);
            lease = await ended;
            if (ended == starved)
            {
                // And now it is the other way round.
                await lease.DisposeAsync();
                (await next.WaitAsync(Guard, Stop)).Dispose();
                return;
            }
        }
    }

    [Fact]
    public async Task Return_OwnCallersWaitForLonger_ServesThemFirst()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 1);
        var lease = await Lend(pools, "a");
        var earlier = Ask(pools, "a");
        Time.Advance(TimeSpan.FromSeconds(2));
        var other = await Starve(pools, "b");
        Time.Advance(TimeSpan.FromSeconds(1));

        lease.Dispose();
        lease = await earlier.WaitAsync(Guard, Stop);
        Assert.False(other.IsCompleted);

        lease.Dispose();
        (await other.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Reset_EndsAfterAnotherKeyHasStarved_MakesRoomForIt()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Reset };
        factory.Set(Stage.Reset, Behaviour.Slow);
        await using var pools = NewKeyed(options => options.MaxTotal = 1, _ => factory);
        var returned = (await Lend(pools, "a")).DisposeAsync();
        await Until(() => factory.Calls(Stage.Reset) == 1);
        var starved = await Starve(pools, "b");

        factory.Open(Stage.Reset);

        (await starved.WaitAsync(Guard, Stop)).Dispose();
        await returned.AsTask().WaitAsync(Guard, Stop);
        Assert.Equal(1L, pools.Statistics.Evicted);
    }

    [Fact]
    public async Task Create_EndsWhenNobodyWaitsForItAndAnotherKeyStarves_MakesRoomForIt()
    {
        var slow = new TestFactory();
        slow.Set(Stage.Create, Behaviour.Slow);
        await using var pools = NewKeyed(options => options.MaxTotal = 1, key => key == "a" ? slow : Factory);
        using var cancellation = new CancellationTokenSource();
        var canceled = Ask(pools, "a", cancellationToken: cancellation.Token);
        await Until(() => slow.Calls(Stage.Create) == 1);
        var starved = await Starve(pools, "b");
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled.WaitAsync(Guard, Stop));

        slow.Open(Stage.Create);

        (await starved.WaitAsync(Guard, Stop)).Dispose();
        Assert.Equal((1, 1), (slow.Created, slow.Destroyed));
    }

    [Fact]
    public async Task Detach_AnotherKeyStarves_FreesThePlace()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 1);
        var lease = await Lend(pools, "a");
        var starved = await Starve(pools, "b");

        lease.Detach();

        (await starved.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Reclaim_LeakedWhileAnotherKeyStarves_FreesThePlace()
    {
        await using var pools = NewKeyed(options =>
        {
            options.MaxTotal = 1;
            options.PerKey.LeakThreshold = TimeSpan.FromSeconds(10);
            options.PerKey.ReclaimLeaked = true;
        });
        var leaked = await Lend(pools, "a");
        var starved = await Starve(pools, "b");

        await PassTimeUntil(() => starved.IsCompleted);

        (await starved).Dispose();
        leaked.Dispose();
        Assert.Equal((1, 1L), (Factory.MaxLive, pools.GetStatistics("a")!.Leaks));
    }

    [Fact]
    public async Task Acquire_CanceledWhileStarved_LeavesThePlaceToTheNextKey()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 1);
        var lease = await Lend(pools, "a");
        using var cancellation = new CancellationTokenSource();
        var canceled = await Starve(pools, "b", cancellation.Token);
        var patient = await Starve(pools, "c");

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled.WaitAsync(Guard, Stop));
        lease.Dispose();

        (await patient.WaitAsync(Guard, Stop)).Dispose();
        Assert.Equal(0, pools.GetStatistics("b")!.Created);
        Assert.Equal(0, pools.Statistics.StarvingKeys);
    }

    [Fact]
    public async Task Acquire_DeadlinePassesWhileStarved_SaysThatTheTotalIsReachedAndWhoHoldsIt()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 1);
        using var lease = await Lend(pools, "a");
        var late = await Starve(pools, "b");

        Time.Advance(TimeSpan.FromSeconds(31));

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => late.WaitAsync(Guard, Stop));
        Assert.Equal(ExhaustionReason.TotalReached, thrown.Reason);
        Assert.Equal("hosts[a]", Assert.Single(thrown.Holders).Source);
        foreach (var part in new[] { "Pool 'hosts[b]'", "AcquireTimeout (00:00:30)", "MaxTotal (1)", "raise MaxTotal" })
        {
            Assert.Contains(part, thrown.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, pools.Statistics.StarvingKeys);
    }

    [Fact]
    public async Task Acquire_NoTimeToWait_IsToldAtOnceAndKeepsNobodyFromThePlace()
    {
        await using var pools = NewKeyed(options => options.MaxTotal = 1);
        var lease = await Lend(pools, "a");

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => Ask(pools, "b", TimeSpan.Zero));
        Assert.Equal(ExhaustionReason.TotalReached, thrown.Reason);
        lease.Dispose();

        (await Lend(pools, "c")).Dispose();
    }

    [Fact]
    public async Task Create_FailsWhileOthersStarve_PassesThePlaceOn()
    {
        var broken = new TestFactory();
        broken.Set(Stage.Create, Behaviour.ThrowsAsync);
        await using var pools = NewKeyed(options => options.MaxTotal = 1, key => key == "broken" ? broken : Factory);
        var lease = await Lend(pools, "a");
        var failing = await Starve(pools, "broken");
        var fine = await Starve(pools, "b");

        lease.Dispose();

        await Assert.ThrowsAsync<ResourceInitializationException>(() => failing.WaitAsync(Guard, Stop));
        (await fine.WaitAsync(Guard, Stop)).Dispose();
    }

    [Fact]
    public async Task Create_OfAMinimum_EvictsNothing()
    {
        await using var pools = NewKeyed(options =>
        {
            options.MaxTotal = 2;
            options.Configure = static (key, own) => own.MinSize = key == "kept" ? 2 : 0;
        });
        await MakeIdle(pools, "a");
        (await Lend(pools, "kept")).Dispose();

        for (var tick = 0; tick < 5; tick++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((1, 1), (Size(pools, "a"), Size(pools, "kept")));

        // Once there is room for it, it is made.
        await pools.RetireAsync("a").AsTask().WaitAsync(Guard, Stop);
        await PassTimeUntil(() => pools.GetStatistics("kept")!.Idle == 2);
    }

    [Fact]
    public async Task Acquire_SeveralCallersOfOneKeyStarve_ServesAllAsPlacesBecomeFree()
    {
        await using var pools = NewKeyed(options =>
        {
            options.MaxTotal = 3;
            options.PerKey.MaxSize = 3;
        });
        var held = new[] { await Lend(pools, "a"), await Lend(pools, "a"), await Lend(pools, "a") };
        var asked = Enumerable.Range(0, 3).Select(_ => Ask(pools, "b")).ToArray();

        Array.ForEach(held, static lease => lease.Dispose());

        var leases = await Task.WhenAll(asked).WaitAsync(Guard, Stop);
        Assert.Equal((0, 3), (Size(pools, "a"), Size(pools, "b")));
        Assert.Equal(3, Factory.MaxLive);
        Array.ForEach(leases, static lease => lease.Dispose());
    }

    [Fact]
    public async Task Acquire_ValidationOnBorrowLeavesASecondIdle_EvictsItForTheStarved()
    {
        var factory = new TestFactory { Hooks = FactoryHooks.Validate };
        await using var pools = NewKeyed(options => options.MaxTotal = 2, _ => factory);
        await MakeIdle(pools, "a", count: 2);
        factory.Set(Stage.Validate, Behaviour.Slow);
        var slow = Ask(pools, "a");
        await Until(() => factory.Calls(Stage.Validate) > 0 && pools.Statistics.Waiting == 1);

        (await Lend(pools, "b")).Dispose();

        factory.Open(Stage.Validate);
        (await slow.WaitAsync(Guard, Stop)).Dispose();
        Assert.Equal(2, factory.MaxLive);
    }

    [Fact]
    public async Task Acquire_MaxWaitersWhileOthersStarve_RefusesAtOnce()
    {
        await using var pools = NewKeyed(options =>
        {
            options.MaxTotal = 1;
            options.PerKey.MaxWaiters = 0;
        });
        using var lease = await Lend(pools, "a");
        var first = await Starve(pools, "b");

        var thrown = await Assert.ThrowsAsync<PoolExhaustedException>(() => Ask(pools, "c").WaitAsync(Guard, Stop));

        Assert.Equal(ExhaustionReason.QueueFull, thrown.Reason);
        Assert.False(first.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(31));
        await Assert.ThrowsAsync<PoolExhaustedException>(() => first.WaitAsync(Guard, Stop));
    }

    private static int Size(KeyedResourcePool<string, TestResource> pools, string key) => pools.GetStatistics(key)?.Size ?? 0;
}
