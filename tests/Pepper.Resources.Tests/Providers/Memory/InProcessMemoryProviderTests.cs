using Pepper.Resources.Providers;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Providers.Memory;

public sealed class InProcessMemoryProviderTests
{
    private static readonly MemoryNamespace Notes = new("notes");

    [Fact]
    public async Task Reload_InPlace_KeepsWhatIsRemembered_CleanupForgets()
    {
        var provider = new InProcessMemoryProvider(InProcessMemoryProvider.Describe("notes"));
        Assert.Null(provider.Store);
        await provider.InitializeAsync(TestContext.Current.CancellationToken);
        await provider.Store!.PutAsync(new MemoryPut(Notes, "a", "kettle"), TestContext.Current.CancellationToken);

        await provider.ReloadAsync(TestContext.Current.CancellationToken);

        Assert.NotNull(await provider.Store!.GetAsync(Notes, "a", cancellationToken: TestContext.Current.CancellationToken));
        await provider.CleanupAsync(TestContext.Current.CancellationToken);
        await provider.CleanupAsync(TestContext.Current.CancellationToken);
        Assert.Null(provider.Store);
        await provider.InitializeAsync(TestContext.Current.CancellationToken);
        Assert.Null(await provider.Store!.GetAsync(Notes, "a", cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Validate_OfFaultyOptions_NamesTheProviderAndAllFaults()
    {
        var provider = new InProcessMemoryProvider(InProcessMemoryProvider.Describe("notes"), new InProcessMemoryOptions
        {
            Store = new MemoryStoreOptions { DefaultTimeToLive = TimeSpan.Zero, SweepInterval = TimeSpan.Zero },
        });

        var failure = await Assert.ThrowsAsync<ArgumentException>(() =>
            provider.ValidateAsync(TestContext.Current.CancellationToken));

        Assert.Contains("'notes'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("2 fault(s)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Describe_DeclaresWhatItOffers()
    {
        var provider = new InProcessMemoryProvider(InProcessMemoryProvider.Describe("notes"));
        await provider.InitializeAsync(TestContext.Current.CancellationToken);

        Assert.Empty(ProviderCapabilities.GetFaults(provider));
        Assert.Empty(ProviderCapabilities.GetFeatureFaults(provider));
    }

    [Fact]
    public async Task TimeToLive_DoesNotDependOnTheWallClock()
    {
        var time = new ManualTimeProvider();
        var store = new InProcessMemoryStore(timeProvider: time);
        await store.PutAsync(
            new MemoryPut(Notes, "a", "") { TimeToLive = TimeSpan.FromHours(1) }, TestContext.Current.CancellationToken);

        time.SetUtcNow(time.GetUtcNow().AddYears(1));

        Assert.NotNull(await store.GetAsync(Notes, "a", cancellationToken: TestContext.Current.CancellationToken));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Null(await store.GetAsync(Notes, "a", cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Sweep_FreesTheSpaceOfWhatHasExpired()
    {
        var time = new ManualTimeProvider();
        var store = new InProcessMemoryStore(new MemoryStoreOptions { SweepInterval = TimeSpan.FromMinutes(1) }, time);
        for (var number = 0; number < 100; number++)
        {
            await store.PutAsync(
                new MemoryPut(Notes, $"{number}", $"kettle {number}") { TimeToLive = TimeSpan.FromSeconds(30) },
                TestContext.Current.CancellationToken);
        }

        time.Advance(TimeSpan.FromSeconds(59));
        await store.PutAsync(new MemoryPut(Notes, "x", "kettle"), TestContext.Current.CancellationToken);
        Assert.Equal(101, store.Count);
        time.Advance(TimeSpan.FromSeconds(1));
        await store.PutAsync(new MemoryPut(Notes, "x", "kettle"), TestContext.Current.CancellationToken);
        Assert.Equal(1, store.Count);
    }
}
