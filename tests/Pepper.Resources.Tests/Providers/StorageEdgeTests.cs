using Pepper.Resources.Providers;
using Pepper.Resources.Sqlite;

namespace Pepper.Resources.Tests.Providers;

/// <summary>
/// Moments between two steps: a clock that goes on within an operation, a provider that goes while a stream is read.
/// </summary>
public sealed class StorageEdgeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SetTimeToLive_OverBeforeItIsAnswered_AnswersWithTheEntry(bool files)
    {
        await using var fixture = new FileStorageFixture();
        await fixture.PrepareAsync();
        var provider = Create(files, fixture.Folder, new Hurrying());
        await provider.InitializeAsync();
        await provider.Storage!.PutAsync("a", new byte[3]);

        var entry = await StorageRules.Feature<IExpiringStorage>(provider.Storage).SetTimeToLiveAsync("a", TimeSpan.FromTicks(1));

        Assert.NotNull(entry?.ExpiresAt);
        Assert.False(await provider.Storage.ExistsAsync("a"));
        await provider.CleanupAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Put_ProviderCleanedUpWhileTheStreamIsRead_IsRefusedAndLeavesNothing(bool files)
    {
        await using var fixture = new FileStorageFixture();
        await fixture.PrepareAsync();
        var provider = Create(files, fixture.Folder, TimeProvider.System);
        await provider.InitializeAsync();
        using var stream = new Waiting(new byte[1000]);
        var put = provider.Storage!.PutAsync("a", stream).AsTask();
        await stream.IsRead.Task.WaitAsync(TimeSpan.FromSeconds(30));

        await provider.CleanupAsync().WaitAsync(TimeSpan.FromSeconds(30));
        stream.GoOn.SetResult();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => put.WaitAsync(TimeSpan.FromSeconds(30)));
        var next = Create(files, fixture.Folder, TimeProvider.System);
        await next.InitializeAsync();
        Assert.Empty((await next.Storage!.ListAsync()).Entries);
        await next.CleanupAsync();
    }

    [Fact]
    public async Task Initialize_SameFolderSpelledOtherwise_IsTheSameFolder()
    {
        await using var fixture = new FileStorageFixture();
        await fixture.PrepareAsync();
        var one = Create(files: true, fixture.Folder, TimeProvider.System);
        var other = new FileStorageProvider(FileStorageProvider.Describe("edge"), new FileStorageOptions
        {
            Path = Path.Combine(fixture.Folder, "files") + Path.DirectorySeparatorChar,
        });
        await one.InitializeAsync();

        await other.InitializeAsync();

        await one.Storage!.PutAsync("a", new byte[3]);
        Assert.True(await other.Storage!.ExistsAsync("a"));
        await other.CleanupAsync();
        await one.CleanupAsync();
    }

    [Theory]
    [InlineData("damaged")]
    [InlineData("damaged/that/has/a/long/name")]
    public async Task Purge_BesideADamagedEntry_PurgesTheOthers(string damaged)
    {
        await using var fixture = new FileStorageFixture();
        await fixture.PrepareAsync();
        var provider = fixture.Create("edge") as IStorageProvider;
        await provider!.InitializeAsync();
        var storage = provider.Storage!;
        var soon = new StoragePutOptions { TimeToLive = TimeSpan.FromSeconds(1) };
        var key = damaged.PadRight(damaged.Contains('/', StringComparison.Ordinal) ? 300 : 0, 'x');
        await storage.PutAsync(key, new byte[3], soon);
        var file = Assert.Single(Directory.GetFiles(Path.Combine(fixture.Folder, "files", "entries")));
        await File.WriteAllTextAsync(file, "damaged");
        await storage.PutAsync("a", new byte[3], soon);
        await storage.PutAsync("z", new byte[3], soon);
        fixture.Time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(2, await StorageRules.Feature<IExpiringStorage>(storage).PurgeExpiredAsync());

        Assert.True(File.Exists(file));
        await provider.CleanupAsync();
    }

    private static IStorageProvider Create(bool files, string folder, TimeProvider time) => files
        ? new FileStorageProvider(
            FileStorageProvider.Describe("edge"), new FileStorageOptions { Path = Path.Combine(folder, "files") }, time)
        : new SqliteStorageProvider(
            SqliteStorageProvider.Describe("edge"), new SqliteStorageOptions { Path = Path.Combine(folder, "a.db") }, time);

    /// <summary>A clock that goes on by five milliseconds whenever it is asked.</summary>
    private sealed class Hurrying : TimeProvider
    {
        private long _ticks = new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;

        public override DateTimeOffset GetUtcNow() =>
            new(Interlocked.Add(ref _ticks, 5 * TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
    }

    private sealed class Waiting(byte[] content) : MemoryStream(content)
    {
        internal TaskCompletionSource IsRead { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource GoOn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            IsRead.TrySetResult();
            await GoOn.Task;
            return await base.ReadAsync(buffer, cancellationToken);
        }
    }
}
