using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers;

/// <summary>How providers come, are found, lent and go.</summary>
public sealed class ProviderManagerTests : ProviderManagerTest
{
    [Fact]
    public async Task Register_ThenAcquire_LendsTheProvider()
    {
        var provider = TestProvider.New("a");
        await Manager.RegisterAsync(provider);

        using var lease = await Manager.AcquireAsync<TestProvider>("a");

        Assert.Same(provider, lease.Resource);
        Assert.Equal("provider 'a'", lease.Source);
        Assert.Equal(ProviderState.Running, provider.State);
        Assert.Equal(["Validate a", "Initialize a", "HealthCheck a"], provider.Config.Notes);
        Assert.Equal(nameof(Register_ThenAcquire_LendsTheProvider), Manager.GetProviders()[0].Leases[0].CallSite.Member);
        await Assert.ThrowsAsync<InvalidCastException>(async () => await Manager.AcquireAsync<IStorageProvider>("a"));
    }

    [Fact]
    public async Task Register_TakenName_IsRefusedAndLogged()
    {
        var first = TestProvider.New("a");
        await Manager.RegisterAsync(first);

        var failure = await Assert.ThrowsAsync<DuplicateProviderException>(() => Manager.RegisterAsync(TestProvider.New("a")));

        Assert.Equal("a", failure.ProviderName);
        Assert.Same(first, Manager.GetProvider("a"));
        var entry = Assert.Single(Log.Entries, entry => entry.Id == 1700);
        Assert.StartsWith("Failed to register provider", entry.Message, StringComparison.Ordinal);
        Assert.Equal(("a", "custom"), (entry.Fields["Name"], entry.Fields["Type"]));
        Assert.Equal(["Error", "Name", "Type"], entry.Fields.Keys.Order());
    }

    [Fact]
    public async Task Find_ByNameTypeAndCapability_GivesThoseInOrder()
    {
        var storage = new FileStorageFixture();
        await using var _ = storage;
        await storage.PrepareAsync();
        var files = storage.Create("files");
        var custom = new TestProvider(TestProvider.Describe("a") with { Capabilities = new HashSet<string> { "speak" } }, new());
        await Manager.RegisterAsync(files);
        await Manager.RegisterAsync(custom);

        Assert.Same(custom, Manager.GetProvider("a"));
        Assert.Null(Manager.GetProvider("b"));
        Assert.Equal([files], Manager.GetProvidersByType(ProviderType.Storage));
        Assert.Equal([custom], Manager.GetProvidersByCapability("speak"));
        Assert.Equal([files], Manager.GetProvidersByCapability("retrieve"));
        Assert.Empty(Manager.GetProvidersByType(ProviderType.Memory));
        await Manager.CleanupAsync();
    }

    [Fact]
    public async Task Unknown_IsAnErrorOfEachOperation()
    {
        await Assert.ThrowsAsync<ProviderNotFoundException>(() => Manager.UnregisterAsync("x"));
        await Assert.ThrowsAsync<ProviderNotFoundException>(() => Manager.ReloadProviderAsync("x"));
        await Assert.ThrowsAsync<ProviderNotFoundException>(async () => await Manager.AcquireAsync<IProvider>("x"));
        await Assert.ThrowsAsync<ProviderNotFoundException>(async () => await Manager.CheckHealthAsync("x"));
        Assert.Throws<ProviderNotFoundException>(() => Manager.GetStorage("x"));
        Assert.Throws<ProviderNotFoundException>(() => Manager.GetMemory("x"));
        Assert.StartsWith(
            "Failed to unregister provider", Assert.Single(Log.Entries, entry => entry.Id == 1701).Message,
            StringComparison.Ordinal);
        Assert.Equal(["Error", "Name"], Assert.Single(Log.Entries, entry => entry.Id == 1702).Fields.Keys.Order());
    }

    [Theory]
    [InlineData(ProviderStage.Validate, 0)]
    [InlineData(ProviderStage.Initialize, 1)]
    [InlineData(ProviderStage.HealthCheck, 1)]
    public async Task Register_StageFails_LeavesNothing(ProviderStage stage, int cleanups)
    {
        var provider = TestProvider.New("a", new TestConfig { At = (_, at, _) => FailAt(stage, at) });

        var failure = await Assert.ThrowsAsync<ProviderStageException>(() => Manager.RegisterAsync(provider));

        Assert.Equal(stage, failure.Stage);
        Assert.IsType<IOException>(failure.InnerException);
        Assert.Equal(0, Manager.Count);
        Assert.Equal(cleanups, provider.Cleanups);
        Assert.Equal(1, Metrics.Sum("pepperpy_provider_operations_total{name=a,operation=register,success=false,type=custom}"));
        await Manager.RegisterAsync(TestProvider.New("a"));
    }

    [Fact]
    public async Task Register_FactoryFails_LeavesNothing()
    {
        foreach (var (create, stage) in new (Func<TestConfig, Provider<TestConfig>>, ProviderStage)[]
        {
            (_ => throw new IOException("no"), ProviderStage.Build), (_ => null!, ProviderStage.Build),
            (config => TestProvider.New("other", config), ProviderStage.Build),
        })
        {
            var failure = await Assert.ThrowsAsync<ProviderStageException>(
                () => Manager.RegisterAsync(TestProvider.Describe("a"), () => new TestConfig(), create));
            Assert.Equal(stage, failure.Stage);
        }

        var fault = await Assert.ThrowsAsync<ProviderStageException>(() => Manager.RegisterAsync(
            TestProvider.Describe("a"), () => new TestConfig { Fault = "Size is 0." }, config => TestProvider.New("a", config)));
        Assert.Equal(ProviderStage.Validate, fault.Stage);
        Assert.Contains("Size is 0.", fault.Message, StringComparison.Ordinal);
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Register_Unhealthy_IsRefused()
    {
        var provider = TestProvider.New("a", new TestConfig { Health = new ProviderHealth(ResourceHealth.Unhealthy, "no disk") });

        var failure = await Assert.ThrowsAsync<ProviderStageException>(() => Manager.RegisterAsync(provider));

        Assert.Equal(ProviderStage.HealthCheck, failure.Stage);
        Assert.Contains("no disk", failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, provider.Cleanups);
    }

    [Theory]
    [InlineData("store", ProviderType.Custom, "IStorage")]
    [InlineData("retrieve", ProviderType.Capability, "IStorage")]
    [InlineData("store", ProviderType.Memory, "IMemoryStore")]
    [InlineData("search", ProviderType.Memory, "IMemoryStore")]
    public async Task Register_CapabilityWithoutItsInterface_IsRefused(string capability, ProviderType type, string name)
    {
        var provider = new TestProvider(
            TestProvider.Describe("a") with { Type = type, Capabilities = new HashSet<string> { capability } }, new TestConfig());

        var failure = await Assert.ThrowsAsync<ProviderStageException>(() => Manager.RegisterAsync(provider));

        Assert.Contains($"'{capability}', which means {name}", failure.Message, StringComparison.Ordinal);
        Assert.Empty(provider.Config.Notes);
    }

    [Fact]
    public async Task Register_FreeLabels_AreFine()
    {
        await Manager.RegisterAsync(new TestProvider(
            TestProvider.Describe("a") with { Capabilities = new HashSet<string> { "search", "ttl", "anything" } }, new()));

        Assert.Single(Manager.GetProvidersByCapability("anything"));
    }

    [Fact]
    public async Task Register_NotEnabled_IsThereAndNotStarted()
    {
        var provider = TestProvider.New("a", new TestConfig { Enabled = false, Fault = "not looked at" });
        await Manager.RegisterAsync(provider);

        Assert.Same(provider, Manager.GetProvider("a"));
        Assert.Equal(ProviderState.Created, StateOf("a"));
        Assert.Empty(provider.Config.Notes);
        var failure = await Assert.ThrowsAsync<ProviderUnavailableException>(
            async () => await Manager.AcquireAsync<IProvider>("a"));
        Assert.Contains("not enable", failure.Message, StringComparison.Ordinal);
        await Manager.UnregisterAsync("a");
        Assert.Equal(0, provider.Cleanups);
    }

    [Fact]
    public async Task Register_Cancelled_CleansUpAndFreesTheName()
    {
        using var source = new CancellationTokenSource();
        var provider = TestProvider.New("a", new TestConfig
        {
            At = async (_, stage, token) =>
            {
                if (stage == ProviderStage.Initialize)
                {
                    await source.CancelAsync();
                    await Task.Delay(Timeout.InfiniteTimeSpan, Time, token);
                }
            },
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Manager.RegisterAsync(provider, source.Token).WaitAsync(Guard));

        Assert.Equal(1, provider.Cleanups);
        Assert.Equal(0, Manager.Count);
    }

    [Fact]
    public async Task Register_TakesTooLong_IsAbandonedAndCleanedUpLater()
    {
        var hangs = new TaskCompletionSource();
        var provider = TestProvider.New("a", new TestConfig
        {
            At = (_, stage, _) => stage == ProviderStage.Initialize ? hangs.Task : Task.CompletedTask,
        });
        var register = Manager.RegisterAsync(provider);
        await UntilAsync(() => provider.Config.Notes.Contains("Initialize a") && Time.ActiveTimers > 0);
        Time.Advance(TimeSpan.FromSeconds(30));
        await UntilAsync(() => Time.ActiveTimers > 0 || register.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(5));

        var failure = await Assert.ThrowsAsync<ProviderStageException>(() => register.WaitAsync(Guard));
        Assert.Contains("StageTimeout", failure.Message, StringComparison.Ordinal);
        Assert.True(Log.Has(1710, "Initialize"));
        Assert.Equal(0, provider.Cleanups);
        hangs.SetResult();
        await UntilAsync(() => provider.Cleanups == 1);
    }

    [Fact]
    public async Task Register_TakesTooLongAndItsTokenHangsToo_IsAbandoned()
    {
        var hangs = new TaskCompletionSource();
        using var lets = new ManualResetEventSlim();
        var provider = TestProvider.New("a", new TestConfig
        {
            At = async (_, stage, ct) =>
            {
                if (stage == ProviderStage.Initialize)
                {
                    // What drivers do that ask their server to cancel.
                    await using var registration = ct.Register(() => lets.Wait(4 * Guard));
                    await hangs.Task;
                }
            },
        });
        var register = Manager.RegisterAsync(provider);
        await UntilAsync(() => provider.Config.Notes.Contains("Initialize a") && Time.ActiveTimers > 0);
        Time.Advance(TimeSpan.FromSeconds(30));
        await UntilAsync(() => Time.ActiveTimers > 0 || register.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(5));

        await Assert.ThrowsAsync<ProviderStageException>(() => register.WaitAsync(TimeSpan.FromSeconds(10)));

        Assert.Equal(0, Manager.Count);
        lets.Set();
        hangs.SetResult();
        await UntilAsync(() => provider.Cleanups == 1);
    }

    [Fact]
    public async Task Acquire_WhileStarting_Waits()
    {
        var starts = new TaskCompletionSource();
        var provider = TestProvider.New("a", new TestConfig
        {
            At = (_, stage, _) => stage == ProviderStage.Initialize ? starts.Task : Task.CompletedTask,
        });
        var register = Manager.RegisterAsync(provider);
        var acquire = Manager.AcquireAsync<IProvider>("a").AsTask();
        Assert.False(acquire.IsCompleted);

        starts.SetResult();

        using var lease = await acquire.WaitAsync(Guard);
        await register.WaitAsync(Guard);
        Assert.Same(provider, lease.Resource);
    }

    [Fact]
    public async Task Invalidate_ByAHolder_FailsTheProviderUntilItsReload()
    {
        var provider = TestProvider.New("a");
        await Manager.RegisterAsync(provider);
        var lease = await Manager.AcquireAsync<IProvider>("a");

        lease.Invalidate(new IOException("broken pipe"));

        Assert.Equal(ProviderState.Failed, StateOf("a"));
        var failure = await Assert.ThrowsAsync<ProviderUnavailableException>(
            async () => await Manager.AcquireAsync<IProvider>("a"));
        Assert.Contains("broken pipe", failure.Message, StringComparison.Ordinal);
        Assert.Equal(ResourceHealth.Unhealthy, (await Manager.CheckHealthAsync("a")).Status);
        lease.Dispose();
        await Manager.ReloadProviderAsync("a").WaitAsync(Guard);
        (await Manager.AcquireAsync<IProvider>("a")).Dispose();
    }

    [Fact]
    public async Task CheckHealth_GivesTheAnswerOrTheFailure()
    {
        var config = new TestConfig();
        await Manager.RegisterAsync(TestProvider.New("a", config));
        Assert.Equal(ResourceHealth.Healthy, (await Manager.CheckHealthAsync("a")).Status);

        config.Health = new ProviderHealth(ResourceHealth.Degraded, "slow");
        Assert.Equal("slow", (await Manager.CheckHealthAsync("a")).Description);

        config.At = (_, stage, _) => FailAt(ProviderStage.HealthCheck, stage);
        var health = await Manager.CheckHealthAsync("a");
        Assert.Equal((ResourceHealth.Unhealthy, "HealthCheck was made to fail"), (health.Status, health.Description));
        Assert.Empty(Manager.GetProviders()[0].Leases);
    }
}
