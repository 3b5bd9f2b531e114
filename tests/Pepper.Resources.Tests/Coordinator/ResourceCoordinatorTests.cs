using System.Text.Json;
using Pepper.Resources.Pooling;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Coordinator;

public sealed class ResourceCoordinatorTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _events = [];

    private ResourceCoordinatorBuilder NewBuilder() =>
        ResourceCoordinator.CreateBuilder().UseTimeProvider(_time).UseMonitor(new ResourceMonitor());

    private static ResourcePoolOptions Small(int min = 1, int max = 2) => new() { MinSize = min, MaxSize = max };

    private IResourceFactory<Thing> Things(string name, Exception? failure = null) => ResourceFactory.Create<Thing>(
        _ =>
        {
            Note($"create {name}");
            return failure is null ? new ValueTask<Thing>(new Thing(name)) : ValueTask.FromException<Thing>(failure);
        },
        destroy: (_, _, _) =>
        {
            Note($"destroy {name}");
            return default;
        });

    private void Note(string what)
    {
        lock (_events)
        {
            _events.Add(what);
        }
    }

    [Fact]
    public async Task Start_WithDependencies_StartsEachAfterWhatItDependsOnAndStopsInReverse()
    {
        var coordinator = NewBuilder()
            .AddPool("c", Things("c"), Small(), "b")
            .AddResource(new NotedResource("b", Note), "a")
            .AddPool("a", Things("a"), Small())
            .Build();

        await coordinator.StartAsync();
        Assert.Equal(CoordinatorState.Running, coordinator.State);
        await coordinator.CleanupAsync();

        Assert.Equal(["create a", "open b", "create c", "destroy c", "close b", "destroy a"], _events);
        Assert.Equal(CoordinatorState.Stopped, coordinator.State);
    }

    [Fact]
    public async Task Start_WhenAPartFails_StopsWhatWasStartedAndThrowsTheCause()
    {
        var cause = new InvalidDataException("no disk");
        var coordinator = NewBuilder()
            .AddPool("good", Things("good"), Small())
            .AddPool("bad", Things("bad", cause), Small(), "good")
            .AddPool("never", Things("never"), Small(), "bad")
            .Build();

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => coordinator.StartAsync());

        Assert.Same(cause, thrown.InnerException);
        Assert.Equal(["create good", "create bad", "destroy good"], _events);
        Assert.Equal(CoordinatorState.Stopped, coordinator.State);
        Assert.Empty(coordinator.Pools);
        await Assert.ThrowsAsync<InvalidOperationException>(() => coordinator.StartAsync());
    }

    [Fact]
    public async Task Start_WhenCancelled_UndoesWhatWasStarted()
    {
        using var source = new CancellationTokenSource();
        var hang = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        var coordinator = NewBuilder()
            .AddPool("first", Things("first"), Small())
            .AddPool<Thing>("hangs", async token =>
            {
                begun.SetResult();
                await hang.Task.WaitAsync(token);
                return new Thing("hangs");
            }, Small(), "first")
            .Build();

        var start = coordinator.StartAsync(source.Token);
        await begun.Task.WaitAsync(Guard);
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start.WaitAsync(Guard));
        Assert.Equal(["create first", "destroy first"], _events);
        Assert.Empty(coordinator.Pools);
    }

    [Fact]
    public async Task Cleanup_WhileStarting_CancelsTheStartAndUndoesIt()
    {
        var begun = new TaskCompletionSource();
        var coordinator = NewBuilder()
            .AddPool("first", Things("first"), Small())
            .AddPool<Thing>("hangs", async token =>
            {
                begun.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, _time, token);
                return new Thing("hangs");
            }, Small(), "first")
            .Build();
        var start = coordinator.StartAsync();
        await begun.Task.WaitAsync(Guard);

        await coordinator.CleanupAsync().WaitAsync(Guard);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start.WaitAsync(Guard));
        Assert.Equal(CoordinatorState.Stopped, coordinator.State);
        Assert.Equal(["create first", "destroy first"], _events);
        Assert.Empty(coordinator.Pools);
    }

    [Fact]
    public void Build_WithFaults_ListsAllOfThem()
    {
        var builder = NewBuilder()
            .Configure(options => options.DegradedWait = TimeSpan.Zero)
            .AddPool("x", Things("x"), Small(min: 5, max: 2), "y")
            .AddPool("y", Things("y"), Small(), "z")
            .AddPool("z", Things("z"), Small(), "y")
            .AddPool("z", Things("z"), Small())
            .AddPool("lonely", Things("lonely"), Small(), "nobody");

        var thrown = Assert.Throws<ArgumentException>(builder.Build);

        Assert.Contains("DegradedWait is 00:00:00", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("MinSize is 5", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("y → z → y", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("'z' is taken twice", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("'lonely' depends on 'nobody'", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_Twice_Throws()
    {
        var builder = NewBuilder();
        builder.Build();
        Assert.Throws<InvalidOperationException>(builder.Build);
    }

    [Fact]
    public async Task GetPool_OfAnotherNameOrType_SaysWhatThereIs()
    {
        await using var coordinator = NewBuilder().AddPool("orders", Things("orders")).Build();

        var unknown = Assert.Throws<ResourceNotFoundException>(() => coordinator.GetPool<Thing>("order"));
        Assert.Contains("there are: orders", unknown.Message, StringComparison.Ordinal);
        var wrong = Assert.Throws<InvalidCastException>(() => coordinator.GetPool<string>("orders"));
        Assert.Contains("System.String", wrong.Message, StringComparison.Ordinal);
        Assert.Same(coordinator.GetPool<Thing>("orders"), coordinator.Pools["orders"]);
    }

    [Fact]
    public async Task Cleanup_WhenALeaseIsOut_GivesUpAtStopTimeout()
    {
        var coordinator = NewBuilder()
            .Configure(options => options.StopTimeout = TimeSpan.FromSeconds(5))
            .AddPool("held", Things("held"), Small())
            .AddPool("free", Things("free"), Small())
            .Build();
        await coordinator.StartAsync();
        var lease = await coordinator.AcquireAsync<Thing>("held");

        var cleanup = coordinator.CleanupAsync();
        await AdvanceUntilAsync(cleanup);

        var thrown = await Assert.ThrowsAsync<AggregateException>(() => cleanup);
        var busy = Assert.IsType<ResourceBusyException>(Assert.Single(thrown.InnerExceptions));
        Assert.Contains(nameof(Cleanup_WhenALeaseIsOut_GivesUpAtStopTimeout), busy.Message, StringComparison.Ordinal);
        Assert.Empty(coordinator.Pools);
        Assert.Contains("destroy free", _events);
        Assert.Equal("held", lease.Resource.Name);
        await lease.DisposeAsync();
        await EventuallyAsync(() => _events.Contains("destroy held"));
    }

    [Fact]
    public async Task Cleanup_TwiceAndDispose_IsHarmless()
    {
        var coordinator = NewBuilder().AddPool("one", Things("one")).Build();
        await coordinator.StartAsync();

        await Task.WhenAll(coordinator.CleanupAsync(), coordinator.CleanupAsync()).WaitAsync(Guard);
        await coordinator.DisposeAsync();

        Assert.Equal(["create one", "destroy one"], _events);
    }

    [Fact]
    public async Task GetSnapshot_ShowsPoolsLeasesAndResourcesAsJson()
    {
        await using var coordinator = NewBuilder()
            .AddPool("orders", Things("orders"), Small())
            .AddResource(new NotedResource("log", Note))
            .Build();
        await coordinator.StartAsync();
        await using var lease = await coordinator.AcquireAsync<Thing>("orders");

        using var json = JsonDocument.Parse(coordinator.GetSnapshot().ToJson());

        Assert.Equal("running", json.RootElement.GetProperty("state").GetString(), ignoreCase: true);
        var pool = Assert.Single(json.RootElement.GetProperty("pools").EnumerateArray());
        Assert.Equal(1, pool.GetProperty("statistics").GetProperty("inUse").GetInt32());
        var holder = Assert.Single(pool.GetProperty("leases").EnumerateArray());
        var member = holder.GetProperty("callSite").GetProperty("member").GetString();
        Assert.Equal(nameof(GetSnapshot_ShowsPoolsLeasesAndResourcesAsJson), member);
        var resource = Assert.Single(json.RootElement.GetProperty("resources").EnumerateArray());
        Assert.Equal("log", resource.GetProperty("metadata").GetProperty("id").GetString());
    }

    [Fact]
    public async Task GetHealth_FollowsStatePauseWaitsAndFailures()
    {
        var isFailing = false;
        await using var coordinator = NewBuilder()
            .AddPool<Thing>(
                "p",
                _ => isFailing ? ValueTask.FromException<Thing>(new IOException("down")) : new(new Thing("p")),
                Small(min: 0, max: 1))
            .Build();
        Assert.Equal(ResourceHealth.Unhealthy, coordinator.GetHealth().Status);

        await coordinator.StartAsync();
        Assert.Equal(ResourceHealth.Healthy, coordinator.GetHealth().Status);

        var pool = coordinator.GetPool<Thing>("p");
        pool.Pause();
        Assert.Contains("is paused", Assert.Single(coordinator.GetHealth().Reasons), StringComparison.Ordinal);
        pool.Resume();

        var lease = await pool.AcquireAsync();
        var waiting = pool.AcquireAsync().AsTask();
        _time.Advance(TimeSpan.FromSeconds(6));
        var waits = coordinator.GetHealth();
        Assert.Equal(ResourceHealth.Degraded, waits.Status);
        Assert.Contains("DegradedWait (00:00:05)", Assert.Single(waits.Reasons), StringComparison.Ordinal);

        isFailing = true;
        lease.Invalidate();
        await lease.DisposeAsync();
        await Assert.ThrowsAsync<ResourceInitializationException>(() => waiting.WaitAsync(Guard));
        var fails = coordinator.GetHealth();
        Assert.Equal(ResourceHealth.Unhealthy, fails.Status);
        Assert.Contains("No resource is usable", Assert.Single(fails.Reasons), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetHealth_PoolIsOverloaded_IsDegradedAlthoughNobodyWaitsForLong()
    {
        var options = Small(min: 0, max: 1);
        options.Shedding = new SheddingOptions { Interval = TimeSpan.FromSeconds(1) };
        await using var coordinator = NewBuilder().AddPool<Thing>("p", Things("p"), options).Build();
        await coordinator.StartAsync();
        var pool = coordinator.GetPool<Thing>("p");
        var lease = await pool.AcquireAsync();
        var rejected = pool.AcquireAsync().AsTask();
        var kept = pool.AcquireAsync().AsTask();

        _time.Advance(TimeSpan.FromSeconds(2));

        await Assert.ThrowsAsync<PoolExhaustedException>(() => rejected.WaitAsync(Guard));
        Assert.Equal(ResourceHealth.Degraded, coordinator.GetHealth().Status);
        Assert.Contains("overloaded", Assert.Single(coordinator.GetHealth().Reasons), StringComparison.Ordinal);
        await lease.DisposeAsync();
        await (await kept.WaitAsync(Guard)).DisposeAsync();
        Assert.Equal(ResourceHealth.Healthy, coordinator.GetHealth().Status);
    }

    private async Task AdvanceUntilAsync(Task task)
    {
        for (var step = 0; step < 1000 && !task.IsCompleted; step++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System));
        }

        Assert.True(task.IsCompleted, "It did not end in a thousand seconds of manual time.");
    }

    private async Task EventuallyAsync(Func<bool> condition)
    {
        for (var step = 0; step < 1000 && !Check(); step++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }

        Assert.True(Check(), $"It did not come to that; events: {string.Join(", ", _events)}");

        bool Check()
        {
            lock (_events)
            {
                return condition();
            }
        }
    }

    private sealed record Thing(string Name);

    private sealed class NotedResource(string id, Action<string> note)
        : Resource(new ResourceMetadata { Id = id, Type = ResourceType.Custom })
    {
        protected override ValueTask OnInitializeAsync(CancellationToken cancellationToken)
        {
            note($"open {Metadata.Id}");
            return default;
        }

        protected override ValueTask OnCleanupAsync()
        {
            note($"close {Metadata.Id}");
            return default;
        }
    }
}
