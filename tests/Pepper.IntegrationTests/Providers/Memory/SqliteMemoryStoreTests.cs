using Pepper.Resources.Providers;
using Pepper.Resources.Sqlite;
using Pepper.Resources.Testing.Providers;

namespace Pepper.IntegrationTests.Providers.Memory;

/// <summary>The suite that all memory stores pass, on the one in SQLite.</summary>
public sealed class SqliteMemoryStoreTests : MemoryStoreSuite, IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pepper-memory-");
    private readonly List<SqliteMemoryStore> _opened = [];

    public static TheoryData<string> Names => [.. Tests];

    private string Database => Path.Combine(_folder.FullName, "memory.db");

    [Theory]
    [MemberData(nameof(Names))]
    public Task Suite(string test) => RunAsync(test).WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _opened)
        {
            await store.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    protected override async ValueTask<IMemoryStore> OpenAsync(MemoryStoreOptions options, TimeProvider timeProvider)
    {
        // Not flushed, as what is tested here is not the disk.
        var store = await SqliteMemoryStore.OpenAsync(
            new SqliteMemoryOptions { Path = Database, FlushToDisk = false, Store = options }, timeProvider);
        _opened.Add(store);
        return store;
    }
}
