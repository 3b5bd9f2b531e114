using System.Diagnostics;
using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>
/// 64 callers over 4 resources, with everything going on at once. Short in a plain run; with PEPPER_LONG=1 each caller acquires
/// 100,000 times. A failure names the seed, which PEPPER_SEED takes.
/// </summary>
[Trait("Category", "Long")]
public sealed class PoolStressTests : IAsyncDisposable
{
    private const int Callers = 64;
    private const int MaxSize = 4;
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("PEPPER_LONG") == "1";
    private static readonly TimeSpan Guard = TimeSpan.FromMinutes(IsLong ? 20 : 1);

    private readonly int _seed = int.TryParse(Environment.GetEnvironmentVariable("PEPPER_SEED"), out var seed)
        ? seed
        : Environment.TickCount;

    private readonly int _rounds = IsLong ? 100_000 : 2_000;
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _faults = new();
    private int _acquired;
    private int _canceled;
    private int _failed;
    private int _closed;
    private int _begun;
    private ResourcePool<TestResource> _pool = null!;
    private Task? _disposal;

    public ValueTask DisposeAsync() => _pool.DisposeAsync();

    [Theory]
    [InlineData(FactoryHooks.None, false)]
    [InlineData(FactoryHooks.All, false)]
    [InlineData(FactoryHooks.None, true)]
    public async Task Acquire_EverythingAtOnce_LosesAndSharesNothing(FactoryHooks hooks, bool isTracked)
    {
        var factory = new TestFactory { Hooks = hooks, CreateNow = CreateBadlyAsync };
        _pool = new ResourcePool<TestResource>(
            factory,
            new ResourcePoolOptions
            {
                Name = "stress",
                MinSize = 1,
                MaxSize = MaxSize,
                MaxConcurrentCreates = 2,
                LeakThreshold = isTracked ? TimeSpan.FromHours(1) : null,
                IdleTimeout = isTracked ? TimeSpan.FromMilliseconds(40) : null,
                MaxLifetime = isTracked ? TimeSpan.FromMilliseconds(200) : null,
            },
            monitor: new ResourceMonitor());
        var clock = Stopwatch.StartNew();

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(
            () => CallAsync(new Random(_seed + caller)), TestContext.Current.CancellationToken))).WaitAsync(Guard);
        await (_disposal ?? _pool.DisposeAsync().AsTask()).WaitAsync(Guard);
        await PoolTestBase.AssertAllDestroyedOnce(factory);

        var statistics = _pool.Statistics;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"seed {_seed}, {hooks}, tracked {isTracked}: {_acquired} lent, {_canceled} canceled, {_failed} failed, "
            + $"{_closed} closed, {factory.Created} created, at most {factory.MaxLive} live, "
            + $"{clock.Elapsed.TotalSeconds:0.0} s; {statistics}");
        Assert.True(_faults.IsEmpty, $"Seed {_seed}: {string.Join(" | ", _faults.Take(5))}");
        Assert.InRange(factory.MaxLive, 1, MaxSize);
        Assert.Equal((0, 0, 0), (statistics.Size, statistics.Waiting, statistics.InUse));
        Assert.Equal(factory.Created, statistics.Destroyed);
        Assert.Equal(_acquired, statistics.Acquired);
        Assert.Equal(Callers * _rounds, _acquired + _canceled + _failed + _closed);
        Assert.True(_acquired > Callers * _rounds / 4, $"Seed {_seed}: only {_acquired} were lent.");
    }

    private static async Task CreateBadlyAsync(int number, CancellationToken cancellationToken)
    {
        if (number % 7 == 0)
        {
            throw new InvalidOperationException("down");
        }

        if (number % 50 == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellationToken);
        }
        else if (number % 3 == 0)
        {
            await Task.Yield();
        }
    }

    private async Task CallAsync(Random random)
    {
        for (var round = 0; round < _rounds; round++)
        {
            try
            {
                await CallOnceAsync(random);
                Interlocked.Increment(ref _acquired);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref _canceled);
            }
            catch (ResourceInitializationException)
            {
                Interlocked.Increment(ref _failed);
            }
            catch (ObjectDisposedException)
            {
                Interlocked.Increment(ref _closed);
            }
            catch (Exception failure)
            {
                _faults.Enqueue($"{failure.GetType().Name}: {failure.Message}");
                return;
            }
        }
    }

    private async Task CallOnceAsync(Random random)
    {
        var dice = random.Next(10_000);
        if (Interlocked.Increment(ref _begun) == (long)Callers * _rounds * 98 / 100)
        {
            _disposal = _pool.DisposeAsync().AsTask();
        }

        using var cancellation = dice < 500 ? new CancellationTokenSource() : null;
        var asked = _pool.AcquireAsync(cancellation?.Token ?? default);
        if (cancellation is not null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static state => CancelQuietly(state), cancellation, preferLocal: (dice & 1) == 0);
        }

        var lease = await asked;
        lease.Resource.Enter();
        if (dice % 10 == 0)
        {
            await Task.Yield();
        }

        lease.Resource.Leave();
        Disturb(dice, random, lease);
        if (dice % 2 == 0)
        {
            lease.Dispose();
        }
        else
        {
            await lease.DisposeAsync();
        }
    }

    private void Disturb(int dice, Random random, Lease<TestResource> lease)
    {
        switch (dice)
        {
            case >= 600 and < 650:
                lease.Invalidate();
                break;
            case >= 650 and < 655:
                DoUnlessDisposed(() => _pool.Invalidate());
                break;
            case >= 660 and < 670:
                var max = random.Next(1, MaxSize + 1);
                DoUnlessDisposed(() => _pool.Resize(random.Next(0, max + 1), max));
                break;
            case >= 700 and < 800:
                // A copy, disposed by another thread at the same time.
                ThreadPool.UnsafeQueueUserWorkItem(static copy => copy.Dispose(), lease, preferLocal: false);
                break;
            case >= 800 and < 803:
                DoUnlessDisposed(() =>
                {
                    _pool.Pause();
                    ThreadPool.UnsafeQueueUserWorkItem(static pool => ResumeQuietly(pool), _pool, preferLocal: false);
                });
                break;
        }
    }

    private static void CancelQuietly(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The caller has gone on.
        }
    }

    private static void ResumeQuietly(ResourcePool<TestResource> pool) => DoUnlessDisposed(pool.Resume);

    private static void DoUnlessDisposed(Action action)
    {
        try
        {
            action();
        }
        catch (ObjectDisposedException)
        {
            // As it must be, once the pool is disposed.
        }
    }
}
