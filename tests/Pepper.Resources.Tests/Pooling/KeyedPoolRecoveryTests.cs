using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>How one key heals while the others have all the places.</summary>
public sealed class KeyedPoolRecoveryTests : KeyedPoolTestBase
{
    [Fact]
    public async Task Probe_OthersHaveAllPlacesIdle_OneMakesRoomAsCallersAskedForIt()
    {
        var broken = new TestFactory();
        await using var pools = NewKeyed(
            options =>
            {
                (options.MaxTotal, options.PerKey.IdleTimeout) = (2, null);
                (options.PerKey.Recovery!.Circuit.FailureThreshold, options.PerKey.Recovery.Circuit.ResetTimeoutJitter) = (1, 0);
            },
            key => key == "broken" ? broken : Factory);
        broken.Set(Stage.Create, Behaviour.ThrowsAsync);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pools, "broken"));
        var leases = new[] { await Lend(pools, "good"), await Lend(pools, "good") };
        foreach (var lease in leases)
        {
            await lease.DisposeAsync();
        }

        broken.Heal(Stage.Create);
        await Assert.ThrowsAsync<CircuitOpenException>(() => Lend(pools, "broken"));
        await PassTimeUntil(() => broken.Calls(Stage.Create) == 2);

        await Until(() => broken.Made.Count == 1);
        await (await Lend(pools, "broken")).DisposeAsync();
        Assert.Equal(1, Factory.Destroyed);
    }

    [Fact]
    public async Task Hedge_BudgetRefuses_EvictsNobody()
    {
        var slow = new TestFactory();
        var budget = NewBudget();
        Assert.True(budget.TryWithdraw());
        await using var pools = NewHedging(slow, budget);
        await MakeIdle(pools, "good");
        slow.Set(Stage.Create, Behaviour.Slow);
        var asked = Ask(pools, "slow");
        await Until(() => slow.Calls(Stage.Create) == 1);

        Time.Advance(TimeSpan.FromMilliseconds(100));
        await Until(() => budget.Refused > 0);

        Assert.Equal((1, 0), (pools.Statistics.Idle, pools.Statistics.StarvingKeys));
        slow.Open(Stage.Create);
        await (await asked.WaitAsync(Guard, Stop)).DisposeAsync();
        Assert.Equal((0, 1), (Factory.Destroyed, slow.Calls(Stage.Create)));
    }

    [Fact]
    public async Task Hedge_NoPlaceIsFree_PaysOnlyWhenItIsMade()
    {
        var slow = new TestFactory();
        var budget = NewBudget();
        await using var pools = NewHedging(slow, budget);
        var lease = await Lend(pools, "good");
        slow.Set(Stage.Create, Behaviour.Slow);
        var asked = Ask(pools, "slow");
        await Until(() => slow.Calls(Stage.Create) == 1);

        Time.Advance(TimeSpan.FromMilliseconds(100));
        await Until(() => pools.Statistics.StarvingKeys == 1);
        Assert.Equal((1, 0, 0), (budget.Available, budget.Granted, budget.Refused));

        // Its place is what the other key gives back.
        await lease.DisposeAsync();
        await Until(() => slow.Calls(Stage.Create) == 2);
        Assert.Equal((0, 1), (budget.Available, budget.Granted));
        slow.Open(Stage.Create);
        await (await asked.WaitAsync(Guard, Stop)).DisposeAsync();
    }

    private RetryBudget NewBudget() =>
        new(new RetryBudgetOptions { Capacity = 1, MinimumPerSecond = 0, Ratio = 0 }, Time, Monitor);

    /// <summary>Two places for all keys; creations that take 100 ms are joined by a second one.</summary>
    private KeyedResourcePool<string, TestResource> NewHedging(TestFactory slow, RetryBudget budget) => NewKeyed(
        options =>
        {
            (options.MaxTotal, options.PerKey.IdleTimeout) = (2, null);
            (options.PerKey.Recovery!.HedgeAfter, options.PerKey.Recovery.Budget) = (TimeSpan.FromMilliseconds(100), budget);
        },
        key => key == "slow" ? slow : Factory);
}
