using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Registry;

public sealed class ResourceManagerReleaseTests : ManagerTest
{
    private static readonly TimeSpan ReleaseTimeout = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Release_CleansUpAndForgets()
    {
        var resource = New();
        await Manager.RegisterAsync(resource);

        await Manager.ReleaseAsync("log");

        Assert.Equal(1, resource.Cleanups);
        Assert.Equal(ResourceState.Disposed, resource.State);
        Assert.Equal(0, Manager.Count);
        await Assert.ThrowsAsync<ResourceNotFoundException>(async () => await Manager.AcquireAsync("log"));
    }

    [Fact]
    public async Task Release_UnknownId_IsHarmless()
    {
        await Manager.ReleaseAsync("nobody");
        await Manager.RegisterAsync(New());
        await Manager.ReleaseAsync("log");
        await Manager.ReleaseAsync("log");

        Assert.Empty(Metrics.Series("pepperpy_resource_errors_total"));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Manager.ReleaseAsync(null!));
    }

    [Fact]
    public async Task Release_WhileHeld_WaitsForTheLastHolderAndRefusesNewOnes()
    {
        var resource = New();
        await Manager.RegisterAsync(resource);
        var one = await Manager.AcquireAsync("log");
        var other = await Manager.AcquireAsync("log");

        var release = Manager.ReleaseAsync("log");
        var thrown = await Assert.ThrowsAsync<ResourceNotFoundException>(async () => await Manager.AcquireAsync("log"));
        Assert.Equal("Resource 'log' cannot be acquired: it is being released.", thrown.Message);
        one.Dispose();
        Assert.False(release.IsCompleted);
        Assert.Equal(0, resource.Cleanups);
        Assert.Same(resource, other.Resource);
        await other.DisposeAsync();

        await release.WaitAsync(Guard);
        Assert.Equal(1, resource.Cleanups);
    }

    [Fact]
    public async Task Release_AtItsDeadline_NamesTheHoldersAndTheLastReturnCleansUp()
    {
        var resource = New();
        await Manager.RegisterAsync(resource);
        var lease = await Manager.AcquireAsync("log");
        Time.Advance(TimeSpan.FromSeconds(2));

        var release = Manager.ReleaseAsync("log");
        Time.Advance(ReleaseTimeout - TimeSpan.FromTicks(1));
        Assert.False(release.IsCompleted);
        Time.Advance(TimeSpan.FromTicks(1));

        var thrown = await Assert.ThrowsAsync<ResourceBusyException>(() => release.WaitAsync(Guard));
        Assert.Equal("log", thrown.ResourceId);
        Assert.Equal(ResourceType.File, thrown.ResourceType);
        var holder = Assert.Single(thrown.Holders);
        Assert.Equal(TimeSpan.FromSeconds(32), holder.Age);
        Assert.All(
            ["'log'", "held by 1", "ReleaseTimeout (00:00:30)",
                nameof(Release_AtItsDeadline_NamesTheHoldersAndTheLastReturnCleansUp),
                "ResourceManagerReleaseTests.cs:", "for 32 s"],
            part => Assert.Contains(part, thrown.Message, StringComparison.Ordinal));
        Assert.True(Log.Has(1005, "ResourceManagerReleaseTests.cs"));

        Assert.Same(resource, lease.Resource);
        Assert.Equal(0, resource.Cleanups);
        await Assert.ThrowsAsync<DuplicateResourceException>(() => Manager.RegisterAsync(New()));
        lease.Dispose();
        await UntilAsync(() => Manager.Count == 0);
        Assert.Equal(1, resource.Cleanups);
        await Manager.RegisterAsync(New());
    }

    [Fact]
    public async Task Release_Cancelled_EndsTheWaitAndTheLastReturnCleansUp()
    {
        using var cancellation = new CancellationTokenSource();
        var resource = New();
        await Manager.RegisterAsync(resource);
        var lease = await Manager.AcquireAsync("log");
        var release = Manager.ReleaseAsync("log", cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => release.WaitAsync(Guard));
        Assert.Equal(0, resource.Cleanups);
        lease.Dispose();
        await UntilAsync(() => Manager.Count == 0);
        Assert.Equal(1, resource.Cleanups);
    }

    [Fact]
    public async Task Release_CancelledBeforehand_ChangesNothing()
    {
        await Manager.RegisterAsync(New());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Manager.ReleaseAsync("log", new CancellationToken(true)));

        await using var lease = await Manager.AcquireAsync("log");
        Assert.Equal(ResourceState.InUse, lease.Resource.State);
    }

    [Fact]
    public async Task Release_TwiceAtOnce_CleansUpOnceAndBothWait()
    {
        var stage = new Stage();
        var resource = New(cleanUp: () => stage.RunAsync());
        await Manager.RegisterAsync(resource);
        var first = Manager.ReleaseAsync("log");
        var second = Manager.ReleaseAsync("log");
        await stage.Begun;
        Assert.False(first.IsCompleted || second.IsCompleted);

        stage.End();
        await Task.WhenAll(first, second).WaitAsync(Guard);

        Assert.Equal(1, resource.Cleanups);
        Assert.Equal(1, Metrics.Count("pepperpy_resource_cleanups_total{reason=released,type=file}"));
    }

    [Fact]
    public async Task Release_OneBeingRegistered_WaitsForItsBeginning()
    {
        var stage = new Stage();
        var resource = New(initialize: stage.RunAsync);
        var registration = Manager.RegisterAsync(resource);
        await stage.Begun;
        var release = Manager.ReleaseAsync("log");
        Assert.False(release.IsCompleted);

        stage.End();
        await Task.WhenAll(registration, release).WaitAsync(Guard);

        Assert.Equal(1, resource.Cleanups);
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Release_CleanupFails_ForgetsItAndThrowsTheCause()
    {
        var cause = new IOException("disk gone");
        await Manager.RegisterAsync(New(cleanUp: () => throw cause));

        var thrown = await Assert.ThrowsAsync<ResourceCleanupException>(() => Manager.ReleaseAsync("log"));

        Assert.Same(cause, thrown.InnerException);
        Assert.Equal("log", thrown.ResourceId);
        Assert.Equal(0, Manager.Count);
        await Manager.RegisterAsync(New());
    }

    [Fact]
    public async Task Release_CleanupHangs_GivesUpAtItsLimitAndForgets()
    {
        var stage = new Stage();
        await using var manager = NewManager(cleanupTimeout: TimeSpan.FromSeconds(5));
        await manager.RegisterAsync(New(cleanUp: () => stage.RunAsync()));
        var release = manager.ReleaseAsync("log");
        await stage.Begun;

        Time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        Assert.False(release.IsCompleted);
        Time.Advance(TimeSpan.FromTicks(1));

        var thrown = await Assert.ThrowsAsync<ResourceTimeoutException>(() => release.WaitAsync(Guard));
        Assert.Equal(ResourceStage.Destroy, thrown.Stage);
        Assert.Equal(TimeSpan.FromSeconds(5), thrown.Timeout);
        Assert.Equal("log", thrown.ResourceId);
        Assert.Contains("CleanupTimeout (00:00:05)", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(0, manager.Count);

        // What it throws later is in the log, and not an exception that nobody saw.
        stage.Fail(new IOException("late"));
        await UntilAsync(() => Log.Has(1001, "late"));
    }

    [Fact]
    public async Task Register_FailsAndItsCleanupHangs_GivesUpAtItsLimit()
    {
        var stage = new Stage();
        await using var manager = NewManager(cleanupTimeout: TimeSpan.FromSeconds(5));
        var registration = manager.RegisterAsync(New(
            initialize: _ => throw new IOException("no"), cleanUp: () => stage.RunAsync()));
        await stage.Begun;
        await UntilAsync(() => Time.NextTimerDue is not null);

        Time.Advance(TimeSpan.FromSeconds(5));

        await Assert.ThrowsAsync<ResourceInitializationException>(() => registration.WaitAsync(Guard));
        Assert.Equal(0, manager.Count);
        Assert.True(Log.Has(1001, "CleanupTimeout (00:00:05)"));
        stage.End();
    }
}
