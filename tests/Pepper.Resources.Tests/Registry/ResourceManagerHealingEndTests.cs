using Pepper.Resources.Tests.Lifecycle;

namespace Pepper.Resources.Tests.Registry;

/// <summary>A release and the manager's disposal end the healing, wherever it stands.</summary>
public sealed class ResourceManagerHealingEndTests : HealingTest
{
    public static TheoryData<bool> Ends => [false, true];

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task End_WhileItServes_CleansUpAndMakesNoOther(bool isDisposal)
    {
        await RegisterAsync();

        await EndAsync(isDisposal);

        await AssertEndedAsync(isDisposal, asked: 1);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task End_WhileABrokenOneIsHeld_WaitsForItsHolderAndTellsWhoWaits(bool isDisposal)
    {
        await RegisterAsync();
        var held = await LendAsync();
        await BreakAsync();
        var waiting = LendAsync().AsTask();

        var end = EndAsync(isDisposal);
        await Assert.ThrowsAsync<ResourceNotFoundException>(() => waiting.WaitAsync(Guard));
        Assert.False(end.IsCompleted);
        held.Dispose();
        await end.WaitAsync(Guard);

        await AssertEndedAsync(isDisposal, asked: 1);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task End_WhileABrokenOneIsCleanedUp_WaitsForIt(bool isDisposal)
    {
        var cleanup = new Stage();
        Shop.CleanUp = () => cleanup.RunAsync();
        await RegisterAsync();
        await BreakAsync();
        await cleanup.Begun;

        var end = EndAsync(isDisposal);
        Assert.False(end.IsCompleted);
        cleanup.End();
        await end.WaitAsync(Guard);

        await AssertEndedAsync(isDisposal, asked: 1);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task End_WhileTheNextIsMade_CancelsItAndTellsWhoWaits(bool isDisposal)
    {
        await RegisterAsync();
        Shop.Stage = new Stage();
        await BreakAsync();
        await Shop.Stage.Begun;
        var waiting = LendAsync().AsTask();

        await EndAsync(isDisposal).WaitAsync(Guard);

        var thrown = await Assert.ThrowsAsync<ResourceNotFoundException>(() => waiting.WaitAsync(Guard));
        Assert.Equal("Resource 'scale' cannot be acquired: it is being released.", thrown.Message);
        await AssertEndedAsync(isDisposal, asked: 2);
        Assert.DoesNotContain(Log.Entries, static entry => entry.Id == 1007);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task End_WhileTheNextIsMadeAndIgnoresIt_CleansTheLateOneUp(bool isDisposal)
    {
        await RegisterAsync();
        var initialization = new Stage();
        Shop.Initialize = _ => initialization.RunAsync(CancellationToken.None);
        await BreakAsync();
        await initialization.Begun;

        var end = EndAsync(isDisposal);
        Assert.False(end.IsCompleted);
        Assert.Equal(1, Manager.Count);
        initialization.End();
        await end.WaitAsync(Guard);

        await AssertEndedAsync(isDisposal, asked: 2);
        Assert.Equal(1, Shop.Made[1].Cleanups);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task End_BetweenAttempts_IsDoneAtOnce(bool isDisposal)
    {
        await RegisterAsync();
        Shop.Failure = new IOException("no such device");
        await BreakAsync();
        await UntilRestsAsync(2, 100);

        await EndAsync(isDisposal).WaitAsync(Guard);

        await AssertEndedAsync(isDisposal, asked: 2);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task End_WhileTheCircuitIsOpen_NoProbeIsMade(bool isDisposal)
    {
        await OpenAsync();

        await EndAsync(isDisposal).WaitAsync(Guard);

        await AssertEndedAsync(isDisposal, asked: 6);
    }

    [Fact]
    public async Task Release_Twice_BothWaitForTheEnd()
    {
        await RegisterAsync();
        var initialization = new Stage();
        Shop.Initialize = _ => initialization.RunAsync(CancellationToken.None);
        await BreakAsync();
        await initialization.Begun;
        var ends = new[] { Manager.ReleaseAsync(Id), Manager.ReleaseAsync(Id) };
        Assert.DoesNotContain(ends, static end => end.IsCompleted);

        initialization.End();

        await Task.WhenAll(ends).WaitAsync(Guard);
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Release_WhileTheFirstIsMade_WaitsForItAndReleasesIt()
    {
        var stage = Shop.Stage = new Stage();
        var registration = RegisterAsync();
        await stage.Begun;
        var release = Manager.ReleaseAsync(Id);
        Assert.False(release.IsCompleted);

        stage.End();

        await Task.WhenAll(registration, release).WaitAsync(Guard);
        Assert.Equal((0, 1), (Manager.Count, Shop.Made[0].Cleanups));
    }

    private Task EndAsync(bool isDisposal) =>
        isDisposal ? Manager.DisposeAsync().AsTask() : Manager.ReleaseAsync(Id);

    private async Task AssertEndedAsync(bool isDisposal, int asked)
    {
        Assert.Equal((0, asked, 0), (Manager.Count, Shop.Asked, Shop.Alive));
        Assert.Empty(Metrics.Observe("pepperpy_circuit_state"));
        Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal((asked, 0), (Shop.Asked, Time.ActiveTimers));
        Assert.All(Shop.Made, static one => Assert.Equal(1, one.Cleanups));
        if (!isDisposal)
        {
            (Shop.Stage, Shop.Failure, Shop.Initialize, Shop.CleanUp) = (null, null, null, null);
            await RegisterAsync();
            await using var lease = await LendAsync();
            Assert.Same(Shop.Made[^1], lease.Resource);
        }
    }
}
