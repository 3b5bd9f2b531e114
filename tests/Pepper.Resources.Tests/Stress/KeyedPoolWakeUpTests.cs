using Pepper.Resources.Pooling;
using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>
/// Time stands still, so that no timer makes good for a wake-up that was lost: whoever is forgotten waits for ever, and the test
/// says so.
/// </summary>
[Trait("Category", "Long")]
public sealed class KeyedPoolWakeUpTests
{
    private const int Callers = 8;
    private static readonly int Rounds = Environment.GetEnvironmentVariable("PEPPER_LONG") == "1" ? 200_000 : 3_000;
    private static readonly TimeSpan Guard = TimeSpan.FromMinutes(Rounds > 10_000 ? 10 : 1);

    [Theory]
    [InlineData(1, 2, FactoryHooks.None, false)]
    [InlineData(2, 3, FactoryHooks.None, false)]
    [InlineData(2, 4, FactoryHooks.None, true)]
    [InlineData(3, 3, FactoryHooks.Validate, false)]
    [InlineData(2, 4, FactoryHooks.All, true)]
    public async Task Acquire_TimeStandsStill_NobodyIsForgotten(int maxTotal, int keys, FactoryHooks hooks, bool cancels)
    {
        var factory = new TestFactory
        {
            Hooks = hooks,
            CreateNow = static (_, _) => Task.CompletedTask,
            YieldsInValidation = true,
        };
        var options = new KeyedResourcePoolOptions<int>
        {
            MaxTotal = maxTotal,
            PerKey = { MinSize = 0, MaxSize = 2, AcquireTimeout = Timeout.InfiniteTimeSpan },
        };
        await using (var pools = new KeyedResourcePool<int, TestResource>(
            _ => factory, options, comparer: null, new ManualTimeProvider()))
        {
            var all = Task.WhenAll(Enumerable.Range(0, Callers)
                .Select(caller => Task.Run(() => CallAsync(pools, new Random(caller), keys, cancels), PoolTestBase.Stop)));
            await Task.WhenAny(all, Task.Delay(Guard, TimeProvider.System, PoolTestBase.Stop));
            Assert.True(all.IsCompleted, $"Callers are forgotten: {pools.Statistics}");
            await all;
            Assert.Equal((0, 0), (pools.Statistics.StarvingKeys, pools.Statistics.InUse));
        }

        Assert.InRange(factory.MaxLive, 1, maxTotal);
        await PoolTestBase.AssertAllDestroyedOnce(factory);
    }

    /// <summary>A return and an acquire of another key meet, and nothing comes after them.</summary>
    [Theory]
    [InlineData(FactoryHooks.None)]
    [InlineData(FactoryHooks.Reset)]
    public async Task Acquire_MeetsTheReturnOfAnotherKey_IsServed(FactoryHooks hooks)
    {
        var factory = new TestFactory { Hooks = hooks, CreateNow = static (_, _) => Task.CompletedTask };
        var options = new KeyedResourcePoolOptions<int> { MaxTotal = 1 };
        await using (var pools = new KeyedResourcePool<int, TestResource>(
            _ => factory, options, comparer: null, new ManualTimeProvider()))
        {
            var random = new Random(1);
            var lease = await pools.AcquireAsync(0);
            foreach (var round in Stress.Rounds.UpTo(Rounds * 4))
            {
                var held = lease;
                Task<Lease<TestResource>>? asked = null;
                var (first, second) = (random.Next(300), random.Next(60));
                await Stress.Rounds.Together(
                    () =>
                    {
                        Thread.SpinWait(first);
                        held.Dispose();
                    },
                    () =>
                    {
                        Thread.SpinWait(second);
                        asked = pools.AcquireAsync(round & 1).AsTask();
                    });
                lease = await asked!.WaitAsync(PoolTestBase.Guard, PoolTestBase.Stop);
            }

            lease.Dispose();
        }

        Assert.Equal(1, factory.MaxLive);
        await PoolTestBase.AssertAllDestroyedOnce(factory);
    }

    private static async Task CallAsync(
        KeyedResourcePool<int, TestResource> pools, Random random, int keys, bool cancels)
    {
        foreach (var round in Stress.Rounds.UpTo(Rounds))
        {
            using var cancellation = cancels && random.Next(4) == 0 ? new CancellationTokenSource() : null;
            var asked = pools.AcquireAsync(random.Next(keys), cancellation?.Token ?? default);
            if (random.Next(8) == 0)
            {
                await Task.Yield();
            }

            cancellation?.Cancel();
            try
            {
                var lease = await asked;
                lease.Resource.Enter();
                if (random.Next(4) == 0)
                {
                    await Task.Yield();
                }

                lease.Resource.Leave();
                lease.Dispose();
            }
            catch (OperationCanceledException) when (cancellation is not null)
            {
                // As it was asked to be.
            }
        }
    }
}
