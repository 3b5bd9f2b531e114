using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Registry;

/// <summary>Real threads and real time: one at a time, never cleaned up under anybody, everything cleaned up once.</summary>
public sealed class ResourceManagerHealingRaceTests
{
    [Fact]
    public async Task Holders_InvalidatingAcquiringAndReleasing_ThereIsNeverMoreThanOne()
    {
        var shop = new Workshop("shared");
        var options = new FactoryRecoveryOptions { MaxRecoveries = null };
        (options.Circuit.FailureThreshold, options.Circuit.ResetTimeout) = (3, TimeSpan.FromMilliseconds(1));
        options.Circuit.MaxResetTimeout = TimeSpan.FromMilliseconds(10);
        var manager = new ResourceManager(monitor: new ResourceMonitor());
        await manager.RegisterAsync("shared", shop.MakeAsync, options);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var counts = new Counts();
        var tasks = Enumerable.Range(0, 6).Select(user => Task.Run(() => UseAsync(manager, user, counts, stop.Token)))
            .Append(Task.Run(() => FailNowAndThenAsync(shop, stop.Token)))
            .Append(Task.Run(() => ReplaceAsync(manager, shop, options, counts, stop.Token))).ToList();

        await Task.WhenAll(tasks).WaitAsync(Stage.Guard);
        shop.Failure = null;
        await manager.DisposeAsync();

        Assert.Equal((1, 0), (shop.MostAlive, shop.Alive));
        Assert.All(shop.Made, static one => Assert.Equal(ResourceState.Disposed, one.State));

        // One that came too late to be used was not even made ready.
        Assert.All(shop.Made, static one => Assert.Equal(one.Initializations, one.Cleanups));
        Assert.All(shop.Made, static one => Assert.InRange(one.Initializations, 0, 1));
        Assert.True(counts.Served > 100, $"Only {counts.Served} were served.");
        Assert.True(counts.Broken > 20, $"Only {counts.Broken} were broken.");
        Assert.True(counts.Released > 5, $"Only {counts.Released} were released.");
    }

    private static async Task UseAsync(ResourceManager manager, int user, Counts counts, CancellationToken stop)
    {
        var random = new Random(user);
        while (!stop.IsCancellationRequested)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            if (random.Next(10) == 0)
            {
                patience.CancelAfter(TimeSpan.FromMilliseconds(1));
            }

            try
            {
                await using var lease = await manager.AcquireAsync<ProbeResource>("shared", patience.Token);
                Assert.Equal((0, ResourceState.InUse), (lease.Resource.Cleanups, lease.Resource.State));
                await Task.Yield();
                Interlocked.Increment(ref counts.Served);
                if (random.Next(8) == 0)
                {
                    lease.Invalidate(new IOException("broken"));
                    Interlocked.Increment(ref counts.Broken);
                }

                await Task.Yield();
                Assert.Equal(0, lease.Resource.Cleanups);
            }
            catch (Exception failure) when (failure is OperationCanceledException or ResourceNotFoundException
                or ResourceInitializationException or CircuitOpenException)
            {
                await Task.Yield();
            }
        }
    }

    private static async Task FailNowAndThenAsync(Workshop shop, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            shop.Failure = shop.Failure is null ? new IOException("no such device") : null;
            var time = TimeSpan.FromMilliseconds(shop.Failure is null ? 10 : 1);
            await Task.Delay(time, TimeProvider.System, CancellationToken.None);
        }
    }

    private static async Task ReplaceAsync(
        ResourceManager manager, Workshop shop, FactoryRecoveryOptions options, Counts counts, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
            await manager.ReleaseAsync("shared", CancellationToken.None);
            Interlocked.Increment(ref counts.Released);
            try
            {
                await manager.RegisterAsync("shared", shop.MakeAsync, options, CancellationToken.None);
            }
            catch (ResourceInitializationException)
            {
                // The workshop was closed: next time.
            }
        }
    }

    private sealed class Counts
    {
        public long Served;
        public long Broken;
        public long Released;
    }
}
