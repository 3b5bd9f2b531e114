using Pepper.Resources.Providers;
using Pepper.Resources.Testing;

namespace Pepper.Resources.Tests.Providers;

/// <summary>The kit against storages that have one fault each.</summary>
public sealed class StorageKitFaultTests
{
    public static TheoryData<StorageFault> Faults => [.. Enum.GetValues<StorageFault>()];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Kit_OnAStorageWithOneFault_FindsIt(StorageFault fault)
    {
        List<string> failed = [];
        var suite = new StorageConformance(() => new FaultyFixture(fault));
        foreach (var test in suite.GetTests().Select(static test => test.Name))
        {
            try
            {
                await suite.RunAsync(test).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            }
            catch (Exception failure) when (failure is ConformanceException or StorageException or ObjectDisposedException)
            {
                failed.Add(test);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{fault}: {string.Join(", ", failed)}");
        Assert.Equal(fault != StorageFault.None, failed.Count > 0);
    }

    private sealed class FaultyFixture(StorageFault fault) : FolderFixture
    {
        public override IProvider Create(string name) => new FaultyProvider(
            fault, new FileStorageOptions { Path = Path.Combine(Folder, "files"), FlushToDisk = false }, Time);
    }

    private sealed class FaultyProvider(StorageFault fault, FileStorageOptions options, TimeProvider time)
        : StorageProvider<FileStorageOptions>(FileStorageProvider.Describe("faulty"), options)
    {
        private readonly FileStorageProvider _inner = new(FileStorageProvider.Describe("inner"), options, time);

        public override async Task InitializeAsync(CancellationToken cancellationToken = default)
        {
            await _inner.InitializeAsync(cancellationToken);
            Storage = new FaultyKitStorage(_inner.Storage!, fault);
        }

        public override Task CleanupAsync(CancellationToken cancellationToken = default)
        {
            Storage = null;
            return _inner.CleanupAsync(cancellationToken);
        }
    }
}
