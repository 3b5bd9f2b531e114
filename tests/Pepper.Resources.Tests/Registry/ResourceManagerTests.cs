using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Registry;

public sealed class ResourceManagerTests : ManagerTest
{
    [Fact]
    public async Task Register_InitializesAndLends()
    {
        var resource = New();

        await Manager.RegisterAsync(resource);

        Assert.Equal(1, resource.Initializations);
        Assert.Equal(1, Manager.Count);
        await using var lease = await Manager.AcquireAsync("log");
        Assert.Same(resource, lease.Resource);
        Assert.Equal(ResourceState.InUse, resource.State);
    }

    [Fact]
    public async Task Register_IdTaken_RefusesAndLeavesBothAlone()
    {
        var first = New();
        var second = New();
        await Manager.RegisterAsync(first);

        var thrown = await Assert.ThrowsAsync<DuplicateResourceException>(() => Manager.RegisterAsync(second));

        Assert.Equal("log", thrown.ResourceId);
        Assert.Equal(ResourceType.File, thrown.ResourceType);
        Assert.Equal("Resource 'log' (file) cannot be registered: its Id is taken.", thrown.Message);
        Assert.Equal(0, second.Initializations);
        Assert.Equal(ResourceState.Created, second.State);
        await using var lease = await Manager.AcquireAsync("log");
        Assert.Same(first, lease.Resource);
    }

    [Fact]
    public async Task Register_TheSameOneTwice_RefusesAndKeepsIt()
    {
        var resource = New();
        await Manager.RegisterAsync(resource);

        await Assert.ThrowsAsync<DuplicateResourceException>(() => Manager.RegisterAsync(resource));

        Assert.Equal(ResourceState.Initialized, resource.State);
    }

    [Fact]
    public async Task Register_WhileTheIdIsBeingRegisteredOrReleased_Refuses()
    {
        var beginning = new Stage();
        var ending = new Stage();
        var registration = Manager.RegisterAsync(New(initialize: beginning.RunAsync, cleanUp: () => ending.RunAsync()));
        await beginning.Begun;
        await Assert.ThrowsAsync<DuplicateResourceException>(() => Manager.RegisterAsync(New()));
        beginning.End();
        await registration.WaitAsync(Guard);

        var release = Manager.ReleaseAsync("log");
        await ending.Begun;
        await Assert.ThrowsAsync<DuplicateResourceException>(() => Manager.RegisterAsync(New()));
        ending.End();
        await release.WaitAsync(Guard);

        await Manager.RegisterAsync(New());
    }

    [Fact]
    public async Task Register_InitializationFails_LeavesNothingAndFreesTheId()
    {
        var cause = new IOException("no such file");
        var resource = New(initialize: _ => throw cause);

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => Manager.RegisterAsync(resource));

        Assert.Same(cause, thrown.InnerException);
        Assert.Equal(0, Manager.Count);
        Assert.Equal(1, resource.Cleanups);
        Assert.Equal(ResourceState.Disposed, resource.State);
        await Assert.ThrowsAsync<ResourceNotFoundException>(async () => await Manager.AcquireAsync("log"));
        await Manager.RegisterAsync(New());
        Assert.Equal(1, Manager.Count);
    }

    [Fact]
    public async Task Register_InitializationAndCleanupFail_ThrowsTheFirstAndFreesTheId()
    {
        var resource = New(
            initialize: _ => throw new IOException("no such file"), cleanUp: () => throw new IOException("nor this"));

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => Manager.RegisterAsync(resource));

        Assert.Contains("no such file", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(0, Manager.Count);
        Assert.True(Log.Has(1001, "nor this"));
    }

    [Fact]
    public async Task Register_Cancelled_CleansUpAndFreesTheId()
    {
        using var cancellation = new CancellationTokenSource();
        var stage = new Stage();
        var resource = New(initialize: stage.RunAsync);
        var registration = Manager.RegisterAsync(resource, cancellation.Token);
        await stage.Begun;

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => registration.WaitAsync(Guard));
        Assert.Equal(0, Manager.Count);
        Assert.Equal(1, resource.Cleanups);
        Assert.Equal(ResourceState.Disposed, resource.State);
    }

    [Fact]
    public async Task Register_DisposedResource_IsAnInitializationThatFailed()
    {
        var resource = New();
        await resource.DisposeAsync();

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => Manager.RegisterAsync(resource));

        Assert.IsType<ObjectDisposedException>(thrown.InnerException);
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Acquire_OneBeingRegistered_WaitsForIt()
    {
        var stage = new Stage();
        var registration = Manager.RegisterAsync(New(initialize: stage.RunAsync));
        await stage.Begun;
        var acquire = Manager.AcquireAsync("log").AsTask();
        Assert.False(acquire.IsCompleted);

        stage.End();
        await registration.WaitAsync(Guard);

        await using var lease = await acquire.WaitAsync(Guard);
        Assert.Equal(ResourceState.InUse, lease.Resource.State);
    }

    [Fact]
    public async Task Acquire_OneBeingRegisteredThatFails_IsNotFoundAndSaysWhy()
    {
        var stage = new Stage();
        var registration = Manager.RegisterAsync(New(initialize: stage.RunAsync));
        await stage.Begun;
        var acquire = Manager.AcquireAsync("log").AsTask();

        stage.Fail(new IOException("no such file"));

        await Assert.ThrowsAsync<ResourceInitializationException>(() => registration.WaitAsync(Guard));
        var thrown = await Assert.ThrowsAsync<ResourceNotFoundException>(() => acquire.WaitAsync(Guard));
        Assert.Equal("Resource 'log' cannot be acquired: its registration failed.", thrown.Message);
    }

    [Fact]
    public async Task Acquire_CancelledWhileItIsRegistered_EndsTheWaitAlone()
    {
        using var cancellation = new CancellationTokenSource();
        var stage = new Stage();
        var registration = Manager.RegisterAsync(New(initialize: stage.RunAsync));
        await stage.Begun;
        var acquire = Manager.AcquireAsync("log", cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => acquire.WaitAsync(Guard));
        stage.End();
        await registration.WaitAsync(Guard);
        Assert.Empty(Manager.GetResources()[0].Leases);
    }

    [Fact]
    public async Task Acquire_UnknownId_NamesIt()
    {
        var thrown = await Assert.ThrowsAsync<ResourceNotFoundException>(async () => await Manager.AcquireAsync("nobody"));

        Assert.Equal("nobody", thrown.ResourceId);
        Assert.Equal("Resource 'nobody' cannot be acquired: no resource is registered under this Id.", thrown.Message);
        await Assert.ThrowsAsync<ArgumentNullException>(async () => await Manager.AcquireAsync(null!));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Manager.AcquireAsync("nobody", new CancellationToken(true)));
    }

    [Fact]
    public async Task Acquire_AsItsType_AndAsAnotherType()
    {
        await Manager.RegisterAsync(New());

        await using (var lease = await Manager.AcquireAsync<ProbeResource>("log"))
        {
            Assert.Equal(1, lease.Resource.Initializations);
        }

        await Assert.ThrowsAsync<InvalidCastException>(async () => await Manager.AcquireAsync<OtherResource>("log"));
        Assert.Empty(Manager.GetResources()[0].Leases);
    }

    [Fact]
    public async Task Acquire_DisposedByItsMakerBehindTheManager_SaysSo()
    {
        var resource = New();
        await Manager.RegisterAsync(resource);
        await resource.DisposeAsync();

        var thrown = await Assert.ThrowsAsync<ResourceNotFoundException>(async () => await Manager.AcquireAsync("log"));

        Assert.Equal("Resource 'log' cannot be acquired: it is Disposed.", thrown.Message);
        await Manager.ReleaseAsync("log");
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Acquire_ByMany_IsShared()
    {
        var resource = New();
        await Manager.RegisterAsync(resource);
        await using var one = await Manager.AcquireAsync("log");
        await using var other = await Manager.AcquireAsync("log");

        Assert.Same(one.Resource, other.Resource);
        Assert.NotEqual(one, other);
        Assert.Equal(2, Manager.GetResources()[0].Leases.Count);
        Assert.Throws<NotSupportedException>(() => one.Detach());
    }

    [Fact]
    public async Task Acquire_IsAUse()
    {
        var resource = New();
        await Manager.RegisterAsync(resource);
        Time.Advance(TimeSpan.FromMinutes(1));

        await using var lease = await Manager.AcquireAsync("log");

        Assert.Equal(Time.GetUtcNow(), resource.LastUsedAt);
    }

    [Fact]
    public async Task Invalidate_CleansUpAfterTheLastHolder()
    {
        var resource = New();
        await Manager.RegisterAsync(resource);
        var one = await Manager.AcquireAsync("log");
        var other = await Manager.AcquireAsync("log");

        one.Invalidate(new IOException("gone"));
        one.Dispose();
        await Assert.ThrowsAsync<ResourceNotFoundException>(async () => await Manager.AcquireAsync("log"));
        Assert.Equal(0, resource.Cleanups);
        other.Dispose();

        await UntilAsync(() => Manager.Count == 0);
        Assert.Equal(1, resource.Cleanups);
        Assert.Contains(Log.Entries, entry => entry.Id == 1004 && entry.Exception is IOException);
        Assert.Equal(1, Metrics.Count("pepperpy_resource_cleanups_total{reason=invalidated,type=file}"));
        await Manager.RegisterAsync(New());
    }

    [Fact]
    public async Task GetResources_ShowsThemInOrderOfRegistration()
    {
        await Manager.RegisterAsync(New("b", TimeSpan.FromMinutes(1)));
        await Manager.RegisterAsync(New("a"));
        var lease = await Manager.AcquireAsync("b");
        var release = Manager.ReleaseAsync("b");

        var resources = Manager.GetResources();

        Assert.Equal(["b", "a"], resources.Select(resource => resource.Metadata.Id));
        Assert.Equal([ResourceState.InUse, ResourceState.Initialized], resources.Select(resource => resource.State));
        Assert.Equal([true, false], resources.Select(resource => resource.IsReleasing));
        var info = Assert.Single(resources[0].Leases);
        Assert.Equal(nameof(GetResources_ShowsThemInOrderOfRegistration), info.CallSite.Member);
        Assert.Equal("ResourceManagerTests.cs", info.CallSite.File);
        Assert.Equal("b", info.Source);
        Assert.Empty(resources[1].Leases);
        lease.Dispose();
        await release.WaitAsync(Guard);
    }

    [Fact]
    public void Create_OptionsWithFaults_NamesAllOfThem()
    {
        var thrown = Assert.Throws<ArgumentException>(() => new ResourceManager(new ResourceManagerOptions
        {
            Name = " ",
            ReleaseTimeout = TimeSpan.FromSeconds(-1),
            CleanupTimeout = TimeSpan.Zero,
        }));

        Assert.Contains("3 fault(s)", thrown.Message, StringComparison.Ordinal);
        Assert.All(
            ["Name", "ReleaseTimeout", "CleanupTimeout"],
            name => Assert.Contains(name, thrown.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Create_OptionsChangedLater_HaveNoEffect()
    {
        var options = new ResourceManagerOptions { ReleaseTimeout = TimeSpan.Zero };
        var manager = new ResourceManager(options, Time, Monitor, Log);
        options.ReleaseTimeout = TimeSpan.FromHours(1);
        await manager.RegisterAsync(New());
        using var lease = await manager.AcquireAsync("log");

        await Assert.ThrowsAsync<ResourceBusyException>(() => manager.ReleaseAsync("log").WaitAsync(Guard));
    }

    [Fact]
    public async Task Everything_WithALoggerThatThrows_WorksAllTheSame()
    {
        var manager = new ResourceManager(null, Time, Monitor, new Monitoring.LogRecorder<ResourceManager> { Throws = true });

        await Assert.ThrowsAsync<ResourceInitializationException>(
            () => manager.RegisterAsync(New(initialize: _ => throw new IOException("no"))));
        await manager.RegisterAsync(New(cleanUp: () => throw new IOException("no")));
        (await manager.AcquireAsync("log")).Dispose();
        await Assert.ThrowsAsync<ResourceCleanupException>(() => manager.ReleaseAsync("log"));
        await manager.DisposeAsync();

        Assert.Equal(0, manager.Count);
    }

    private sealed class OtherResource() : Resource(new ResourceMetadata { Type = ResourceType.Custom })
    {
        protected override ValueTask OnInitializeAsync(CancellationToken cancellationToken) => default;

        protected override ValueTask OnCleanupAsync() => default;
    }
}
