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

    [Fact]
    public async Task Hedge_BudgetIsEmptyWhenItsPlaceIsThere_LeavesTheLine()
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

        // Others that talk to the same server have used it up.
        Assert.True(budget.TryWithdraw());
        await Task.Run(() => lease.DisposeAsync().AsTask(), Stop).WaitAsync(Guard, Stop);

        await Until(() => pools.Statistics.StarvingKeys == 0);
        await (await Lend(pools, "good")).DisposeAsync();
        slow.Open(Stage.Create);
        await (await asked.WaitAsync(Guard, Stop)).DisposeAsync();
        Assert.Equal(1, slow.Calls(Stage.Create));
    }

    [Fact]
    public async Task Trials_OthersKeepAllPlaces_AreEnoughAfterTheTimeOfOne()
    {
        var broken = new TestFactory();
        await using var pools = NewWithTrials(broken);
        broken.Set(Stage.Create, Behaviour.ThrowsAsync);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pools, "broken"));
        await using var other = await Lend(pools, "good");
        broken.Heal(Stage.Create);
        Time.Advance(TimeSpan.FromSeconds(1));
        await Until(() => broken.Made.Count == 1, "a trial is made");
        var lease = await Lend(pools, "broken");
        Assert.Equal(CircuitState.HalfOpen, StateOf(pools, "broken"));
        await Assert.ThrowsAsync<CircuitOpenException>(() => Lend(pools, "broken"));

        await PassTimeUntil(() => StateOf(pools, "broken") == CircuitState.Closed);

        // Callers wait for room now, as those of any key.
        var asked = await Starve(pools, "broken");
        await other.DisposeAsync();
        await (await asked.WaitAsync(Guard, Stop)).DisposeAsync();
        await lease.DisposeAsync();
        Assert.Equal(1, pools.GetStatistics("broken")!.Recoveries);
    }

    [Fact]
    public async Task Trials_NoneHasSucceededAndOthersKeepAllPlaces_RestUntilThereIsOne()
    {
        var broken = new TestFactory
        {
            CreateNow = static (number, _) => number > 2 ? Task.CompletedTask
                : Task.FromException(number == 1 ? new IOException("down") : new ArgumentException("says nothing")),
        };
        await using var pools = NewWithTrials(broken, trials: 1);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pools, "broken"));
        Time.Advance(TimeSpan.FromSeconds(1));
        await Until(() => pools.GetStatistics("broken") is { CreateFailures: 2, Creating: 0 }, "a trial came to nothing");
        var others = new[] { await Lend(pools, "good"), await Lend(pools, "good") };
        Assert.Equal(CircuitState.HalfOpen, StateOf(pools, "broken"));

        await PassTimeUntil(() => StateOf(pools, "broken") == CircuitState.Open);

        foreach (var other in others)
        {
            await other.DisposeAsync();
        }

        await Assert.ThrowsAsync<CircuitOpenException>(() => Lend(pools, "broken"));
        await PassTimeUntil(() => StateOf(pools, "broken") == CircuitState.Closed);
        Assert.Equal((1, 1), (broken.Made.Count, Factory.Destroyed));
    }

    [Fact]
    public async Task Trials_OthersHaveAllPlacesIdle_OneMakesRoomAsCallersAskedForIt()
    {
        var broken = new TestFactory();
        await using var pools = NewWithTrials(broken);
        broken.Set(Stage.Create, Behaviour.ThrowsAsync);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => Lend(pools, "broken"));
        await MakeIdle(pools, "good");
        broken.Heal(Stage.Create);
        Time.Advance(TimeSpan.FromSeconds(1));
        await Until(() => broken.Made.Count == 1, "a trial is made");
        await using var lease = await Lend(pools, "broken");

        await Assert.ThrowsAsync<CircuitOpenException>(() => Lend(pools, "broken"));

        await PassTimeUntil(() => broken.Made.Count == 2, TimeSpan.FromMilliseconds(100));
        await Until(() => StateOf(pools, "broken") == CircuitState.Closed);
        Assert.Equal(1, Factory.Destroyed);
    }

    private static CircuitState StateOf(KeyedResourcePool<string, TestResource> pools, string key) =>
        pools.GetStatistics(key)!.Circuit!.State;

    /// <summary>Two places for all keys; breaks of a second.</summary>
    private KeyedResourcePool<string, TestResource> NewWithTrials(TestFactory broken, int trials = 2) => NewKeyed(
        options =>
        {
            var circuit = options.PerKey.Recovery!.Circuit;
            (circuit.FailureThreshold, circuit.ResetTimeoutJitter, circuit.HalfOpenTrials) = (1, 0, trials);
            (options.MaxTotal, options.PerKey.IdleTimeout) = (2, null);
            options.PerKey.Recovery.WhileOpen = OutageBehavior.Reject;
            options.PerKey.Recovery.Classify = static failure =>
                failure.Exception is ArgumentException ? FailureKind.Request : FailureKind.Resource;
        },
        key => key == "broken" ? broken : Factory);

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
