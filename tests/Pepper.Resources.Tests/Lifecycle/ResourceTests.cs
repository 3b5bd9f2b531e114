using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Lifecycle;

public sealed class ResourceTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Initialize_Twice_RunsTheHookOnce()
    {
        await using var resource = ProbeResource.Create();
        Assert.Equal(ResourceState.Created, resource.State);

        await resource.InitializeAsync();
        await resource.InitializeAsync();

        Assert.Equal(ResourceState.Initialized, resource.State);
        Assert.Equal(1, resource.Initializations);
    }

    [Fact]
    public async Task Initialize_FromTwoCallersAtOnce_RunsTheHookOnceAndBothWaitForIt()
    {
        var stage = new Stage();
        await using var resource = ProbeResource.Create(initialize: stage.RunAsync);
        var first = resource.InitializeAsync();
        await stage.Begun;
        var second = resource.InitializeAsync();
        Assert.False(second.IsCompleted);
        Assert.Equal(ResourceState.Created, resource.State);

        stage.End();
        await Task.WhenAll(first, second).WaitAsync(Stage.Guard);

        Assert.Equal(1, resource.Initializations);
        Assert.Equal(ResourceState.Initialized, resource.State);
    }

    [Fact]
    public async Task Initialize_HookFails_ThrowsWithIdTypeAndCauseAndIsFailed()
    {
        var cause = new InvalidOperationException("no route");
        await using var resource = ProbeResource.Create("line", type: ResourceType.Socket, initialize: _ => throw cause);

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => resource.InitializeAsync());

        Assert.Same(cause, thrown.InnerException);
        Assert.Equal("line", thrown.ResourceId);
        Assert.Equal(ResourceType.Socket, thrown.ResourceType);
        Assert.Equal("Resource 'line' (socket) could not be initialized: no route", thrown.Message);
        Assert.Equal(ResourceState.Failed, resource.State);
    }

    [Fact]
    public async Task Initialize_AfterAFailure_Recovers()
    {
        var failures = 1;
        await using var resource = ProbeResource.Create(
            initialize: _ => failures-- > 0 ? throw new InvalidOperationException("not yet") : default);
        await Assert.ThrowsAsync<ResourceInitializationException>(() => resource.InitializeAsync());

        await resource.InitializeAsync();

        Assert.Equal(ResourceState.Initialized, resource.State);
        Assert.Equal(2, resource.Initializations);
    }

    [Fact]
    public async Task Initialize_CancelledBeforehand_LeavesItCreatedAndRunsNothing()
    {
        await using var resource = ProbeResource.Create();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => resource.InitializeAsync(new CancellationToken(true)));

        Assert.Equal(ResourceState.Created, resource.State);
        Assert.Equal(0, resource.Initializations);
    }

    [Fact]
    public async Task Initialize_CancelledWhileTheHookRuns_ThrowsCancellationAndIsFailed()
    {
        using var cancellation = new CancellationTokenSource();
        var stage = new Stage();
        await using var resource = ProbeResource.Create(initialize: stage.RunAsync);
        var initialization = resource.InitializeAsync(cancellation.Token);
        await stage.Begun;

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => initialization.WaitAsync(Stage.Guard));
        Assert.Equal(ResourceState.Failed, resource.State);
    }

    [Fact]
    public async Task Initialize_HookCancelsByItself_IsAFailure()
    {
        await using var resource = ProbeResource.Create(
            initialize: _ => throw new OperationCanceledException("the server's own"));

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => resource.InitializeAsync());

        Assert.IsType<OperationCanceledException>(thrown.InnerException);
    }

    [Fact]
    public async Task Initialize_CancelledWhileAnotherInitializes_EndsTheWaitAlone()
    {
        using var cancellation = new CancellationTokenSource();
        var stage = new Stage();
        await using var resource = ProbeResource.Create(initialize: stage.RunAsync);
        var first = resource.InitializeAsync();
        await stage.Begun;
        var second = resource.InitializeAsync(cancellation.Token);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(Stage.Guard));
        stage.End();
        await first.WaitAsync(Stage.Guard);

        Assert.Equal(ResourceState.Initialized, resource.State);
    }

    [Fact]
    public async Task Initialize_Disposed_Throws()
    {
        var resource = ProbeResource.Create();
        await resource.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => resource.InitializeAsync());
    }

    [Fact]
    public async Task Dispose_NeverInitialized_HasNothingToCleanUp()
    {
        var resource = ProbeResource.Create();

        await resource.DisposeAsync();

        Assert.Equal(ResourceState.Disposed, resource.State);
        Assert.Equal(0, resource.Cleanups);
    }

    [Fact]
    public async Task Dispose_Initialized_CleansUpOnceHoweverOften()
    {
        var resource = ProbeResource.Create();
        await resource.InitializeAsync();

        await resource.DisposeAsync();
        await resource.DisposeAsync();

        Assert.Equal(ResourceState.Disposed, resource.State);
        Assert.Equal(1, resource.Cleanups);
    }

    [Fact]
    public async Task Dispose_AfterAFailedInitialization_CleansUpWhatIsHalfThere()
    {
        var resource = ProbeResource.Create(initialize: _ => throw new InvalidOperationException("half-way"));
        await Assert.ThrowsAsync<ResourceInitializationException>(() => resource.InitializeAsync());

        await resource.DisposeAsync();

        Assert.Equal(1, resource.Cleanups);
        Assert.Equal(ResourceState.Disposed, resource.State);
    }

    [Fact]
    public async Task Dispose_DuringInitialization_WaitsForItAndThenCleansUp()
    {
        var stage = new Stage();
        var resource = ProbeResource.Create(initialize: stage.RunAsync);
        var initialization = resource.InitializeAsync();
        await stage.Begun;
        var disposal = resource.DisposeAsync().AsTask();
        Assert.False(disposal.IsCompleted);
        Assert.Equal(0, resource.Cleanups);

        stage.End();
        await Task.WhenAll(initialization, disposal).WaitAsync(Stage.Guard);

        Assert.Equal(1, resource.Cleanups);
        Assert.Equal(ResourceState.Disposed, resource.State);
    }

    [Fact]
    public async Task Dispose_FromTwoCallersAtOnce_CleansUpOnceAndBothWaitForIt()
    {
        var stage = new Stage();
        var resource = ProbeResource.Create(cleanUp: () => stage.RunAsync());
        await resource.InitializeAsync();
        var first = Task.Run(async () => await resource.DisposeAsync());
        await stage.Begun;
        var second = Task.Run(async () => await resource.DisposeAsync());
        Assert.False(second.IsCompleted);

        stage.End();
        await Task.WhenAll(first, second).WaitAsync(Stage.Guard);

        Assert.Equal(1, resource.Cleanups);
    }

    [Fact]
    public async Task Dispose_WhileLent_IsRefusedAndCleansNothingUp()
    {
        await using var manager = new ResourceManager(monitor: new ResourceMonitor());
        var resource = ProbeResource.Create("log", type: ResourceType.File);
        await manager.RegisterAsync(resource);
        await using (await manager.AcquireAsync("log"))
        {
            var thrown = await Assert.ThrowsAsync<ResourceException>(async () => await resource.DisposeAsync());

            Assert.Equal("log", thrown.ResourceId);
            Assert.Equal(ResourceType.File, thrown.ResourceType);
            Assert.Contains("in use", thrown.Message, StringComparison.Ordinal);
            Assert.Equal(0, resource.Cleanups);
            Assert.Equal(ResourceState.InUse, resource.State);
        }
    }

    [Fact]
    public async Task Dispose_InvalidatedWhileOthersHoldIt_IsRefusedUntilTheLast()
    {
        await using var manager = new ResourceManager(monitor: new ResourceMonitor());
        var resource = ProbeResource.Create("log");
        await manager.RegisterAsync(resource);
        var one = await manager.AcquireAsync("log");
        var other = await manager.AcquireAsync("log");

        one.Invalidate();
        one.Dispose();

        await Assert.ThrowsAsync<ResourceException>(async () => await resource.DisposeAsync());
        Assert.Equal(0, resource.Cleanups);
        Assert.Equal(ResourceState.InUse, resource.State);
        other.Dispose();
        await manager.ReleaseAsync("log").WaitAsync(Stage.Guard);
        Assert.Equal(1, resource.Cleanups);
    }

    [Fact]
    public async Task Dispose_CleanupThrows_WrapsItAndIsDisposedAllTheSame()
    {
        var cause = new InvalidOperationException("disk gone");
        var resource = ProbeResource.Create("log", type: ResourceType.File, cleanUp: () => throw cause);
        await resource.InitializeAsync();

        var thrown = await Assert.ThrowsAsync<ResourceCleanupException>(async () => await resource.DisposeAsync());

        Assert.Same(cause, thrown.InnerException);
        Assert.Equal("log", thrown.ResourceId);
        Assert.Equal(ResourceType.File, thrown.ResourceType);
        Assert.Equal(ResourceState.Disposed, resource.State);
        await resource.DisposeAsync();
        Assert.Equal(1, resource.Cleanups);
    }

    [Fact]
    public void IsExpired_CountsFromLastUse()
    {
        var time = new ManualTimeProvider();
        var resource = ProbeResource.Create(timeToLive: Minute, timeProvider: time);

        time.Advance(Minute - TimeSpan.FromTicks(1));
        Assert.False(resource.IsExpired);
        resource.Touch();
        time.Advance(Minute - TimeSpan.FromTicks(1));
        Assert.False(resource.IsExpired);
        time.Advance(TimeSpan.FromTicks(1));
        Assert.True(resource.IsExpired);
        resource.Touch();
        Assert.False(resource.IsExpired);
    }

    [Fact]
    public void IsExpired_NoTimeToLive_Never()
    {
        var time = new ManualTimeProvider();
        var resource = ProbeResource.Create(timeProvider: time);

        time.Advance(TimeSpan.FromDays(10_000));

        Assert.False(resource.IsExpired);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void IsExpired_WallClockJumps_ChangesNothing(int hours)
    {
        var time = new ManualTimeProvider();
        var resource = ProbeResource.Create(timeToLive: Minute, timeProvider: time);

        time.SetUtcNow(time.GetUtcNow().AddHours(hours));
        Assert.False(resource.IsExpired);
        time.Advance(Minute - TimeSpan.FromTicks(1));
        Assert.False(resource.IsExpired);
        time.Advance(TimeSpan.FromTicks(1));
        Assert.True(resource.IsExpired);
    }

    [Fact]
    public async Task IsExpired_Initialization_IsAUse()
    {
        var time = new ManualTimeProvider();
        await using var resource = ProbeResource.Create(timeToLive: Minute, timeProvider: time);
        time.Advance(Minute);

        await resource.InitializeAsync();

        Assert.False(resource.IsExpired);
    }

    [Fact]
    public void LastUsedAt_IsTheWallClockOfTheLastUse()
    {
        var time = new ManualTimeProvider();
        var resource = ProbeResource.Create(timeProvider: time);
        var made = time.GetUtcNow();
        time.Advance(Minute);
        Assert.Equal(made, resource.LastUsedAt);

        resource.Touch();
        var used = time.GetUtcNow();
        time.Advance(Minute);

        Assert.Equal(used, resource.LastUsedAt);
    }

    [Fact]
    public void Create_NoMetadata_Throws() =>
        Assert.Throws<ArgumentNullException>(() => new ProbeResource(null!));
}
