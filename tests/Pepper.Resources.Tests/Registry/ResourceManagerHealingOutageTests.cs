using Pepper.Resources.Recovery;
using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Registry;

/// <summary>What cannot be made anew for a while: pauses, the circuit, its probe, and who is told what.</summary>
public sealed class ResourceManagerHealingOutageTests : HealingTest
{
    [Fact]
    public async Task Outage_AttemptsAreSpacedUntilTheCircuitOpens_AndCallersAreToldAtOnce()
    {
        await OpenAsync();

        var told = Assert.IsType<CircuitOpenException>(await FailureAsync());

        Assert.Equal((Break, CircuitState.Open), (told.RetryAfter, told.State));
        Assert.StartsWith("Resource 'scale' was found broken and could not be made anew", told.Message, StringComparison.Ordinal);
        Assert.Contains("CircuitBreakerOptions.ResetTimeout", told.Message, StringComparison.Ordinal);
        Assert.Same(Shop.Failure, told.InnerException);
        Assert.Equal(TimeSpan.FromMilliseconds(1500), Time.Elapsed);
        Assert.Equal((ResourceHealth.Unhealthy, 0), (Row.Health, Row.Remade));
        Assert.Contains("no such device", Row.HealthReason, StringComparison.Ordinal);
        Assert.Equal(5, Metrics.Sum("pepperpy_resource_operations_total{operation=remake,success=false,type=file}"));
        Assert.Empty(Metrics.Observe("pepperpy_resources_total"));
        Assert.Equal(2, Metrics.Observe("pepperpy_circuit_state")["pepperpy_circuit_state{name=registry}"]);
    }

    [Fact]
    public async Task Outage_IsOver_TheProbeHealsWithNobodyAsking()
    {
        await OpenAsync();
        Shop.Failure = null;

        Time.Advance(Break);

        await UntilAsync(() => Row is { Remade: 1, IsReleasing: false } && State == CircuitState.Closed);
        Assert.Equal((ResourceHealth.Healthy, null), (Row.Health, Row.HealthReason));
        Assert.Equal(0, Metrics.Observe("pepperpy_circuit_state")["pepperpy_circuit_state{name=registry}"]);
        await using var lease = await LendAsync();
        Assert.Same(Shop.Made[1], lease.Resource);
        Assert.Equal(1, Shop.MostAlive);
    }

    [Fact]
    public async Task Outage_ProbesFail_BreaksGrowAndAreHastenedWhileCallersAsk()
    {
        await OpenAsync();
        var asked = 6;
        foreach (var seconds in (int[])[1, 2, 4, 8])
        {
            Assert.Equal(TimeSpan.FromSeconds(seconds), Row.Circuit!.RetryAfter);
            Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.Equal(asked, Shop.Asked);
            Time.Advance(TimeSpan.FromMilliseconds(1));
            await UntilRestsAsync(++asked, 2000 * seconds);
        }

        Assert.Equal(TimeSpan.FromSeconds(16), Row.Circuit!.RetryAfter);
        Assert.Equal(TimeSpan.FromSeconds(2), Assert.IsType<CircuitOpenException>(await FailureAsync()).RetryAfter);
        Shop.Failure = null;
        Time.Advance(TimeSpan.FromSeconds(2));

        await UntilAsync(() => Row is { Remade: 1, IsReleasing: false });
    }

    [Fact]
    public async Task Outage_CallersWaitedWhenTheCircuitOpened_TheFirstBreakIsHastenedToo()
    {
        await RegisterAsync(static options =>
        {
            (options.Circuit.FailureThreshold, options.Circuit.ResetTimeout) = (1, TimeSpan.FromSeconds(20));
            options.Classify = static _ => FailureKind.Pool;
        });
        var stage = Shop.Stage = new Stage();
        await BreakAsync();
        await stage.Begun;
        var late = LendAsync().AsTask();

        stage.Fail(new IOException("no such device"));

        // It came after the attempt had begun, so what it is told is that there is none for now.
        var told = await Assert.ThrowsAsync<CircuitOpenException>(() => late.WaitAsync(Guard));
        Assert.Equal(TimeSpan.FromSeconds(2), told.RetryAfter);
        Shop.Stage = null;
        await UntilTimerIsSetAsync(2);
        Time.Advance(TimeSpan.FromSeconds(2));
        await UntilAsync(() => Row is { Remade: 1, IsReleasing: false });
    }

    [Fact]
    public async Task Outage_ProbeHangs_IsGivenUpAfterItsTimeAndItsLateProductIsCleanedUp()
    {
        await OpenAsync();
        Shop.Failure = null;
        Shop.IgnoresCancellation = true;
        var hanging = Shop.Stage = new Stage();
        Time.Advance(Break);
        await hanging.Begun;
        Assert.Equal(CircuitState.HalfOpen, Assert.IsType<CircuitOpenException>(await FailureAsync()).State);

        await UntilTimerIsSetAsync(5);
        Time.Advance(TimeSpan.FromSeconds(5));
        await UntilAsync(() => Log.Has(1007, "HalfOpenTimeout (00:00:05)"));
        Assert.Equal(CircuitState.Open, State);
        Shop.Stage = null;
        Time.Advance(TimeSpan.FromSeconds(4));

        // What hangs may still make something: there is no other attempt until it has ended, or is given up for good.
        Assert.Equal(7, Shop.Asked);
        hanging.End();
        await UntilAsync(() => Row is { Remade: 1, IsReleasing: false });
        Assert.Equal((8, 1, CircuitState.Closed), (Shop.Asked, Shop.MostAlive, State));
        Assert.Equal(ResourceState.Disposed, Shop.Made[1].State);
    }

    [Fact]
    public async Task Outage_MakingNeverEnds_IsAbandonedAndTheNextIsMade()
    {
        await RegisterAsync();
        Shop.IgnoresCancellation = true;
        var hanging = Shop.Stage = new Stage();
        await BreakAsync();
        await hanging.Begun;
        await UntilTimerIsSetAsync(30);
        var waiting = LendAsync().AsTask();

        Time.Advance(TimeSpan.FromSeconds(30));
        await UntilAsync(() => Log.Has(1007, "CreateTimeout (00:00:30)"));
        Shop.Stage = null;
        await UntilAsync(() =>
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            return Row is { Remade: 1, IsReleasing: false };
        });

        Assert.True(Log.Has(1010, "scale"));
        await using var lease = await waiting.WaitAsync(Guard);
        hanging.End();
        await UntilAsync(() => Shop.Made.Count == 3 && Shop.Made.Count(static one => one.State == ResourceState.Disposed) == 2);
        Assert.Equal((1, ResourceState.InUse), (Shop.Alive, lease.Resource.State));
    }

    [Fact]
    public async Task Attempt_Fails_ThoseWhoWaitedWhenItBeganAreTold_AndTheOthersWait()
    {
        await RegisterAsync();
        var first = Shop.Stage = new Stage();
        var held = await LendAsync();
        await BreakAsync();
        var before = Enumerable.Range(0, 3).Select(_ => LendAsync().AsTask()).ToList();
        held.Dispose();
        await first.Begun;
        var after = LendAsync().AsTask();
        Shop.Stage = null;
        first.Fail(new IOException("no such device"));

        foreach (var one in before)
        {
            var thrown = await Assert.ThrowsAsync<ResourceInitializationException>(() => one.WaitAsync(Guard));
            Assert.Equal("Resource 'scale' was found broken and could not be made anew: no such device", thrown.Message);
        }

        await UntilRestsAsync(2, 100);
        Assert.False(after.IsCompleted);
        Assert.Contains("being made anew; last failure: no such device", Row.HealthReason, StringComparison.Ordinal);
        Time.Advance(TimeSpan.FromMilliseconds(100));
        await using var lease = await after.WaitAsync(Guard);
    }

    [Fact]
    public async Task Attempt_Fails_CreateAttemptsSaysToTryAgain_NobodyIsToldBefore()
    {
        await RegisterAsync(static options => options.CreateAttempts = 3);
        Shop.Failure = new IOException("no such device");
        var held = await LendAsync();
        await BreakAsync();
        var waiting = LendAsync().AsTask();
        held.Dispose();
        await UntilRestsAsync(2, 100);
        Time.Advance(TimeSpan.FromMilliseconds(100));
        await UntilRestsAsync(3, 200);
        Assert.False(waiting.IsCompleted);

        Time.Advance(TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAsync<ResourceInitializationException>(() => waiting.WaitAsync(Guard));
        Assert.Equal(4, Shop.Asked);
    }

    [Fact]
    public async Task Attempt_BudgetIsEmpty_NoFurtherAttemptIsMadeUntilItPays()
    {
        var budget = new RetryBudget(new RetryBudgetOptions { Capacity = 1, Ratio = 0, MinimumPerSecond = 0 }, Time, Monitor);
        Assert.True(budget.TryWithdraw());
        await RegisterAsync(options => options.Budget = budget);
        Shop.Failure = new IOException("no such device");
        await BreakAsync();
        await UntilRestsAsync(2, 100);

        for (var step = 0; step < 20; step++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal(2, Shop.Asked);
        Assert.True(budget.Refused > 0);
    }

    [Fact]
    public async Task Attempt_FailsByARequestsOwnFault_CountsForNothing()
    {
        await RegisterAsync(static options => options.Classify = static _ => FailureKind.Request);
        Shop.Failure = new IOException("no such device");
        await BreakAsync();
        for (var attempt = 1; attempt < 8; attempt++)
        {
            var pause = 100 << (attempt - 1);
            await UntilRestsAsync(attempt + 1, pause);
            Time.Advance(TimeSpan.FromMilliseconds(pause));
        }

        await UntilRestsAsync(9, 12_800);
        Assert.Equal((CircuitState.Closed, 0), (State, Row.Circuit!.FailuresInARow));
        Shop.Failure = null;
        var waiting = LendAsync().AsTask();
        Assert.False(waiting.IsCompleted);

        // The pause would be longer, but somebody asks.
        Time.Advance(TimeSpan.FromSeconds(2));
        await using var lease = await waiting.WaitAsync(Guard);
    }

    [Fact]
    public async Task Attempt_InitializationFails_TheHalfMadeIsCleanedUpBeforeTheNext()
    {
        await RegisterAsync();
        Shop.Initialize = _ => throw new IOException("no answer");
        await BreakAsync();
        await UntilRestsAsync(2, 100);
        Assert.Equal((1, 0), (Shop.Made[1].Cleanups, Shop.Alive));
        Shop.Initialize = null;

        Time.Advance(TimeSpan.FromMilliseconds(100));

        await UntilAsync(() => Row is { Remade: 1, IsReleasing: false });
        Assert.Equal(1, Shop.MostAlive);
    }

    [Fact]
    public async Task Attempt_GivesAnotherId_IsAFailure()
    {
        await RegisterAsync();
        Shop.MadeId = "other";
        await BreakAsync();

        await UntilRestsAsync(2, 100);

        Assert.True(Log.Has(1007, "Metadata.Id is 'other'"));
        Assert.Equal(ResourceState.Disposed, Shop.Made[1].State);
        Assert.Equal(1, Row.Circuit!.FailuresInARow);
    }
}
