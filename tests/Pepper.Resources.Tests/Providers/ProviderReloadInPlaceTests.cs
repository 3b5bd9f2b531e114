using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers;

/// <summary>Reloads in place that do not come through, and what holders say meanwhile.</summary>
public sealed class ProviderReloadInPlaceTests : ProviderManagerTest
{
    private readonly TestConfig _config = new();
    private readonly TestProvider _provider;

    public ProviderReloadInPlaceTests() => _provider = TestProvider.New("a", _config);

    [Fact]
    public async Task Invalidate_WhileHoldersAreWaitedForTooLong_FailsInsteadOfGoingOn()
    {
        await Manager.RegisterAsync(_provider);
        using var broken = await Manager.AcquireAsync<IProvider>("a");
        using var other = await Manager.AcquireAsync<IProvider>("a");
        var reload = Manager.ReloadProviderAsync("a");
        await UntilAsync(() => _provider.State == ProviderState.Draining && Time.ActiveTimers > 0);

        broken.Invalidate(new IOException("broken pipe"));
        Time.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<ResourceBusyException>(() => reload.WaitAsync(Guard));

        Assert.Equal(ProviderState.Failed, StateOf("a"));
        var failure = await Assert.ThrowsAsync<ProviderUnavailableException>(
            async () => await Manager.AcquireAsync<IProvider>("a").AsTask().WaitAsync(Guard));
        Assert.Contains("broken pipe", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invalidate_ByAHolderFromBeforeAReloadThatGaveUp_Fails()
    {
        await Manager.RegisterAsync(_provider);
        using var held = await Manager.AcquireAsync<IProvider>("a");
        await GiveUpAsync();
        Assert.Equal(ProviderState.Running, StateOf("a"));

        held.Invalidate(new IOException("broken pipe"));

        Assert.Equal(ProviderState.Failed, StateOf("a"));
    }

    [Fact]
    public async Task Reload_GivenUpTwice_TellsWhoHoldsItFromBeforeBoth()
    {
        await Manager.RegisterAsync(_provider);
        using var held = await Manager.AcquireAsync<IProvider>("a");
        await GiveUpAsync();
        Assert.Single(Assert.Single(Manager.GetProviders()).Leases);

        var failure = await GiveUpAsync();

        Assert.Single(failure.Holders);
    }

    [Fact]
    public async Task Reload_AfterOneThatWasAbandoned_IsNotCleanedUpUnderItsUsers()
    {
        await Manager.RegisterAsync(_provider);
        var hangs = new TaskCompletionSource();
        _config.At = (_, stage, _) => stage == ProviderStage.Initialize ? hangs.Task : Task.CompletedTask;
        var abandoned = Manager.ReloadProviderAsync("a");
        await UntilAsync(() => _config.Notes.Count(static note => note == "Initialize a") == 2 && Time.ActiveTimers > 0);
        Time.Advance(TimeSpan.FromSeconds(30));
        await UntilAsync(() => Time.ActiveTimers > 0 || abandoned.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<ProviderStageException>(() => abandoned.WaitAsync(Guard));
        // Slow enough that whoever cleans up what was abandoned comes while it goes on.
        _config.At = (_, stage, _) => stage == ProviderStage.Initialize ? YieldAsync() : Task.CompletedTask;
        _config.Notes.Clear();
        var reload = Manager.ReloadProviderAsync("a");
        await UntilAsync(() => _provider.State == ProviderState.Reloading && Time.ActiveTimers > 0);

        hangs.SetResult();
        await reload.WaitAsync(Guard);
        await Manager.UnregisterAsync("a").WaitAsync(Guard);

        Assert.Equal(["Validate a", "Cleanup a", "Initialize a", "HealthCheck a", "Cleanup a"], _config.Notes);
    }

    private static async Task YieldAsync()
    {
        for (var turn = 0; turn < 1_000; turn++)
        {
            await Task.Yield();
        }
    }

    private async Task<ResourceBusyException> GiveUpAsync()
    {
        var reload = Manager.ReloadProviderAsync("a");
        await UntilAsync(() => _provider.State == ProviderState.Draining && Time.ActiveTimers > 0);
        Time.Advance(TimeSpan.FromSeconds(30));
        return await Assert.ThrowsAsync<ResourceBusyException>(() => reload.WaitAsync(Guard));
    }
}
