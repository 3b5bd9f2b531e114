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
}
