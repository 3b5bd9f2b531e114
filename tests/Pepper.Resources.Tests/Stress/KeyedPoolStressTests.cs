using System.Collections.Concurrent;
using Pepper.Resources.Pooling;
using Pepper.Resources.Tests.Pooling;

namespace Pepper.Resources.Tests.Stress;

/// <summary>
/// Real threads over several keys and one total, with cancellations, retirements, failures and everything else going on. Short in
/// a plain run, long with PEPPER_LONG=1. A failure names the seed, which PEPPER_SEED takes.
/// </summary>
[Trait("Category", "Long")]
public sealed class KeyedPoolStressTests : IAsyncDisposable
{
    private const int Callers = 24;
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("PEPPER_LONG") == "1";
    private static readonly TimeSpan Guard = TimeSpan.FromMinutes(IsLong ? 20 : 1);

    private readonly int _seed = int.TryParse(Environment.GetEnvironmentVariable("PEPPER_SEED"), out var seed)
        ? seed
        : Environment.TickCount;

    private readonly int _rounds = IsLong ? 50_000 : 1_000;
    private readonly ConcurrentQueue<string> _faults = new();
    private KeyedResourcePool<int, TestResource> _pools = null!;
    private volatile bool _isOver;
    private int _acquired;

    public ValueTask DisposeAsync() => _pools.DisposeAsync();

    [Theory]
    [InlineData(FactoryHooks.None, 3, 5, null)]
    [InlineData(FactoryHooks.None, 4, 8, 6)]
    [InlineData(FactoryHooks.All, 3, 5, null)]
    [InlineData(FactoryHooks.None, 1, 3, null)]
    public async Task Acquire_EverythingAtOnce_KeepsTheTotalAndLosesNothing(
        FactoryHooks hooks, int maxTotal, int keys, int? maxKeys)
    {
        var factory = new TestFactory { Hooks = hooks, CreateNow = CreateBadlyAsync };
        _pools = new KeyedResourcePool<int, TestResource>(_ => factory, new KeyedResourcePoolOptions<int>
        {
            Name = "stress",
            MaxTotal = maxTotal,
            MaxKeys = maxKeys,
            KeyIdleTimeout = TimeSpan.FromMilliseconds(40),
            Configure = static (key, own) => own.MinSize = key == 0 ? 1 : 0,
            PerKey = { MinSize = 0, MaxSize = 2, AcquireTimeout = Timeout.InfiniteTimeSpan },
        });

        var callers = Enumerable.Range(0, Callers)
            .Select(caller => Task.Run(() => CallAsync(new Random(_seed + caller), keys), PoolTestBase.Stop)).ToArray();
        var all = Task.WhenAll(callers);
        await Task.WhenAny(all, Task.Delay(Guard, TimeProvider.System, PoolTestBase.Stop));
        Assert.True(all.IsCompleted, $"Seed {_seed}: callers hang: {_pools.Statistics}");

        Assert.True(_faults.IsEmpty, $"Seed {_seed}: {string.Join('\n', _faults.Take(5))}");
        Assert.True(factory.MaxLive <= maxTotal, $"Seed {_seed}: {factory.MaxLive} live of {maxTotal}.");
        Assert.True(_acquired > Callers * _rounds / 2, $"Seed {_seed}: only {_acquired} acquired.");
        Assert.Equal(0, _pools.Statistics.StarvingKeys);

        _isOver = true;

        // No place is lost: as many as there may be can be lent at once.
        var leases = await Task.WhenAll(Enumerable.Range(100, maxTotal).Select(key => _pools.AcquireAsync(key).AsTask()))
            .WaitAsync(PoolTestBase.Guard, PoolTestBase.Stop);
        Array.ForEach(leases, static lease => lease.Dispose());
        await _pools.DisposeAsync().AsTask().WaitAsync(PoolTestBase.Guard, PoolTestBase.Stop);
        await PoolTestBase.AssertAllDestroyedOnce(factory);
        Assert.Equal(factory.Created, factory.Destroyed);
    }

    private async Task CreateBadlyAsync(int number, CancellationToken cancellationToken)
    {
        if (number % 11 == 0 && !_isOver)
        {
            throw new InvalidOperationException("down");
        }

        if (number % 3 == 0)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task CallAsync(Random random, int keys)
    {
        for (var round = 0; round < _rounds; round++)
        {
            try
            {
                await CallOnceAsync(random, keys);
                Interlocked.Increment(ref _acquired);
            }
            catch (OperationCanceledException)
            {
                // As it was asked to be.
            }
            catch (ResourceInitializationException)
            {
                // As the factory does now and then.
            }
            catch (PoolExhaustedException refused) when (refused.Reason == ExhaustionReason.KeysInUse)
            {
                await Task.Yield();
            }
            catch (Exception failure)
            {
                _faults.Enqueue(failure.ToString());
                return;
            }
        }
    }

    private async Task CallOnceAsync(Random random, int keys)
    {
        var dice = random.Next(1_000);
        var key = random.Next(keys);
        using var cancellation = dice < 50 ? new CancellationTokenSource() : null;
        var asked = _pools.AcquireAsync(key, cancellation?.Token ?? default);
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
        if (dice is >= 50 and < 55)
        {
            lease.Invalidate();
        }
        else if (dice is >= 55 and < 58)
        {
            _pools.Invalidate(key);
        }
        else if (dice is >= 60 and < 70)
        {
            await _pools.RetireAsync(random.Next(keys));
        }

        if (dice % 2 == 0)
        {
            lease.Dispose();
        }
        else
        {
            await lease.DisposeAsync();
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
}
