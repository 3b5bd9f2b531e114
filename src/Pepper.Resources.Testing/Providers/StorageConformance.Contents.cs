using Pepper.Resources.Providers;

namespace Pepper.Resources.Testing;

/// <content>What is held of contents.</content>
public sealed partial class StorageConformance
{
    /// <summary>What was written is read.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task PutThenGetGivesTheSame(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var content = Bytes(1000);
        var written = await storage.PutAsync("a", content).ConfigureAwait(false);
        var (entry, read) = await ReadAsync(storage, "a").ConfigureAwait(false);
        Expect.That(read.AsSpan().SequenceEqual(content), "the content comes back as it was");
        Expect.Equal(written.ETag, entry.ETag, "the ETag that is read");
        Expect.Equal(1000L, entry.Size, "the size");
        Expect.Equal("a", entry.Key, "the key");
        Expect.That(entry.ExpiresAt is null, "an entry without a time to live never expires");
    });

    /// <summary>An empty content is a content.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task PutEmptyIsAnEntry(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await storage.PutAsync("empty", ReadOnlyMemory<byte>.Empty).ConfigureAwait(false);
        var (entry, read) = await ReadAsync(storage, "empty").ConfigureAwait(false);
        Expect.Equal(0, read.Length, "the length of an empty content");
        Expect.Equal(0L, entry.Size, "its size");
        Expect.That(await storage.ExistsAsync("empty").ConfigureAwait(false), "an empty entry exists");
    });

    /// <summary>A content of several megabytes comes back to the byte, from a stream too.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task PutLargeComesBackWhole(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var content = Bytes((int)Math.Min(3_000_017, storage.Capabilities.MaxContentBytes));
        await storage.PutAsync("memory", content).ConfigureAwait(false);
        using var stream = new TrickleStream(content);
        await storage.PutAsync("stream", stream).ConfigureAwait(false);
        Expect.That(
            (await ReadAsync(storage, "memory").ConfigureAwait(false)).Content.AsSpan().SequenceEqual(content),
            "a large content comes back");
        Expect.That(
            (await ReadAsync(storage, "stream").ConfigureAwait(false)).Content.AsSpan().SequenceEqual(content),
            "a large stream comes back");
    });

    /// <summary>A second write replaces the first, metadata and all.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task PutAgainReplaces(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await storage.PutAsync("a", Bytes(500), Meta("one", "1")).ConfigureAwait(false);
        await storage.PutAsync("a", Bytes(3), Meta("two", "2")).ConfigureAwait(false);
        var (entry, read) = await ReadAsync(storage, "a").ConfigureAwait(false);
        Expect.Equal(3, read.Length, "the length of the second content");
        Expect.Same(["two=2"], entry.Metadata.Select(static pair => $"{pair.Key}={pair.Value}"), "the metadata");
    });

    /// <summary>Metadata are kept as they are, whatever is in them.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task PutMetadataComesBack(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var given = new Dictionary<string, string>
        {
            ["plain"] = "text",
            ["quotes"] = "\"'`",
            ["lines"] = "a\r\nb\0c",
            ["wide"] = "\u00e4\u4e16\ud83c\udf36",
            [""] = "",
            ["sql"] = "'); --",
        };
        await storage.PutAsync("a", Bytes(1), new StoragePutOptions { Metadata = given }).ConfigureAwait(false);
        var entry = Expect.NotNull(await storage.StatAsync("a").ConfigureAwait(false), "the entry");
        foreach (var (name, value) in given)
        {
            Expect.Equal(value, entry.Metadata.GetValueOrDefault(name), $"the metadata '{name}'");
        }
    });

    /// <summary>Metadata beyond the limit are refused, and nothing is written.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task PutTooMuchMetadataIsRefused(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var options = Meta("name", new string('x', storage.Capabilities.MaxMetadataBytes));
        await Expect.ThrowsAsync<StorageLimitException>(
            async () => await storage.PutAsync("a", Bytes(1), options)
                .ConfigureAwait(false), "metadata beyond the limit").ConfigureAwait(false);
        Expect.That(!await storage.ExistsAsync("a").ConfigureAwait(false), "nothing was written");
    });

    /// <summary>A content beyond the limit, if that can be reached, is refused, and nothing is written.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task PutTooLargeIsRefused(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        if (storage.Capabilities.MaxContentBytes > 100_000_000)
        {
            return;
        }

        var content = new byte[storage.Capabilities.MaxContentBytes + 1];
        await Expect.ThrowsAsync<StorageLimitException>(
            async () => await storage.PutAsync("a", content)
                .ConfigureAwait(false), "a content beyond the limit").ConfigureAwait(false);
        using var stream = new TrickleStream(content);
        await Expect.ThrowsAsync<StorageLimitException>(
            async () => await storage.PutAsync("a", stream)
                .ConfigureAwait(false), "a stream beyond the limit").ConfigureAwait(false);
        Expect.That(!await storage.ExistsAsync("a").ConfigureAwait(false), "nothing was written");
    });

    /// <summary>A stream that fails half-way changes nothing that anybody could see.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task PutStreamFailsLeavesWhatWas(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await storage.PutAsync("a", Bytes(5)).ConfigureAwait(false);
        using var broken = new TrickleStream(Bytes(300_000), failAt: 200_000);
        await Expect.ThrowsAsync<IOException>(
            async () => await storage.PutAsync("a", broken).ConfigureAwait(false), "a stream that fails").ConfigureAwait(false);
        using var other = new TrickleStream(Bytes(300_000), failAt: 200_000);
        await Expect.ThrowsAsync<IOException>(
            async () => await storage.PutAsync("b", other).ConfigureAwait(false), "a stream that fails").ConfigureAwait(false);
        Expect.Equal(5, (await ReadAsync(storage, "a").ConfigureAwait(false)).Content.Length, "the length of what was there");
        Expect.Same(
            ["a"], (await storage.ListAsync().ConfigureAwait(false)).Entries.Select(static entry => entry.Key), "the keys");
    });

    /// <summary>A write that is cancelled before it begins does not happen.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task PutCancelledWritesNothing(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var cancelled = new CancellationToken(canceled: true);
        await Expect.ThrowsAsync<OperationCanceledException>(
            async () => await storage.PutAsync("a", Bytes(1), null, cancelled)
                .ConfigureAwait(false), "a cancelled write").ConfigureAwait(false);
        await Expect.ThrowsAsync<OperationCanceledException>(
            async () => await storage.GetAsync("a", null, cancelled)
                .ConfigureAwait(false), "a cancelled read").ConfigureAwait(false);
        await Expect.ThrowsAsync<OperationCanceledException>(
            async () => await storage.ListAsync(null, cancelled).ConfigureAwait(false), "a cancelled list").ConfigureAwait(false);
        Expect.That(!await storage.ExistsAsync("a").ConfigureAwait(false), "nothing was written");
    });

    /// <summary>A stream whose write is cancelled on the way is not written in part: what was there stays.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task PutStreamCancelledOnTheWayChangesNothing(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var first = Bytes(700);
        var before = await storage.PutAsync("a", first).ConfigureAwait(false);
        foreach (var key in Enumerable.Range(0, 2).Select(static number => number == 0 ? "a" : "new"))
        {
            using var cancellation = new CancellationTokenSource();
            using var stream = new TrickleStream(Bytes(500_000), cancelsAtHalf: cancellation);
            await Expect.ThrowsAsync<OperationCanceledException>(
                async () => await storage.PutAsync(key, stream, null, cancellation.Token)
                    .ConfigureAwait(false), "a write that is cancelled on the way").ConfigureAwait(false);
        }

        var (entry, read) = await ReadAsync(storage, "a").ConfigureAwait(false);
        Expect.Equal(before.ETag, entry.ETag, "the ETag of what was there");
        Expect.That(read.AsSpan().SequenceEqual(first), "what was there stays");
        Expect.Same(
            ["a"], (await storage.ListAsync().ConfigureAwait(false)).Entries.Select(static one => one.Key), "the keys");
    });

    /// <summary>Writes of many keys at once do not disturb each other.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task PutManyAtOnceAllAreThere(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await Task.WhenAll(Enumerable.Range(0, 64).Select(async number =>
            await storage.PutAsync($"key-{number}", Bytes(number + 1)).ConfigureAwait(false))).ConfigureAwait(false);
        foreach (var number in Enumerable.Range(0, 64))
        {
            Expect.Equal(
                number + 1, (await ReadAsync(storage, $"key-{number}").ConfigureAwait(false)).Content.Length,
                $"the length of key-{number}");
        }
    });

    /// <summary>What is not there is not found, and asking changes nothing.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task GetMissingIsNull(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        Expect.That(await storage.GetAsync("missing").ConfigureAwait(false) is null, "a missing entry is not read");
        Expect.That(await storage.StatAsync("missing").ConfigureAwait(false) is null, "a missing entry is not known");
        Expect.That(!await storage.ExistsAsync("missing").ConfigureAwait(false), "a missing entry does not exist");
        Expect.That(!await storage.DeleteAsync("missing").ConfigureAwait(false), "a missing entry is not deleted");
        Expect.Equal(0, (await storage.ListAsync().ConfigureAwait(false)).Entries.Count, "the number of entries");
    });

    /// <summary>A reader reads the version that it has opened, whatever is written meanwhile.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task GetWhileReplacedReadsOneVersion(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var first = Bytes(400_000);
        await storage.PutAsync("a", first).ConfigureAwait(false);
        var open = Expect.NotNull(await storage.GetAsync("a").ConfigureAwait(false), "the entry");
        await using (open.ConfigureAwait(false))
        {
            await storage.PutAsync("a", new byte[100]).ConfigureAwait(false);
            await storage.DeleteAsync("a").ConfigureAwait(false);
            var read = await ReadToEndAsync(open.Content).ConfigureAwait(false);
            Expect.That(read.AsSpan().SequenceEqual(first), "the version that was opened is read to its end");
        }
    });

    /// <summary>A range gives its part, cut at the end of the content.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task GetRangeGivesThatPart(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var content = Bytes(1000);
        await storage.PutAsync("a", content).ConfigureAwait(false);
        foreach (var (range, from, to) in new (StorageRange, int, int)[]
        {
            (StorageRange.From(0), 0, 1000), (StorageRange.From(10, 20), 10, 30), (StorageRange.From(990), 990, 1000),
            (StorageRange.From(995, 100), 995, 1000), (StorageRange.From(1000), 1000, 1000),
            (StorageRange.From(5000, 5), 1000, 1000),
            (StorageRange.From(3, 0), 3, 3), (StorageRange.Last(7), 993, 1000), (StorageRange.Last(5000), 0, 1000),
            (StorageRange.Last(0), 1000, 1000),
        })
        {
            var (entry, read) = await ReadAsync(storage, "a", new StorageGetOptions { Range = range }).ConfigureAwait(false);
            Expect.That(read.AsSpan().SequenceEqual(content.AsSpan(from, to - from)), $"{range} gives bytes {from} to {to}");
            Expect.Equal(1000L, entry.Size, "the size of the whole");
        }
    });

    /// <summary>What was deleted is gone, and can be written again.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task DeleteThenGetIsGone(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        await storage.PutAsync("a", Bytes(5)).ConfigureAwait(false);
        Expect.That(await storage.DeleteAsync("a").ConfigureAwait(false), "the deletion says that there was an entry");
        Expect.That(!await storage.DeleteAsync("a").ConfigureAwait(false), "a second one says that there was none");
        Expect.That(await storage.GetAsync("a").ConfigureAwait(false) is null, "it is gone");
        await storage.PutAsync("a", Bytes(6)).ConfigureAwait(false);
        Expect.Equal(
            6, (await ReadAsync(storage, "a").ConfigureAwait(false)).Content.Length, "the length of what was written again");
    });

    /// <summary>An entry knows when it was written.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task ModifiedIsTheTimeOfTheWrite(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        var before = fixture.Time.GetUtcNow();
        var first = await storage.PutAsync("a", Bytes(1)).ConfigureAwait(false);
        fixture.Time.Advance(TimeSpan.FromHours(1));
        var second = await storage.PutAsync("a", Bytes(1)).ConfigureAwait(false);
        Expect.That((first.ModifiedAt - before).Duration() < TimeSpan.FromSeconds(1), "the first was written then");
        Expect.That(
            (second.ModifiedAt - first.ModifiedAt - TimeSpan.FromHours(1)).Duration() < TimeSpan.FromSeconds(1),
            "the second an hour later");
    });

    /// <summary>Where writes are durable, another provider on the same finds them.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <returns>Ends when the test passed.</returns>
    public static Task ReopenAfterCleanupKeepsEntries(ProviderFixture fixture) => UseAsync(fixture, async storage =>
    {
        if (!storage.Capabilities.IsDurable)
        {
            return;
        }

        var written = await storage.PutAsync("a", Bytes(100), Meta("name", "value")).ConfigureAwait(false);
        var provider = (IStorageProvider)fixture.Create("second");
        await provider.InitializeAsync().ConfigureAwait(false);
        var (entry, read) = await ReadAsync(provider.Storage!, "a").ConfigureAwait(false);
        Expect.Equal(written.ETag, entry.ETag, "the ETag that another provider sees");
        Expect.Equal("value", entry.Metadata["name"], "the metadata that another provider sees");
        Expect.Equal(100, read.Length, "the length that another provider sees");
        var again = await provider.Storage!.PutAsync("a", Bytes(100)).ConfigureAwait(false);
        Expect.That(again.ETag != written.ETag, "a write through another provider has a new ETag");
        await provider.CleanupAsync().ConfigureAwait(false);
    });
}
