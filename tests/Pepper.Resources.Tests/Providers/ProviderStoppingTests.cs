using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers;

/// <summary>Dependencies, and how providers go.</summary>
public sealed class ProviderStoppingTests : ProviderManagerTest
{
    [Fact]
    public async Task RegisterAll_Dependencies_StartInOrderAndStopInReverse()
    {
        var config = new TestConfig();
        await Manager.RegisterAllAsync(
        [
            ProviderRegistration.Of(TestProvider.New("c", config, "b")),
            ProviderRegistration.Of(TestProvider.New("b", config, "a")),
            ProviderRegistration.Of(TestProvider.New("a", config)),
        ]);
        Assert.Equal(
            ["Initialize a", "Initialize b", "Initialize c"],
            config.Notes.Where(static note => note.StartsWith("Initialize", StringComparison.Ordinal)));

        await Manager.CleanupAsync();

        Assert.Equal(
            ["Cleanup c", "Cleanup b", "Cleanup a"],
            config.Notes.Where(static note => note.StartsWith("Cleanup", StringComparison.Ordinal)));
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task RegisterAll_OneFails_StopsThoseThatStartedInReverse()
    {
        var config = new TestConfig();
        var faulty = new TestConfig { Notes = config.Notes, At = (_, stage, _) => FailAt(ProviderStage.Initialize, stage) };

        var failure = await Assert.ThrowsAsync<ProviderStageException>(() => Manager.RegisterAllAsync(
        [
            ProviderRegistration.Of(TestProvider.New("d", config, "c")),
            ProviderRegistration.Of(TestProvider.New("c", faulty, "b")),
            ProviderRegistration.Of(TestProvider.New("b", config, "a")),
            ProviderRegistration.Of(TestProvider.New("a", config)),
        ]));

        Assert.Equal("c", failure.ProviderName);
        Assert.Equal(0, Manager.Count);
        Assert.Equal(
            ["Cleanup c", "Cleanup b", "Cleanup a"],
            config.Notes.Where(static note => note.StartsWith("Cleanup", StringComparison.Ordinal)));
        Assert.DoesNotContain("Initialize d", config.Notes);
    }

    [Fact]
    public async Task Register_MissingDependency_IsRefused()
    {
        var failure = await Assert.ThrowsAsync<ProviderDependencyException>(
            () => Manager.RegisterAsync(TestProvider.New("a", null, "b", "c")));

        Assert.Equal(["b", "c"], failure.Others);
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Register_DependencyThatDoesNotRun_IsRefused()
    {
        await Manager.RegisterAsync(TestProvider.New("b", new TestConfig { Enabled = false }));

        var failure = await Assert.ThrowsAsync<ProviderDependencyException>(
            () => Manager.RegisterAsync(TestProvider.New("a", null, "b")));

        Assert.Contains("Created", failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, Manager.Count);
    }

    [Theory]
    [InlineData("a>a", "a -> a")]
    [InlineData("a>b b>a", "a -> b -> a")]
    [InlineData("x>a a>b b>c c>a", "a -> b -> c -> a")]
    public async Task RegisterAll_Cycle_IsRefusedBeforeAnythingStarts(string arrows, string cycle)
    {
        var config = new TestConfig();
        var registrations = arrows.Split(' ').Select(arrow => arrow.Split('>'))
            .Select(arrow => ProviderRegistration.Of(TestProvider.New(arrow[0], config, arrow[1]))).ToList();

        var failure = await Assert.ThrowsAsync<ProviderDependencyException>(() => Manager.RegisterAllAsync(registrations));

        Assert.Contains(cycle, failure.Message, StringComparison.Ordinal);
        Assert.Empty(config.Notes);
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Unregister_WithDependants_IsRefusedOrTakesThemAlong()
    {
        var config = new TestConfig();
        foreach (var isCascade in (bool[])[false, true])
        {
            await using var manager = NewManager(new ProviderManagerOptions { CascadeUnregister = isCascade });
            await manager.RegisterAsync(TestProvider.New("a", config));
            await manager.RegisterAsync(TestProvider.New("b", config, "a"));
            await manager.RegisterAsync(TestProvider.New("c", config, "b"));
            await manager.RegisterAsync(TestProvider.New("d", config));
            config.Notes.Clear();
            if (isCascade)
            {
                await manager.UnregisterAsync("a");
                Assert.Equal(["Cleanup c", "Cleanup b", "Cleanup a"], config.Notes);
                Assert.Equal("d", Assert.Single(manager.GetProviders()).Metadata.Name);
            }
            else
            {
                var failure = await Assert.ThrowsAsync<ProviderDependencyException>(() => manager.UnregisterAsync("a"));
                Assert.Equal(["b", "c"], failure.Others);
                Assert.Contains("CascadeUnregister", failure.Message, StringComparison.Ordinal);
                Assert.Empty(config.Notes);
                (await manager.AcquireAsync<IProvider>("a")).Dispose();
            }
        }
    }

    [Fact]
    public async Task Unregister_WhileLent_WaitsAndNobodyNewGetsIt()
    {
        var provider = TestProvider.New("a");
        await Manager.RegisterAsync(provider);
        var lease = await Manager.AcquireAsync<IProvider>("a");

        var end = Manager.UnregisterAsync("a");

        await UntilAsync(() => provider.State == ProviderState.Draining);
        var refused = await Assert.ThrowsAsync<ProviderUnavailableException>(
            async () => await Manager.AcquireAsync<IProvider>("a"));
        Assert.Equal(ProviderState.Draining, refused.State);
        await Assert.ThrowsAsync<DuplicateProviderException>(() => Manager.RegisterAsync(TestProvider.New("a")));
        await Assert.ThrowsAsync<ProviderDependencyException>(() => Manager.RegisterAsync(TestProvider.New("b", null, "a")));
        Assert.Equal(0, provider.Cleanups);
        lease.Dispose();
        await end.WaitAsync(Guard);
        Assert.Equal((1, ProviderState.Stopped, 0), (provider.Cleanups, provider.State, Manager.Count));
    }

    [Fact]
    public async Task Unregister_HeldTooLong_SaysByWhomAndEndsWithTheLastHolder()
    {
        var provider = TestProvider.New("a");
        await Manager.RegisterAsync(provider);
        var lease = await Manager.AcquireAsync<IProvider>("a");
        var end = Manager.UnregisterAsync("a");
        await UntilAsync(() => Time.ActiveTimers > 0);

        Time.Advance(TimeSpan.FromSeconds(30));

        var failure = await Assert.ThrowsAsync<ResourceBusyException>(() => end.WaitAsync(Guard));
        Assert.Contains("DrainTimeout", failure.Message, StringComparison.Ordinal);
        Assert.Contains(
            nameof(Unregister_HeldTooLong_SaysByWhomAndEndsWithTheLastHolder), failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, provider.Cleanups);
        lease.Dispose();
        await UntilAsync(() => Manager.Count == 0);
        Assert.Equal(1, provider.Cleanups);
    }

    [Fact]
    public async Task Unregister_CleanupFails_StaysAsFailedUntilItSucceeds()
    {
        var config = new TestConfig { At = (_, stage, _) => FailAt(ProviderStage.Cleanup, stage) };
        await Manager.RegisterAsync(TestProvider.New("a", config));

        var failure = await Assert.ThrowsAsync<ProviderStageException>(() => Manager.UnregisterAsync("a"));

        Assert.Equal(ProviderStage.Cleanup, failure.Stage);
        Assert.Equal(ProviderState.Failed, StateOf("a"));
        Assert.Same(failure, Manager.GetProviders()[0].Failure);
        Assert.Equal(1, Metrics.Sum("pepperpy_provider_operations_total{name=a,operation=unregister,success=false,type=custom}"));
        config.At = null;
        await Manager.UnregisterAsync("a");
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Cleanup_SomeFail_GoesOnAndThrowsThemTogether()
    {
        var config = new TestConfig();
        var faulty = new TestConfig { At = (_, stage, _) => FailAt(ProviderStage.Cleanup, stage) };
        var last = TestProvider.New("a", config);
        await Manager.RegisterAsync(last);
        await Manager.RegisterAsync(TestProvider.New("b", faulty, "a"));
        await Manager.RegisterAsync(TestProvider.New("c", faulty));

        var failure = await Assert.ThrowsAsync<AggregateException>(() => Manager.CleanupAsync());

        Assert.Equal(["b", "c"], failure.InnerExceptions.Cast<ProviderStageException>().Select(one => one.ProviderName).Order());
        Assert.Equal(1, last.Cleanups);
        Assert.Equal(["b", "c"], Manager.GetProviders().Select(one => one.Metadata.Name));
        faulty.At = null;
        await Manager.CleanupAsync();
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Dispose_StopsAllAndRefusesMore()
    {
        var provider = TestProvider.New("a");
        await Manager.RegisterAsync(provider);

        await Manager.DisposeAsync();
        await Manager.DisposeAsync();

        Assert.Equal(1, provider.Cleanups);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Manager.RegisterAsync(TestProvider.New("b")));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await Manager.AcquireAsync<IProvider>("a"));
    }

    [Fact]
    public void Options_Faults_AreToldTogether()
    {
        var failure = Assert.Throws<ArgumentException>(() => new ProviderManager(new ProviderManagerOptions
        {
            Name = " ",
            StageTimeout = TimeSpan.Zero,
            DrainTimeout = TimeSpan.FromDays(2),
            CleanupTimeout = TimeSpan.FromSeconds(-1),
        }));

        Assert.Contains("4 fault(s)", failure.Message, StringComparison.Ordinal);
    }
}
