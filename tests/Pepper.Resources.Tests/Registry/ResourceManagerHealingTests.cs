using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Registry;

/// <summary>A resource that the manager makes, and makes anew when it is broken.</summary>
public sealed class ResourceManagerHealingTests : HealingTest
{
    private static readonly AsyncLocal<string?> Flow = new();

    [Fact]
    public async Task Register_Factory_MakesAndLends()
    {
        await RegisterAsync();

        await using var lease = await LendAsync();

        Assert.Same(Shop.Made.Single(), lease.Resource);
        Assert.Equal((1, ResourceState.InUse), (lease.Resource.Initializations, lease.Resource.State));
        Assert.Equal((0, ResourceHealth.Healthy, null), (Row.Remade, Row.Health, Row.HealthReason));
        Assert.Equal(1, Metrics.Sum("pepperpy_resource_operations_total{operation=register,success=true,type=file}"));
    }

    [Fact]
    public async Task Invalidate_NobodyAsks_IsMadeAnewUnderTheSameId()
    {
        await RegisterAsync();

        await BreakAsync();

        await UntilAsync(() => Row is { Remade: 1, IsReleasing: false });
        var (old, made) = (Shop.Made[0], Shop.Made[1]);
        Assert.Equal((1, ResourceState.Disposed), (old.Cleanups, old.State));
        await using var lease = await LendAsync();
        Assert.Same(made, lease.Resource);
        Assert.Equal((2, 1), (Shop.Asked, Shop.MostAlive));
        Assert.Equal(ResourceHealth.Healthy, Row.Health);
        await UntilAsync(() => Log.Has(1008, "scale"));
        Assert.Equal(1, Metrics.Count("pepperpy_resource_cleanups_total{reason=invalidated,type=file}"));
        Assert.Equal(1, Metrics.Sum("pepperpy_resource_operations_total{operation=remake,success=true,type=file}"));
        Assert.Equal(
            1, Metrics.Observe("pepperpy_resources_total")["pepperpy_resources_total{pool=registry,type=file}"]);
    }

    [Fact]
    public async Task Invalidate_OthersHoldIt_TheyKeepItAndTheNextIsMadeAfterTheLast()
    {
        await RegisterAsync();
        var held = await LendAsync();
        await BreakAsync();
        var waiting = LendAsync().AsTask();

        Assert.False(waiting.IsCompleted);
        Assert.Equal((1, 0), (Shop.Asked, Shop.Made[0].Cleanups));
        Assert.Contains("its last holder", Row.HealthReason, StringComparison.Ordinal);
        Assert.Equal((ResourceHealth.Unhealthy, true), (Row.Health, Row.IsReleasing));
        Assert.Single(Row.Leases);
        held.Dispose();

        await using var lease = await waiting.WaitAsync(Guard);
        Assert.Same(Shop.Made[1], lease.Resource);
        Assert.Equal((1, 1), (Shop.Made[0].Cleanups, Shop.MostAlive));
    }

    [Fact]
    public async Task Invalidate_CleanupTakesLong_TheNextIsMadeAfterIt()
    {
        var cleanup = new Stage();
        Shop.CleanUp = () => cleanup.RunAsync();
        await RegisterAsync();
        await BreakAsync();
        await cleanup.Begun;
        Assert.Equal(1, Shop.Asked);

        Shop.CleanUp = null;
        cleanup.End();

        await UntilAsync(() => Row is { Remade: 1, IsReleasing: false });
        Assert.Equal(1, Shop.MostAlive);
    }

    [Fact]
    public async Task Invalidate_CleanupFails_TheNextIsMadeAllTheSame()
    {
        Shop.CleanUp = () => throw new IOException("stuck");
        await RegisterAsync();

        await BreakAsync();

        await UntilAsync(() => Row is { Remade: 1, IsReleasing: false });
        Assert.True(Log.Has(1001, "stuck"));
    }

    [Fact]
    public async Task Acquire_SomebodyHasDisposedTheResource_IsMadeAnew()
    {
        await RegisterAsync();
        await Shop.Made[0].DisposeAsync();

        await using var lease = await LendAsync().AsTask().WaitAsync(Guard);

        Assert.Same(Shop.Made[1], lease.Resource);
        Assert.Equal(1, Shop.Made[0].Cleanups);
    }

    [Fact]
    public async Task Acquire_WhileItIsMade_OneCancels_TheOthersAreServed()
    {
        await RegisterAsync();
        Shop.Stage = new Stage();
        await BreakAsync();
        await Shop.Stage.Begun;
        using var cancellation = new CancellationTokenSource();
        var cancelled = LendAsync(cancellation.Token).AsTask();
        var others = Enumerable.Range(0, 5).Select(_ => LendAsync().AsTask()).ToList();

        await cancellation.CancelAsync();

        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(Guard));
        Assert.Equal(cancellation.Token, thrown.CancellationToken);
        Assert.DoesNotContain(others, static other => other.IsCompleted);
        Shop.Stage.End();
        foreach (var other in others)
        {
            await using var lease = await other.WaitAsync(Guard);
            Assert.Same(Shop.Made[1], lease.Resource);
        }
    }

    [Fact]
    public async Task Remake_RunsWithoutAnybodysContext()
    {
        List<string?> seen = [];
        Shop.Initialize = _ =>
        {
            seen.Add(Flow.Value);
            return default;
        };
        Flow.Value = "caller";
        await RegisterAsync();

        Shop.Failure = new IOException("no such device");
        await BreakAsync();
        await UntilRestsAsync(2, 100);
        Shop.Failure = null;
        Time.Advance(TimeSpan.FromMilliseconds(100));
        await UntilAsync(() => Row is { Remade: 1, IsReleasing: false });
        await BreakAsync();

        await UntilAsync(() => Row is { Remade: 2, IsReleasing: false });
        Assert.Equal(["caller", null, null], seen);
    }

    [Fact]
    public async Task Register_FactoryFails_LeavesNothingBehind()
    {
        Shop.Failure = new IOException("no such device");

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => RegisterAsync());

        Assert.Equal("Resource 'scale' could not be made: no such device", thrown.Message);
        Assert.Same(Shop.Failure, thrown.InnerException);
        Assert.Equal(0, Manager.Count);
        Assert.Equal(1, Metrics.Sum("pepperpy_resource_operations_total{operation=register,success=false,type=unknown}"));
        Assert.True(Log.Has(1000, "no such device"));
        Assert.Empty(Metrics.Observe("pepperpy_circuit_state"));
        Shop.Failure = null;
        await RegisterAsync();
    }

    [Fact]
    public async Task Register_InitializationFails_CleansUpAndFreesTheId()
    {
        Shop.Initialize = _ => throw new IOException("no answer");

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => RegisterAsync());

        Assert.Equal("Resource 'scale' (file) could not be initialized: no answer", thrown.Message);
        Assert.Equal((1, 0, 0), (Shop.Made[0].Cleanups, Shop.Alive, Manager.Count));
    }

    [Fact]
    public async Task Register_FactoryGivesAnotherId_SaysSoAndCleansUp()
    {
        Shop.MadeId = "other";

        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => RegisterAsync());

        Assert.Equal(
            "What makes resource 'scale' gave one whose Metadata.Id is 'other': "
            + "it must be the Id that was given to RegisterAsync.",
            thrown.Message);
        Assert.Equal((0, ResourceState.Disposed), (Shop.Made[0].Initializations, Shop.Made[0].State));
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Register_FactoryGivesNull_SaysSo()
    {
        var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(
            () => Manager.RegisterAsync(Id, static _ => new ValueTask<Resource>((Resource)null!)));

        Assert.Equal("What makes resource 'scale' gave null.", thrown.Message);
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Register_IdIsTaken_MakesNothing()
    {
        await Manager.RegisterAsync(New(Id));

        await Assert.ThrowsAsync<DuplicateResourceException>(() => RegisterAsync());

        Assert.Equal(0, Shop.Asked);
        await Assert.ThrowsAsync<DuplicateResourceException>(() => Manager.RegisterAsync(New(Id)));
    }

    [Fact]
    public async Task Register_Cancelled_EndsItsMakingAndFreesTheId()
    {
        using var cancellation = new CancellationTokenSource();
        Shop.Stage = new Stage();
        var registration = Manager.RegisterAsync(Id, Shop.MakeAsync, cancellationToken: cancellation.Token);
        await Shop.Stage.Begun;

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => registration.WaitAsync(Guard));
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Register_Hangs_IsToldAfterCreateTimeoutAndTheLateOneIsCleanedUp()
    {
        Shop.Stage = new Stage();
        Shop.IgnoresCancellation = true;
        var registration = RegisterAsync();
        await Shop.Stage.Begun;
        await UntilTimerIsSetAsync(30);

        Time.Advance(TimeSpan.FromSeconds(30));
        await UntilTimerIsSetAsync(30);
        Assert.Equal(1, Manager.Count);
        Shop.Stage.End();

        var thrown = await Assert.ThrowsAsync<ResourceTimeoutException>(() => registration.WaitAsync(Guard));
        Assert.Equal(
            "Resource 'scale' was not made within ResourceManagerOptions.CreateTimeout (00:00:30).", thrown.Message);
        Assert.Equal((0, ResourceState.Disposed), (Shop.Made[0].Initializations, Shop.Made[0].State));
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Register_OptionsHaveFaults_ListsAllOfThem()
    {
        var thrown = await Assert.ThrowsAsync<ArgumentException>(() => RegisterAsync(static options =>
        {
            options.CreateAttempts = 0;
            options.Circuit.FailureThreshold = 0;
        }));

        Assert.StartsWith("The recovery options of resource 'scale' have 2 fault(s): ", thrown.Message, StringComparison.Ordinal);
        Assert.Equal((0, 0), (Shop.Asked, Manager.Count));
        await Assert.ThrowsAsync<ArgumentException>(() => Manager.RegisterAsync(" ", Shop.MakeAsync));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Manager.RegisterAsync(Id, null!));
    }

    [Fact]
    public async Task Expiry_OfAResourceThatIsMade_ReleasesIt()
    {
        Shop.TimeToLive = TimeSpan.FromMinutes(1);
        await RegisterAsync();
        await BreakAsync();
        await UntilAsync(() => Row is { Remade: 1, IsReleasing: false });

        await UntilAsync(() =>
        {
            Time.Advance(TimeSpan.FromSeconds(30));
            return Manager.Count == 0;
        });

        Assert.Equal([1, 1], Shop.Made.Select(static one => one.Cleanups));
        Assert.Equal(2, Shop.Asked);
        Assert.Empty(Metrics.Observe("pepperpy_circuit_state"));
        await Assert.ThrowsAsync<ResourceNotFoundException>(async () => await LendAsync());
    }

    [Fact]
    public async Task Remade_TooOften_IsUnhealthyAndLoggedOnce()
    {
        await RegisterAsync(static options => options.MaxRecoveries = 2);
        for (var round = 1; round <= 4; round++)
        {
            await BreakAsync();
            await UntilAsync(() => Row.Remade == round && !Row.IsReleasing);
            Assert.Equal(round <= 2 ? ResourceHealth.Healthy : ResourceHealth.Unhealthy, Row.Health);
        }

        Assert.Equal(
            "It had to be made anew more than 2 time(s) (MaxRecoveries) within 00:10:00 (RecoveryPeriod).", Row.HealthReason);

        // The third is logged on a thread of its own, and may be overtaken by the fourth.
        await UntilAsync(() => Log.Entries.Count(static entry => entry.Id == 1008) == 4);
        await UntilAsync(() => Log.Entries.Any(static entry => entry.Id == 1009));
        Assert.Single(Log.Entries, static entry => entry.Id == 1009);
        Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal((ResourceHealth.Healthy, null), (Row.Health, Row.HealthReason));
    }
}
