using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Registry;

public sealed class ResourceManagerDisposeTests : ManagerTest
{
    [Fact]
    public async Task Dispose_ReleasesTheLastRegisteredFirst()
    {
        List<string> order = [];
        foreach (var id in new[] { "a", "b", "c" })
        {
            await Manager.RegisterAsync(New(id, cleanUp: () =>
            {
                order.Add(id);
                return default;
            }));
        }

        await Manager.DisposeAsync();

        Assert.Equal(["c", "b", "a"], order);
        Assert.Equal(0, Manager.Count);
        Assert.Equal(3, Metrics.Count("pepperpy_resource_cleanups_total{reason=disposed,type=file}"));
    }

    [Fact]
    public async Task Dispose_OneFails_StopsNoOther()
    {
        var first = New("a");
        await Manager.RegisterAsync(first);
        await Manager.RegisterAsync(New("b", cleanUp: () => throw new IOException("disk gone")));

        await Manager.DisposeAsync();

        Assert.Equal(1, first.Cleanups);
        Assert.Equal(0, Manager.Count);
        Assert.Equal("b", Assert.Single(Log.Entries, entry => entry.Id == 1001).Fields["Id"]);
    }

    [Fact]
    public async Task Dispose_EverythingHeld_WaitsOneDeadlineInAllAndTheLastReturnsCleanUp()
    {
        var resources = new[] { New("a"), New("b"), New("c") };
        List<Lease<Resource>> leases = [];
        foreach (var resource in resources)
        {
            await Manager.RegisterAsync(resource);
            leases.Add(await Manager.AcquireAsync(resource.Metadata.Id));
        }

        var disposal = Manager.DisposeAsync().AsTask();
        Time.Advance(TimeSpan.FromSeconds(30));
        await disposal.WaitAsync(Guard);

        Assert.All(resources, resource => Assert.Equal(0, resource.Cleanups));
        Assert.Equal(3, Metrics.Observe("pepperpy_resources_total")["pepperpy_resources_total{pool=registry,type=file}"]);
        leases.ForEach(lease => lease.Dispose());
        await UntilAsync(() => Manager.Count == 0);
        Assert.All(resources, resource => Assert.Equal(1, resource.Cleanups));
        await UntilAsync(() => Metrics.Observe("pepperpy_resources_total").Count == 0);
    }

    [Fact]
    public async Task Dispose_TwiceAtOnce_BothWaitForTheEnd()
    {
        var stage = new Stage();
        await Manager.RegisterAsync(New(cleanUp: () => stage.RunAsync()));
        var first = Manager.DisposeAsync().AsTask();
        await stage.Begun;
        var second = Manager.DisposeAsync().AsTask();
        Assert.False(first.IsCompleted || second.IsCompleted);

        stage.End();

        await Task.WhenAll(first, second).WaitAsync(Guard);
        await Manager.DisposeAsync();
    }

    [Fact]
    public async Task Dispose_WhileOneIsRegistered_CleansItUpAndTheRegistrationThrows()
    {
        var stage = new Stage();
        var resource = New(initialize: stage.RunAsync);
        var registration = Manager.RegisterAsync(resource);
        await stage.Begun;
        var disposal = Manager.DisposeAsync().AsTask();
        Assert.False(disposal.IsCompleted);

        stage.End();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => registration.WaitAsync(Guard));
        await disposal.WaitAsync(Guard);
        Assert.Equal(1, resource.Cleanups);
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Dispose_WhileARegistrationHangs_GivesUpAtTheDeadlineAndItIsCleanedUpLater()
    {
        var stage = new Stage();
        var resource = New(initialize: stage.RunAsync);
        var registration = Manager.RegisterAsync(resource);
        await stage.Begun;
        var disposal = Manager.DisposeAsync().AsTask();
        await UntilAsync(() => disposal.IsCompleted || Time.NextTimerDue is not null);

        Time.Advance(TimeSpan.FromSeconds(30));
        await disposal.WaitAsync(Guard);

        Assert.Equal(0, resource.Cleanups);
        stage.End();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => registration.WaitAsync(Guard));
        Assert.Equal(1, resource.Cleanups);
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Everything_AfterDispose_Throws_ButReleaseIsHarmless()
    {
        await Manager.RegisterAsync(New());
        await Manager.DisposeAsync();
        var late = New("late");

        await Assert.ThrowsAsync<ObjectDisposedException>(() => Manager.RegisterAsync(late));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await Manager.AcquireAsync("log"));
        await Manager.ReleaseAsync("log");

        Assert.Equal(0, late.Initializations);
        Assert.Equal(0, await Manager.CleanupExpiredAsync());
        Assert.Empty(Manager.GetResources());
    }

    [Fact]
    public async Task Dispose_RacingRegistrations_LeavesNothingAlive()
    {
        for (var round = 0; round < 300; round++)
        {
            var manager = NewManager();
            var resources = Enumerable.Range(0, 4).Select(index => New($"r{index}", TimeSpan.FromMinutes(1))).ToList();
            var registrations = resources.Select(resource => Task.Run(() => manager.RegisterAsync(resource))).ToList();
            await manager.DisposeAsync().AsTask().WaitAsync(Guard);

            foreach (var registration in registrations)
            {
                try
                {
                    await registration.WaitAsync(Guard);
                }
                catch (ObjectDisposedException)
                {
                    // It came too late.
                }
            }

            Assert.Equal(0, manager.Count);
            Assert.All(resources, resource => Assert.Equal(resource.Initializations, resource.Cleanups));
        }
    }
}
