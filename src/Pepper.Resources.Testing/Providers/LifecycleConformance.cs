using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <summary>Holds any provider to the contract of its life: start, health, reload, end.</summary>
/// <param name="createFixture">Makes a fixture; each test gets its own.</param>
public sealed class LifecycleConformance(Func<ProviderFixture> createFixture) : ConformanceSuite("lifecycle", createFixture)
{
    private const string TestName = "conformance";

    /// <inheritdoc/>
    public override IReadOnlyList<ConformanceTest> GetAllTests() =>
    [
        Always(DeclareCapabilitiesAreOffered, "Declare_Capabilities_AreOffered"),
        Always(InitializeNewIsHealthy, "Initialize_New_IsHealthy"),
        Always(InitializeTwiceIsHarmless, "Initialize_Twice_IsHarmless"),
        Always(InitializeCancelledLeavesNothing, "Initialize_Cancelled_LeavesNothing"),
        Always(InitializeAfterCleanupWorksAgain, "Initialize_AfterCleanup_WorksAgain"),
        Always(InitializeSecondOnTheSameServesBesideTheFirst, "Initialize_SecondOnTheSame_ServesBesideTheFirst"),
        Always(HealthBeforeInitializeIsUnhealthy, "Health_BeforeInitialize_IsUnhealthy"),
        Always(UseBeforeInitializeIsNotPossible, "Use_BeforeInitialize_IsNotPossible"),
        Always(UseAfterCleanupIsNotPossible, "Use_AfterCleanup_IsNotPossible"),
        Always(CleanupTwiceIsHarmless, "Cleanup_Twice_IsHarmless"),
        Always(CleanupNeverInitializedIsHarmless, "Cleanup_NeverInitialized_IsHarmless"),
        Always(CleanupWhileLentWaitsForTheLease, "Cleanup_WhileLent_WaitsForTheLease"),
        Always(ReloadInPlaceServesAgain, "Reload_InPlace_ServesAgain"),
        Always(RegisterAndUnregisterGoesThroughItsStates, "Register_AndUnregister_GoesThroughItsStates"),
        Always(ValidateFaultIsRefusedBeforeAnythingIsOpened, "Validate_Fault_IsRefusedBeforeAnythingIsOpened"),
    ];

    /// <summary>What is declared is offered, and what is offered is declared.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static async Task DeclareCapabilitiesAreOffered(ProviderFixture fixture)
    {
        var provider = fixture.Create(TestName);
        Expect.Equal(TestName, provider.Metadata.Name, "the name in the metadata");
        Expect.Same([], ProviderCapabilities.GetFaults(provider), "the faults of its declarations");
        await provider.InitializeAsync().ConfigureAwait(false);
        Expect.Same([], ProviderCapabilities.GetFeatureFaults(provider), "the faults of its declarations, once it is started");
        await provider.CleanupAsync().ConfigureAwait(false);
    }

    /// <summary>A started provider is healthy.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static async Task InitializeNewIsHealthy(ProviderFixture fixture)
    {
        var provider = fixture.Create(TestName);
        await provider.ValidateAsync().ConfigureAwait(false);
        await provider.InitializeAsync().ConfigureAwait(false);
        await ExpectHealthAsync(provider, ResourceHealth.Healthy).ConfigureAwait(false);
        await provider.CleanupAsync().ConfigureAwait(false);
    }

    /// <summary>Starting what is started changes nothing.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static async Task InitializeTwiceIsHarmless(ProviderFixture fixture)
    {
        var provider = fixture.Create(TestName);
        await provider.InitializeAsync().ConfigureAwait(false);
        var offered = OfferOf(provider);
        await provider.InitializeAsync().ConfigureAwait(false);
        Expect.That(ReferenceEquals(offered, OfferOf(provider)), "a second start leaves what the first made");
        await ExpectHealthAsync(provider, ResourceHealth.Healthy).ConfigureAwait(false);
        await provider.CleanupAsync().ConfigureAwait(false);
    }

    /// <summary>A start that was cancelled leaves nothing that a cleanup could not remove, and can be repeated.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static async Task InitializeCancelledLeavesNothing(ProviderFixture fixture)
    {
        var provider = fixture.Create(TestName);
        await Expect.ThrowsAsync<OperationCanceledException>(
            () => provider.InitializeAsync(new CancellationToken(canceled: true)), "a start that is cancelled")
            .ConfigureAwait(false);
        Expect.That(OfferOf(provider) is null, "a start that was cancelled offers nothing");
        await provider.CleanupAsync().ConfigureAwait(false);
        await InitializeNewIsHealthy(fixture).ConfigureAwait(false);
    }

    /// <summary>A provider that was cleaned up can be started again.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static async Task InitializeAfterCleanupWorksAgain(ProviderFixture fixture)
    {
        var provider = fixture.Create(TestName);
        await provider.InitializeAsync().ConfigureAwait(false);
        await provider.CleanupAsync().ConfigureAwait(false);
        await provider.InitializeAsync().ConfigureAwait(false);
        await ExpectHealthAsync(provider, ResourceHealth.Healthy).ConfigureAwait(false);
        await provider.CleanupAsync().ConfigureAwait(false);
    }

    /// <summary>Two providers serve on one environment side by side, as a reload without a gap needs.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static async Task InitializeSecondOnTheSameServesBesideTheFirst(ProviderFixture fixture)
    {
        var first = fixture.Create("first");
        var second = fixture.Create("second");
        await first.InitializeAsync().ConfigureAwait(false);
        await second.InitializeAsync().ConfigureAwait(false);
        await first.CleanupAsync().ConfigureAwait(false);
        await ExpectHealthAsync(second, ResourceHealth.Healthy).ConfigureAwait(false);
        await second.CleanupAsync().ConfigureAwait(false);
    }

    /// <summary>What was not started is not healthy.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task HealthBeforeInitializeIsUnhealthy(ProviderFixture fixture) =>
        ExpectHealthAsync(fixture.Create(TestName), ResourceHealth.Unhealthy);

    /// <summary>What was not started offers nothing.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task UseBeforeInitializeIsNotPossible(ProviderFixture fixture)
    {
        Expect.That(OfferOf(fixture.Create(TestName)) is null, "nothing is offered before the start");
        return Task.CompletedTask;
    }

    /// <summary>What was cleaned up offers nothing, and refuses who still has what it offered.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static async Task UseAfterCleanupIsNotPossible(ProviderFixture fixture)
    {
        var provider = fixture.Create(TestName);
        await provider.InitializeAsync().ConfigureAwait(false);
        var offered = OfferOf(provider);
        await provider.CleanupAsync().ConfigureAwait(false);
        Expect.That(OfferOf(provider) is null, "nothing is offered after the cleanup");
        await ExpectHealthAsync(provider, ResourceHealth.Unhealthy).ConfigureAwait(false);
        if (offered is IStorage storage)
        {
            await Expect.ThrowsAsync<ObjectDisposedException>(
                async () => await storage.ExistsAsync("a").ConfigureAwait(false), "a storage that was cleaned up")
                .ConfigureAwait(false);
        }
    }

    /// <summary>Cleaning up twice is harmless.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static async Task CleanupTwiceIsHarmless(ProviderFixture fixture)
    {
        var provider = fixture.Create(TestName);
        await provider.InitializeAsync().ConfigureAwait(false);
        await provider.CleanupAsync().ConfigureAwait(false);
        await provider.CleanupAsync().ConfigureAwait(false);
    }

    /// <summary>Cleaning up what was never started is harmless.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task CleanupNeverInitializedIsHarmless(ProviderFixture fixture) => fixture.Create(TestName).CleanupAsync();

    /// <summary>In a manager's hands, the cleanup comes after the last lease.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public async Task CleanupWhileLentWaitsForTheLease(ProviderFixture fixture)
    {
        var manager = new ProviderManager();
        await using (manager.ConfigureAwait(false))
        {
            var provider = fixture.Create(TestName);
            await manager.RegisterAsync(provider).ConfigureAwait(false);
            var lease = await manager.AcquireAsync<IProvider>(TestName).ConfigureAwait(false);
            var end = manager.UnregisterAsync(TestName);
            Expect.That(!end.IsCompleted, "unregistering waits for who holds the provider");
            Expect.Equal(
                ResourceHealth.Healthy, (await provider.CheckHealthAsync().ConfigureAwait(false)).Status,
                "the health of a provider that is held");
            await lease.DisposeAsync().ConfigureAwait(false);
            await end.WaitAsync(Guard).ConfigureAwait(false);
        }
    }

    /// <summary>A reload in place leaves it started.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static async Task ReloadInPlaceServesAgain(ProviderFixture fixture)
    {
        var provider = fixture.Create(TestName);
        await provider.InitializeAsync().ConfigureAwait(false);
        await provider.ReloadAsync().ConfigureAwait(false);
        await ExpectHealthAsync(provider, ResourceHealth.Healthy).ConfigureAwait(false);
        await provider.CleanupAsync().ConfigureAwait(false);
    }

    /// <summary>A manager starts it, shows it, and ends it.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static async Task RegisterAndUnregisterGoesThroughItsStates(ProviderFixture fixture)
    {
        var manager = new ProviderManager();
        await using (manager.ConfigureAwait(false))
        {
            var provider = fixture.Create(TestName);
            await manager.RegisterAsync(provider).ConfigureAwait(false);
            Expect.Equal(ProviderState.Running, manager.GetProviders()[0].State, "the state after the registration");
            await manager.ReloadProviderAsync(TestName).ConfigureAwait(false);
            Expect.Equal(ProviderState.Running, manager.GetProviders()[0].State, "the state after a reload");
            await manager.UnregisterAsync(TestName).ConfigureAwait(false);
            Expect.Equal(0, manager.Count, "the number of providers in the end");
        }
    }

    /// <summary>A faulty configuration is refused by the validation, and by a manager; nothing is left of it.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed; at once when no configuration can have a fault.</returns>
    public static async Task ValidateFaultIsRefusedBeforeAnythingIsOpened(ProviderFixture fixture)
    {
        if (fixture.CreateFaulty(TestName) is not { } faulty)
        {
            return;
        }

        await Expect.ThrowsAsync<ArgumentException>(() => faulty.ValidateAsync(), "the validation of a faulty configuration")
            .ConfigureAwait(false);
        var manager = new ProviderManager();
        await using (manager.ConfigureAwait(false))
        {
            var failure = await Expect.ThrowsAsync<ProviderStageException>(
                () => manager.RegisterAsync(faulty), "the registration of a faulty configuration").ConfigureAwait(false);
            Expect.Equal(ProviderStage.Validate, failure.Stage, "the stage that refused it");
            Expect.Equal(0, manager.Count, "the number of providers after that");
        }
    }

    private static object? OfferOf(IProvider provider) => provider switch
    {
        IStorageProvider storage => storage.Storage,
        IMemoryProvider memory => memory.Store,
        _ => null,
    };

    private static async Task ExpectHealthAsync(IProvider provider, ResourceHealth expected)
    {
        var health = await provider.CheckHealthAsync().ConfigureAwait(false);
        if (health.Status != expected)
        {
            throw new ConformanceException(
                $"Expected the provider to be {expected}, but it is {health.Status}: {health.Description}");
        }
    }
}
