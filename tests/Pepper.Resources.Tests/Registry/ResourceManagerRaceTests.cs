using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Registry;

/// <summary>Real threads and real time: never is a cleaned-up resource in anybody's hands.</summary>
public sealed class ResourceManagerRaceTests
{
    [Fact]
    public async Task Acquire_RacingReleaseAndRegister_NeverHoldsWhatIsCleanedUp()
    {
        await using var manager = new ResourceManager(monitor: new ResourceMonitor());
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var served = 0L;
        var rounds = 0L;
        await manager.RegisterAsync(ProbeResource.Create("shared"));
        var users = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    await using var lease = await manager.AcquireAsync<ProbeResource>("shared");
                    Assert.Equal(0, lease.Resource.Cleanups);
                    Assert.Equal(ResourceState.InUse, lease.Resource.State);
                    await Task.Yield();
                    Assert.Equal(0, lease.Resource.Cleanups);
                    Interlocked.Increment(ref served);
                }
                catch (ResourceNotFoundException)
                {
                    await Task.Yield();
                }
            }
        }));
        var owner = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await manager.ReleaseAsync("shared");
                await manager.RegisterAsync(ProbeResource.Create("shared"));
                rounds++;
                await Task.Yield();
            }
        });

        await Task.WhenAll([.. users, owner]).WaitAsync(Stage.Guard);

        Assert.True(served > 100, $"Only {served} acquires were served.");
        Assert.True(rounds > 100, $"Only {rounds} rounds of release and register.");
    }

    [Fact]
    public async Task Acquire_RacingExpiry_NeverHoldsWhatIsCleanedUp()
    {
        await using var manager = new ResourceManager(monitor: new ResourceMonitor());
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        var expired = 0L;
        var users = Enumerable.Range(0, 2).Select(user => Task.Run(async () =>
        {
            var random = new Random(user);
            while (!stop.IsCancellationRequested)
            {
                // Not always one of them holds it, or it would never expire.
                for (var pause = random.Next(3); pause > 0; pause--)
                {
                    await Task.Yield();
                }

                try
                {
                    await using var lease = await manager.AcquireAsync<ProbeResource>("shared");
                    Assert.Equal(0, lease.Resource.Cleanups);
                    Assert.False(lease.Resource.IsExpired);
                    await Task.Yield();
                    Assert.Equal(0, lease.Resource.Cleanups);
                }
                catch (ResourceNotFoundException)
                {
                    Interlocked.Increment(ref expired);
                    try
                    {
                        await manager.RegisterAsync(ProbeResource.Create("shared", TimeSpan.FromTicks(1 + (user * 100))));
                    }
                    catch (DuplicateResourceException)
                    {
                        await Task.Yield();
                    }
                }
            }
        }));

        var sweeper = Task.Run(async () =>
        {
            var swept = 0;
            while (!stop.IsCancellationRequested)
            {
                swept += await manager.CleanupExpiredAsync();
                await Task.Yield();
            }

            return swept;
        });

        await Task.WhenAll([.. users, sweeper]).WaitAsync(Stage.Guard);

        Assert.True(expired > 100, $"Only {expired} resources expired.");
    }
}
