using Pepper.Resources.Pooling;
using Pepper.Resources.Recovery;

namespace Pepper.Resources.Tests.Pooling;

/// <summary>What the tests of a pool's recovery share: no chance in the breaks, and outages by one call.</summary>
public abstract class PoolRecoveryTestBase : PoolTestBase
{
    internal static readonly TimeSpan Break = TimeSpan.FromSeconds(1);

    internal ResourcePool<TestResource> NewPool(
        Action<ResourcePoolOptions, FactoryRecoveryOptions> configure, TestFactory? factory = null) =>
        NewPool(
            options =>
            {
                options.Recovery!.Circuit.ResetTimeoutJitter = 0;
                configure(options, options.Recovery);
            },
            factory);

    internal ResourcePool<TestResource> NewPlain(int maxSize = 2, TestFactory? factory = null) =>
        NewPool((options, _) => options.MaxSize = maxSize, factory);

    internal static Task<Exception> Failure(ResourcePool<TestResource> pool) =>
        Assert.ThrowsAnyAsync<Exception>(() => Ask(pool).WaitAsync(Guard, Stop));

    /// <summary>Has creations fail until the circuit is open.</summary>
    internal async Task OpenCircuit(ResourcePool<TestResource> pool, TestFactory? factory = null)
    {
        (factory ?? Factory).Set(Stage.Create, Behaviour.ThrowsAsync);
        for (var failure = 0; failure < 5; failure++)
        {
            Assert.Equal(CircuitState.Closed, pool.Statistics.Circuit!.State);
            Assert.IsType<ResourceInitializationException>(await Failure(pool));
        }

        Assert.Equal(CircuitState.Open, pool.Statistics.Circuit!.State);
    }

    internal static CircuitState StateOf(ResourcePool<TestResource> pool) => pool.Statistics.Circuit!.State;
}
