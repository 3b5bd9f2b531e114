using Pepper.Resources.Providers;
using Pepper.Resources.Sqlite;

namespace Pepper.Resources.Tests.Providers;

/// <summary>What is held of contents while they are read and written.</summary>
public sealed class StorageContentTests
{
    private static readonly StorageCapabilities Limits = new() { MaxContentBytes = 300_000 };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(StorageContent.PartBytes - 1)]
    [InlineData(StorageContent.PartBytes)]
    [InlineData(StorageContent.PartBytes + 1)]
    [InlineData(300_000)]
    public async Task Read_AnyLength_GivesTheBytesInParts(int length)
    {
        var bytes = Bytes(length);

        var content = await StorageContent.ReadAsync("a", new OneWay(bytes), Limits);

        Assert.Equal(length, content.Length);
        Assert.Equal(bytes, StorageContent.ToArray(content));
        foreach (var part in content)
        {
            Assert.InRange(part.Length, 0, StorageContent.PartBytes);
        }
    }

    [Fact]
    public async Task Read_LongerThanTheLimit_StopsThereAndNamesLimitAndKnob()
    {
        var endless = new OneWay(new byte[10_000_000]);

        var failure = await Assert.ThrowsAsync<StorageLimitException>(
            () => StorageContent.ReadAsync("a", endless, Limits).AsTask());

        Assert.Equal(300_000, failure.Limit);
        Assert.Contains("300000", failure.Message, StringComparison.Ordinal);
        Assert.Contains("MaxContentBytes", failure.Message, StringComparison.Ordinal);
        Assert.InRange(endless.Given, 300_001, 300_000 + (2 * StorageContent.PartBytes));
    }

    [Fact]
    public async Task Read_StreamThatTellsThatItIsTooLong_IsNotRead()
    {
        using var stream = new MemoryStream(new byte[300_001]);

        await Assert.ThrowsAsync<StorageLimitException>(() => StorageContent.ReadAsync("a", stream, Limits).AsTask());

        Assert.Equal(0, stream.Position);
    }

    [Fact]
    public void ToArray_OfAWholeArray_IsThatArray()
    {
        var bytes = Bytes(100);

        Assert.Same(bytes, StorageContent.ToArray(new(bytes)));
        Assert.Equal(bytes[1..], StorageContent.ToArray(new(bytes.AsMemory(1))));
    }

    [Fact]
    public async Task Sqlite_LargeContents_AreReadInAnyRange_AndReplacedWhole()
    {
        await using var fixture = new SqliteStorageFixture();
        await fixture.PrepareAsync();
        var provider = (IStorageProvider)fixture.Create("large");
        await provider.InitializeAsync();
        var storage = provider.Storage!;
        var bytes = Bytes(1_000_003);
        var first = await storage.PutAsync("a", new OneWay(bytes));

        foreach (var (range, from, to) in new (StorageRange, int, int)[]
        {
            (StorageRange.From(65_530, 20), 65_530, 65_550), (StorageRange.From(999_999), 999_999, 1_000_003),
            (StorageRange.Last(70_000), 930_003, 1_000_003), (StorageRange.From(2_000_000), 1_000_003, 1_000_003),
        })
        {
            Assert.Equal(bytes[from..to], await ReadAsync(storage, new StorageGetOptions { Range = range }));
        }

        Assert.Empty(await ReadAsync(storage, new StorageGetOptions { IfNoneMatch = first.ETag }));
        await Assert.ThrowsAsync<StorageConflictException>(() => storage.PutAsync(
            "a", new OneWay(bytes), new StoragePutOptions { IfAbsent = true }).AsTask());
        await Assert.ThrowsAsync<StorageConflictException>(() => storage.PutAsync(
            "a", new OneWay(bytes), new StoragePutOptions { IfMatch = "other" }).AsTask());
        Assert.Equal(bytes, await ReadAsync(storage));
        await storage.PutAsync("a", bytes.AsMemory(3), new StoragePutOptions { IfMatch = first.ETag });
        Assert.Equal(bytes[3..], await ReadAsync(storage));
        await provider.CleanupAsync();
    }

    [Fact]
    public async Task Sqlite_LargerThanTheLimit_IsRefusedByNameAndKnob()
    {
        await using var fixture = new SqliteStorageFixture();
        await fixture.PrepareAsync();
        var provider = new SqliteStorageProvider(
            SqliteStorageProvider.Describe("small"),
            new SqliteStorageOptions { Path = Path.Combine(fixture.Folder, "a.db"), MaxContentBytes = 100_000 });
        await provider.InitializeAsync();

        var failures = new[]
        {
            await Assert.ThrowsAsync<StorageLimitException>(() => provider.Storage!.PutAsync("a", new byte[100_001]).AsTask()),
            await Assert.ThrowsAsync<StorageLimitException>(
                () => provider.Storage!.PutAsync("a", new OneWay(new byte[100_001])).AsTask()),
        };

        Assert.All(failures, static failure => Assert.Contains(
            "at most 100000 are taken (MaxContentBytes)", failure.Message, StringComparison.Ordinal));
        Assert.False(await provider.Storage!.ExistsAsync("a"));
        await provider.CleanupAsync();
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static async Task<byte[]> ReadAsync(IStorage storage, StorageGetOptions? options = null)
    {
        await using var found = await storage.GetAsync("a", options);
        using var all = new MemoryStream();
        await found!.Content.CopyToAsync(all);
        return all.ToArray();
    }

    /// <summary>A stream that does not tell its length, and counts what it has given.</summary>
    private sealed class OneWay(byte[] content) : MemoryStream(content)
    {
        internal int Given { get; private set; }

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException("The stream does not know its length.");

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer[..Math.Min(buffer.Length, 7_001)], cancellationToken);
            Given += read;
            return read;
        }
    }
}
