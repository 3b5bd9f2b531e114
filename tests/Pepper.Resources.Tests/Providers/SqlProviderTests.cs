using System.Data.Common;
using Pepper.Resources.Providers;

namespace Pepper.Resources.Tests.Providers;

/// <summary>The bases of providers in databases, as somebody else would derive from them.</summary>
public sealed class SqlProviderTests
{
    [Fact]
    public async Task Initialize_FaultyOptions_NamesAllFaultsAndMakesNothing()
    {
        var provider = new OwnProvider(new OwnOptions { Faults = ["Host is empty.", "Port is 0."] });

        var failure = await Assert.ThrowsAsync<ArgumentException>(() => provider.InitializeAsync());

        Assert.Contains("'own' (Entries elsewhere) have 2 fault(s): Host is empty. Port is 0.", failure.Message,
            StringComparison.Ordinal);
        Assert.Empty(provider.Made);
    }

    [Fact]
    public async Task Initialize_FailedHalfWay_IsClosedOnceByTheCleanup_AndTriedAnew()
    {
        var provider = new OwnProvider(new OwnOptions()) { FailuresToCome = 1 };
        await Assert.ThrowsAsync<InvalidOperationException>(() => provider.InitializeAsync());
        Assert.Null(provider.Storage);
        Assert.Equal(ResourceHealth.Unhealthy, (await provider.CheckHealthAsync()).Status);

        await provider.CleanupAsync();
        await provider.CleanupAsync();
        await provider.InitializeAsync();
        await provider.InitializeAsync();

        Assert.Equal([1, 0], provider.Made.Select(static one => one.Closed));
        Assert.Equal([1, 1], provider.Made.Select(static one => one.Opened));
        Assert.Same(provider.Made[1], provider.Storage);
    }

    [Fact]
    public async Task Cleanup_CouldNotClose_ClosesAtTheNext()
    {
        var provider = new OwnProvider(new OwnOptions());
        await provider.InitializeAsync();
        provider.Made[0].ClosingFailuresToCome = 1;
        await Assert.ThrowsAsync<InvalidOperationException>(() => provider.CleanupAsync());
        Assert.Equal(0, provider.Made[0].Closed);

        await provider.CleanupAsync();

        Assert.Equal(1, provider.Made[0].Closed);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => provider.Made[0].ExistsAsync("a").AsTask());
    }

    [Fact]
    public async Task Use_AfterTheCleanup_IsRefused()
    {
        var provider = new OwnProvider(new OwnOptions());
        await provider.InitializeAsync();
        var storage = provider.Storage!;

        await provider.CleanupAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => storage.ExistsAsync("a").AsTask());
    }

    [Fact]
    public async Task MemoryProvider_HealthAndCleanup_FollowTheStore()
    {
        var provider = new OwnMemoryProvider();
        Assert.Equal(ResourceHealth.Unhealthy, (await provider.CheckHealthAsync()).Status);
        await provider.InitializeAsync();
        await provider.InitializeAsync();
        Assert.Equal(ResourceHealth.Healthy, (await provider.CheckHealthAsync()).Status);

        await provider.CleanupAsync();
        await provider.CleanupAsync();

        Assert.Equal((1, 1), (provider.Opened, provider.Closed));
        Assert.Null(provider.Store);
    }

    private sealed class OwnOptions : IProviderConfiguration
    {
        public IReadOnlyList<string> Faults { get; init; } = [];

        public bool Enabled => true;

        public IEnumerable<string> GetFaults() => Faults;
    }

    private sealed class OwnProvider(OwnOptions options)
        : SqlStorageProvider<OwnOptions>(Describe("own", "Entries elsewhere"), options, null)
    {
        internal List<OwnStorage> Made { get; } = [];

        internal int FailuresToCome { get; set; }

        protected override SqlStorage CreateStorage()
        {
            Made.Add(new OwnStorage(FailuresToCome-- > 0, Time));
            return Made[^1];
        }
    }

    private sealed class OwnStorage(bool fails, TimeProvider time) : SqlStorage("t", new StorageCapabilities(), time)
    {
        internal int Opened { get; private set; }

        internal int Closed { get; private set; }

        internal int ClosingFailuresToCome { get; set; }

        protected internal override ValueTask OpenAsync(CancellationToken cancellationToken)
        {
            Opened++;
            return fails ? throw new InvalidOperationException("no database") : default;
        }

        protected override ValueTask CloseAsync()
        {
            if (ClosingFailuresToCome-- > 0)
            {
                throw new InvalidOperationException("no answer");
            }

            Closed++;
            return default;
        }

        protected override ValueTask<TResult> UseAsync<TResult>(
            bool isWrite, Func<DbConnection, CancellationToken, ValueTask<TResult>> work, CancellationToken cancellationToken) =>
            throw new NotSupportedException("There is no connection.");
    }

    private sealed class OwnMemoryProvider() : SqlMemoryProvider<InProcessMemoryOptions, OwnMemory>(
        Describe("own", "A memory elsewhere"), new InProcessMemoryOptions())
    {
        internal int Opened { get; private set; }

        internal int Closed { get; set; }

        protected override ValueTask<OwnMemory> OpenAsync(CancellationToken cancellationToken)
        {
            Opened++;
            return new(new OwnMemory(this));
        }
    }

    private sealed class OwnMemory(OwnMemoryProvider provider) : MemoryStore, IAsyncDisposable
    {
        public override MemoryCapabilities Capabilities => FullCapabilities(isPersistent: false, TimeSpan.FromSeconds(1));

        public override ValueTask<int> RemoveExpiredAsync(CancellationToken cancellationToken = default) => new(0);

        public ValueTask DisposeAsync()
        {
            provider.Closed++;
            return default;
        }

        protected override ValueTask<IReadOnlyList<MemoryResult>> ExecuteAsync(
            IReadOnlyList<MemoryOperation> operations, CancellationToken cancellationToken) =>
            new([.. operations.Select(static _ => new MemoryResult())]);

        protected override ValueTask<IReadOnlyList<MemoryNamespace>> ReadNamespacesAsync(
            MemoryNamespace prefix, CancellationToken cancellationToken) => new([]);

        protected override ValueTask<int> RemoveNamespaceAsync(MemoryNamespace ns, CancellationToken cancellationToken) => new(0);

        protected override ValueTask<int?> AgreeOnDimensionsAsync(int? proposed, CancellationToken cancellationToken) =>
            new(proposed);
    }
}
