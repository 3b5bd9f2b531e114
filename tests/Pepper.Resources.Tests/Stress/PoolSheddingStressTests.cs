using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>Rejections that race with returns, deadlines, cancellations and operators, on real threads, in real time.</summary>
public sealed class PoolSheddingStressTests
{
    private const int Callers = 32;
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Overload_WithEverythingAtOnce_EachCallerHasOneOutcomeAndNothingIsLost(bool isValidated)
    {
        var factory = new TestFactory
        {
            Hooks = isValidated ? FactoryHooks.Validate : FactoryHooks.None,
            YieldsInValidation = true,
        };
        var events = new EventRecorder();
        var counts = new int[4];
        var pool = new ResourcePool<TestResource>(factory, new ResourcePoolOptions
        {
            MinSize = 0,
            MaxSize = 2,
            MaxUses = 50,
            AcquireTimeout = TimeSpan.FromMilliseconds(200),
            Shedding = new SheddingOptions { Target = TimeSpan.FromMilliseconds(2), Interval = TimeSpan.FromMilliseconds(10) },
        });
        using var subscription = pool.Subscribe(events.Handle);
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var operating = Task.Run(() => OperateAsync(pool, end.Token), Stop);

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => CallAsync(pool, caller, counts, end.Token)))
            .WaitAsync(Guard, Stop);

        await operating.WaitAsync(Guard, Stop);
        var statistics = pool.Statistics;
        Assert.Equal(0, statistics.Waiting);
        Assert.Equal(counts[1], statistics.Shed);
        Assert.Equal(counts[2], statistics.Timeouts);
        Assert.Equal(counts[3], statistics.Cancellations);
        Assert.True(counts[0] > 0 && counts[1] > 0, $"Served {counts[0]}, shed {counts[1]}.");
        await PoolTestBase.AssertNoPlaceLost(pool).WaitAsync(Guard, Stop);
        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
        await PoolTestBase.AssertAllDestroyedOnce(factory);
        await events.UntilSeen(PoolEventKind.Disposed);
        Assert.Equal(events.Seen.Last().Sequence, events.Seen.Count + events.Seen.Sum(one => one.Missed));
        Assert.Equal(events.Seen.Select(one => one.Sequence).Order(), events.Seen.Select(one => one.Sequence));
    }

    private static async Task CallAsync(ResourcePool<TestResource> pool, int caller, int[] counts, CancellationToken end)
    {
        var random = new Random(caller);
        while (!end.IsCancellationRequested)
        {
            using var cancellation = new CancellationTokenSource();
            try
            {
                var asked = random.Next(4) == 0
                    ? pool.AcquireAsync(TimeSpan.FromMilliseconds(random.Next(1, 20)), cancellation.Token)
                    : pool.AcquireAsync(cancellation.Token);
                if (random.Next(10) == 0)
                {
                    await cancellation.CancelAsync();
                }

                var lease = await asked.AsTask().WaitAsync(Guard, Stop);
                lease.Resource.Enter();
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(3)), TimeProvider.System, Stop);
                lease.Resource.Leave();
                lease.Dispose();
                Interlocked.Increment(ref counts[0]);
            }
            catch (ResourceTimeoutException failure)
            {
                var isShed = failure is PoolExhaustedException { Reason: ExhaustionReason.Shed };
                Interlocked.Increment(ref counts[isShed ? 1 : 2]);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                Interlocked.Increment(ref counts[3]);
            }
        }
    }

    private static async Task OperateAsync(ResourcePool<TestResource> pool, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            pool.Pause();
            pool.Invalidate();
            pool.Resume();
            pool.Resize(0, 3);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Stop);
            pool.Resize(0, 2);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Stop);
        }
    }
}
