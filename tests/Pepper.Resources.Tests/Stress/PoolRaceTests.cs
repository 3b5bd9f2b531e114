using System.Runtime.CompilerServices;
using Pepper.Resources.Pooling;
using Pepper.Resources.Testing;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>
/// Short rounds on real threads, each of which aims at one race. A wake-up that is lost fails a guard instead of hanging.
/// </summary>
public sealed class PoolRaceTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private readonly TestFactory _factory = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Release_RacesWithDispose_EverythingIsDestroyedOnce(bool isSomebodyWaiting)
    {
        foreach (var round in Rounds.UpTo(5_000))
        {
            var pool = NewPool(2);
            var lease = await pool.AcquireAsync(Stop);
            var other = await pool.AcquireAsync(Stop);
            other.Dispose();
            var waiters = isSomebodyWaiting ? new[] { UseAsync(pool), UseAsync(pool) } : [];

            await Rounds.Together(() => lease.Dispose(), () => _ = pool.DisposeAsync().AsTask());

            await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
            await Task.WhenAll(waiters).WaitAsync(Guard, Stop);
        }

        await PoolTestBase.AssertAllDestroyedOnce(_factory);

        static async Task UseAsync(ResourcePool<TestResource> pool)
        {
            try
            {
                (await pool.AcquireAsync(CancellationToken.None)).Dispose();
            }
            catch (ObjectDisposedException)
            {
                // Told that the pool is disposed.
            }
        }
    }

    [Fact]
    public async Task Acquire_RacesWithDispose_EverythingIsDestroyedOnce()
    {
        foreach (var round in Rounds.UpTo(3_000))
        {
            var pool = NewPool(1, options => options.LeakThreshold = (round & 1) == 0 ? null : TimeSpan.FromHours(1));
            (await pool.AcquireAsync(Stop)).Dispose();

            await Rounds.Together(
                () =>
                {
                    if (pool.TryAcquire(out var lease))
                    {
                        lease.Resource.Enter();
                        lease.Resource.Leave();
                        lease.Dispose();
                    }
                },
                () => _ = pool.DisposeAsync().AsTask());

            await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
        }

        await PoolTestBase.AssertAllDestroyedOnce(_factory);
    }

    [Fact]
    public async Task Cancel_RacesWithHandOver_NothingIsLost()
    {
        await using var pool = NewPool(1);
        var lent = 0;
        foreach (var round in Rounds.UpTo(10_000))
        {
            var lease = await pool.AcquireAsync(Stop);
            lent++;
            using var cancellation = new CancellationTokenSource();
            var waiting = pool.AcquireAsync(cancellation.Token).AsTask();

            await Rounds.Together(lease.Dispose, cancellation.Cancel);

            try
            {
                (await waiting.WaitAsync(Guard, Stop)).Dispose();
                lent++;
            }
            catch (OperationCanceledException)
            {
                // The other one won.
            }

            Assert.Equal((1, 0), (pool.Statistics.Idle, pool.Statistics.Waiting));
        }

        Assert.Equal(lent, pool.Statistics.Acquired);
        Assert.Equal(1, _factory.Created);
    }

    [Fact]
    public async Task Deadline_RacesWithHandOver_NothingIsLost()
    {
        var time = new ManualTimeProvider();
        await using var pool = NewPool(1, null, time);
        foreach (var round in Rounds.UpTo(5_000))
        {
            var lease = await pool.AcquireAsync(Stop);
            var waiting = pool.AcquireAsync(TimeSpan.FromMilliseconds(5), Stop).AsTask();

            await Rounds.Together(lease.Dispose, () => time.Advance(TimeSpan.FromMilliseconds(6)));

            try
            {
                (await waiting.WaitAsync(Guard, Stop)).Dispose();
            }
            catch (PoolExhaustedException)
            {
                // The other one won.
            }

            Assert.Equal((1, 0), (pool.Statistics.Idle, pool.Statistics.Waiting));
        }
    }

    [Fact]
    public async Task Copies_DisposedByTwoThreadsWhileAThirdAcquires_NeverFreeTheNextLoan()
    {
        await using var pool = NewPool(2);
        (await pool.AcquireAsync(Stop)).Dispose();
        var box = new StrongBox<Lease<TestResource>>();
        var isOver = false;
        var faults = 0;
        var rounds = 0L;
        var end = TimeProvider.System.GetTimestamp();
        var disposers = Enumerable.Range(0, 2).Select(_ => Rounds.OnThread(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                var copy = Volatile.Read(ref box);
                copy.Value.Dispose();
            }
        })).ToArray();
        var acquirer = Rounds.OnThread(() =>
        {
            while (TimeProvider.System.GetElapsedTime(end) < TimeSpan.FromSeconds(1))
            {
                if (!pool.TryAcquire(out var lease))
                {
                    continue;
                }

                // Nobody else has this loan: until it is shown to the others below, it must not end.
                var resource = lease.Resource;
                resource.Enter();
                Thread.SpinWait(20);
                faults += lease.IsStale ? 1 : 0;
                resource.Leave();
                Volatile.Write(ref box, new StrongBox<Lease<TestResource>>(lease));
                lease.Dispose();
                rounds++;
            }

            Volatile.Write(ref isOver, true);
        });

        await Task.WhenAll([.. disposers, acquirer]).WaitAsync(Guard, Stop);

        Assert.Equal(0, faults);
        Assert.True(rounds > 1000, $"{rounds} rounds");
        Assert.Equal(0, pool.Statistics.InUse);
    }

    [Fact]
    public async Task Eviction_RacesWithAcquire_NeverLendsWhatIsDestroyed()
    {
        var time = new ManualTimeProvider();
        var pool = NewPool(
            4, options => options.IdleTimeout = options.MaxLifetime = TimeSpan.FromMilliseconds(40), time);
        var isOver = false;
        var sweeper = Task.Run(
            () =>
            {
                while (!Volatile.Read(ref isOver))
                {
                    time.Advance(TimeSpan.FromMilliseconds(10));
                }
            },
            Stop);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            async () =>
            {
                foreach (var round in Rounds.UpTo(5_000))
                {
                    var lease = await pool.AcquireAsync(Timeout.InfiniteTimeSpan, CancellationToken.None);
                    lease.Resource.Enter();
                    lease.Resource.Leave();
                    lease.Dispose();
                }
            },
            Stop))).WaitAsync(Guard, Stop);

        Volatile.Write(ref isOver, true);
        await sweeper.WaitAsync(Guard, Stop);
        await pool.DisposeAsync().AsTask().WaitAsync(Guard, Stop);
        await PoolTestBase.AssertAllDestroyedOnce(_factory);
        Assert.InRange(_factory.MaxLive, 1, 4);
    }

    [Fact]
    public async Task Resize_RacesWithReturns_SettlesAtTheSize()
    {
        await using var pool = NewPool(4);
        foreach (var round in Rounds.UpTo(2_000))
        {
            var leases = new[] { await pool.AcquireAsync(Stop), await pool.AcquireAsync(Stop), await pool.AcquireAsync(Stop) };

            await Rounds.Together(
                () => Array.ForEach(leases, lease => lease.Dispose()),
                () => pool.Resize(0, 1));

            await PoolTestBase.Until(() => pool.Statistics.Size <= 1);
            Assert.Equal(1, pool.Statistics.Idle);
            pool.Resize(0, 4);
        }
    }

    [Fact]
    public async Task Return_RacesWithANewWaiter_NeverLendsWithoutValidation()
    {
        var factory = new TestFactory
        {
            Hooks = FactoryHooks.Validate,
            IsFit = static resource => resource.IsChecked = true,
        };
        var unchecks = 0;
        await using var pool = NewPool(1, options => options.LeakThreshold = TimeSpan.FromHours(1), null, factory);

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(
            async () =>
            {
                foreach (var round in Rounds.UpTo(10_000))
                {
                    var lease = await pool.AcquireAsync(Timeout.InfiniteTimeSpan, CancellationToken.None);
                    unchecks += lease.Resource.IsChecked ? 0 : 1;
                    lease.Resource.IsChecked = false;
                    lease.Dispose();
                    if (round % 3 == 0)
                    {
                        await Task.Yield();
                    }
                }
            },
            Stop))).WaitAsync(Guard, Stop);

        Assert.Equal(0, unchecks);
    }

    [Fact]
    public async Task Result_TakenByTwoThreadsAtOnce_IsTakenOnce()
    {
        await using var pool = NewPool(1);
        var lease = await pool.AcquireAsync(Stop);
        foreach (var round in Rounds.UpTo(5_000))
        {
            var waiting = pool.AcquireAsync(CancellationToken.None);
            lease.Dispose();
            var taken = 0;

            await Rounds.Together(Take, Take);

            Assert.Equal(1, taken);
            var others = new[] { PoolTestBase.Ask(pool), PoolTestBase.Ask(pool) };
            lease.Dispose();
            (await others[0].WaitAsync(Guard, Stop)).Dispose();
            lease = await others[1].WaitAsync(Guard, Stop);

            void Take()
            {
                try
                {
                    var one = waiting.GetAwaiter().GetResult();
                    lease = one;
                    Interlocked.Increment(ref taken);
                }
                catch (InvalidOperationException)
                {
                    // The other one was first.
                }
            }
        }

        lease.Dispose();
    }

    private ResourcePool<TestResource> NewPool(
        int maxSize, Action<ResourcePoolOptions>? configure = null, TimeProvider? time = null, TestFactory? factory = null)
    {
        var options = new ResourcePoolOptions { Name = "race", MinSize = 0, MaxSize = maxSize };
        configure?.Invoke(options);
        return new ResourcePool<TestResource>(factory ?? _factory, options, time, new ResourceMonitor());
    }
}
