using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>
/// Flows that hold one lease while they ask for another, without any deadline: a deadlock that nobody sees would hang the test.
/// </summary>
public sealed class PoolDeadlockStressTests
{
    private const int Rounds = 300;
    private static readonly TimeSpan Guard = TimeSpan.FromMinutes(1);
    private readonly int _seed = Environment.TickCount;
    private int _begun;
    private int _served;
    private int _refused;
    private int _failed;

    [Theory]
    [InlineData(FactoryHooks.None, 0)]
    [InlineData(FactoryHooks.None, 10)]
    [InlineData(FactoryHooks.All, 10)]
    public async Task Acquire_NestedInManyFlowsAtOnce_EveryDeadlockIsSeen(FactoryHooks hooks, int percentBroken)
    {
        const int flows = 12;
        var factory = new TestFactory
        {
            Hooks = hooks,
            YieldsInValidation = true,
            CreateNow = (number, _) => number % 7 == 0 && percentBroken > 0
                ? throw new InvalidOperationException("The server is away.")
                : Task.CompletedTask,
        };
        var options = new ResourcePoolOptions
        {
            MinSize = 0,
            MaxSize = 3,
            AcquireTimeout = Timeout.InfiniteTimeSpan,
            CreateTimeout = Guard,
            FailOnDeadlock = true,
        };
        await using var pool = new ResourcePool<TestResource>(factory, options, monitor: new ResourceMonitor());

        await Task.WhenAll(Enumerable.Range(0, flows).Select(flow => Task.Run(
            () => WorkAsync(pool, new Random(_seed + flow), percentBroken), TestContext.Current.CancellationToken)))
            .WaitAsync(Guard, TestContext.Current.CancellationToken);

        Assert.Equal(_begun, _served + _refused + _failed);
        Assert.True(_served > 0 && _refused > 0, $"Served {_served}, refused {_refused}, seed {_seed}.");
        Assert.Equal((_refused, 0, 0), (pool.Statistics.Rejections, pool.Statistics.Waiting, pool.Statistics.InUse));
    }

    private async Task WorkAsync(ResourcePool<TestResource> pool, Random random, int percentBroken)
    {
        // Until there was a deadlock: on a busy machine that may take more rounds. The guard is around all of it.
        for (var round = 0; round < Rounds || Volatile.Read(ref _refused) == 0; round++)
        {
            Interlocked.Increment(ref _begun);
            using var flow = LeaseFlow.Begin();
            try
            {
                await using var outer = await pool.AcquireAsync(CancellationToken.None);
                outer.Resource.Enter();
                await PauseAsync(random);
                outer.Resource.Leave();
                await using var inner = await pool.AcquireAsync(CancellationToken.None);
                await PauseAsync(random);
                if (random.Next(100) < percentBroken)
                {
                    inner.Invalidate();
                }

                Interlocked.Increment(ref _served);
            }
            catch (PoolExhaustedException exhausted) when (exhausted.Reason == ExhaustionReason.Deadlock)
            {
                // Only one who holds something can close a circle here.
                Assert.Equal(1, exhausted.HeldByOwnFlow);
                Interlocked.Increment(ref _refused);
            }
            catch (ResourceInitializationException)
            {
                Interlocked.Increment(ref _failed);
            }
        }
    }

    private static async Task PauseAsync(Random random)
    {
        for (var yields = random.Next(4); yields > 0; yields--)
        {
            await Task.Yield();
        }
    }
}
